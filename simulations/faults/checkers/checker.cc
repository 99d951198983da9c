#include "simulations/faults/checkers/checker.h"

#include <chrono>
#include <set>

#include "simulations/faults/checkers/freshest_wins.h"
#include "simulations/faults/checkers/no_resurrection.h"
#include "simulations/faults/checkers/own_kept.h"
#include "simulations/faults/checkers/proved_first.h"
#include "simulations/faults/checkers/quotas.h"

namespace halp::sim {

namespace {

constexpr std::size_t everything = 1'000'000;

void look_at_label(const OverlayNode& overlay, const Label& label, Look& look) {
    if (label.lists_names())
        look.directories.emplace_back(label, overlay.names(label, 0, everything).size());
    else
        look.lists.emplace_back(label, overlay.hosts(label, 0, everything));
}

}  // namespace

Look look_at(std::size_t node, const OverlayNode& overlay, Instant at, UnixSeconds wall) {
    Look look;
    look.node = node;
    look.at = at;
    look.wall = wall;
    look.lists.emplace_back(Label::halp(), overlay.hosts(Label::halp(), 0, everything));
    const std::vector<ListedName> names = overlay.names(Label::labels(), 0, everything);
    look.directories.emplace_back(Label::labels(), names.size());
    look.announcements = overlay.announcements();
    std::set<Label> labels;
    // A flood may push the name of a label out of the directory `labels`; the label is there all the same.
    for (const OwnAnnouncement& own : look.announcements) labels.insert(own.label);
    for (const ListedName& name : names)
        if (const Result<Label> label = Label::parse(name.name)) labels.insert(*label);
    for (const Label& label : labels)
        if (label != Label::halp() && label != Label::labels() && overlay.known(label))
            look_at_label(overlay, label, look);
    look.peers = overlay.peers();
    look.status = overlay.status();
    return look;
}

void Checker::on_event(std::size_t, Instant, const Event&) {}
void Checker::on_deed(const Deed&) {}
void Checker::on_look(const Look&) {}

void Checker::report(std::size_t node, Instant at, std::string what) {
    if (!violations_ || violations_->size() >= violations_max) return;
    violations_->push_back({std::string{name()}, at, node, std::move(what)});
}

void CheckerSet::add(std::unique_ptr<Checker> checker) {
    checker->tell(&violations_);
    checkers_.push_back(std::move(checker));
}
void CheckerSet::on_event(std::size_t node, Instant at, const Event& event) {
    for (const auto& checker : checkers_) checker->on_event(node, at, event);
}
void CheckerSet::on_deed(const Deed& deed) {
    for (const auto& checker : checkers_) checker->on_deed(deed);
}
void CheckerSet::on_look(const Look& look) {
    for (const auto& checker : checkers_) checker->on_look(look);
}

void add_all_checkers(CheckerSet& set, const Bounds& bounds) {
    set.add(std::make_unique<FreshestWins>(bounds));
    set.add(std::make_unique<NoResurrection>(bounds));
    set.add(std::make_unique<Quotas>(bounds));
    set.add(std::make_unique<ProvedFirst>());
    set.add(std::make_unique<OwnKept>());
}

std::string item_text(const Label& label, const Endpoint& endpoint) { return label.text() + " " + endpoint.text(); }

std::string seconds_text(Duration span) {
    const auto tenths = span / std::chrono::milliseconds{100};
    return std::to_string(tenths / 10) + "." + std::to_string(std::abs(tenths % 10)) + " s";
}

Instant confirmed_at(const ListedHost& host, const Look& look) {
    return look.at - std::chrono::seconds{count(look.wall) - count(host.seen)};
}

}  // namespace halp::sim
