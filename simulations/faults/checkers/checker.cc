#include "simulations/faults/checkers/checker.h"

#include <chrono>
#include <set>

#include "simulations/faults/checkers/accounts.h"
#include "simulations/faults/checkers/freshest_wins.h"
#include "simulations/faults/checkers/no_resurrection.h"
#include "simulations/faults/checkers/own_kept.h"
#include "simulations/faults/checkers/proved_first.h"
#include "simulations/faults/checkers/quotas.h"

namespace halp::sim {

namespace {

constexpr std::size_t everything = 1'000'000;

void add_label(const OverlayNode& overlay, const Label& label, Snapshot& snapshot) {
    if (label.lists_names())
        snapshot.directories.emplace_back(label, overlay.names(label, 0, everything).size());
    else
        snapshot.lists.emplace_back(label, overlay.hosts(label, 0, everything));
}

}  // namespace

Snapshot take_snapshot(std::size_t node, const OverlayNode& overlay, Instant at, UnixSeconds wall,
                       std::set<Label> labels) {
    Snapshot snapshot;
    snapshot.node = node;
    snapshot.at = at;
    snapshot.wall = wall;
    snapshot.lists.emplace_back(Label::halp(), overlay.hosts(Label::halp(), 0, everything));
    const std::vector<ListedName> names = overlay.names(Label::labels(), 0, everything);
    snapshot.directories.emplace_back(Label::labels(), names.size());
    snapshot.announcements = overlay.announcements();
    // A flood may push the name of a label out of the directory `labels`, but the label still exists.
    for (const OwnAnnouncement& own : snapshot.announcements) labels.insert(own.label);
    for (const ListedName& name : names)
        if (const Result<Label> label = Label::parse(name.name)) labels.insert(*label);
    for (const Label& label : labels)
        if (label != Label::halp() && label != Label::labels() && overlay.known(label))
            add_label(overlay, label, snapshot);
    snapshot.peers = overlay.peers();
    snapshot.status = overlay.status();
    return snapshot;
}

void Checker::on_process(std::size_t) {}
void Checker::on_event(std::size_t, Instant, const Event&) {}
void Checker::on_truth_change(const TruthChange&) {}
void Checker::on_snapshot(const Snapshot&) {}
void Checker::on_dial(std::size_t, Instant, const Endpoint&) {}

void Checker::report(std::size_t node, Instant at, std::string what) {
    if (!violations_ || violations_->size() >= violations_max) return;
    violations_->push_back({std::string{name()}, at, node, std::move(what)});
}

void CheckerSet::add(std::unique_ptr<Checker> checker) {
    checker->report_to(&violations_);
    checkers_.push_back(std::move(checker));
}
void CheckerSet::on_process(std::size_t node) {
    for (const auto& checker : checkers_) checker->on_process(node);
}
void CheckerSet::on_event(std::size_t node, Instant at, const Event& event) {
    for (const auto& checker : checkers_) checker->on_event(node, at, event);
}
void CheckerSet::on_truth_change(const TruthChange& change) {
    for (const auto& checker : checkers_) checker->on_truth_change(change);
}
void CheckerSet::on_snapshot(const Snapshot& snapshot) {
    for (const auto& checker : checkers_) checker->on_snapshot(snapshot);
}

void CheckerSet::on_dial(std::size_t node, Instant at, const Endpoint& to) {
    for (const auto& checker : checkers_) checker->on_dial(node, at, to);
}

void add_all_checkers(CheckerSet& set, const CheckerContext& context) {
    set.add(std::make_unique<FreshestWins>(context));
    set.add(std::make_unique<NoResurrection>(context));
    set.add(std::make_unique<Quotas>(context));
    set.add(std::make_unique<ProvedFirst>());
    set.add(std::make_unique<OwnKept>());
    set.add(std::make_unique<Accounts>());
}

std::string item_text(const Label& label, const Endpoint& endpoint) { return label.text() + " " + endpoint.text(); }

std::string seconds_text(Duration span) {
    const auto tenths = span / std::chrono::milliseconds{100};
    return std::to_string(tenths / 10) + "." + std::to_string(std::abs(tenths % 10)) + " s";
}

Instant confirmed_at(const ListedHost& host, const Snapshot& snapshot) {
    return snapshot.at - std::chrono::seconds{count(snapshot.wall) - count(host.seen)};
}

}  // namespace halp::sim
