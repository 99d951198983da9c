#include "overlay/dht/client/legacy/legacy_mirror.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace halp {

LegacyMirror::LegacyMirror(LegacyDhtClient& client, std::string channel, const LegacyMirrorSettings& settings,
                           dht::MirrorNotifier notify, FillNotifier filled)
    : client_(client),
      channel_(std::move(channel)),
      settings_(settings),
      notify_(std::move(notify)),
      filled_(std::move(filled)) {
    for (const LegacyNodeView& view : client_.nodes()) parts_.emplace_back().node = view.node;
    for (std::size_t i = 0; i < parts_.size(); ++i) listen(i, std::nullopt);
    using Fill = LegacyMirrorSettings::Fill;
    if (settings_.fill == Fill::once || settings_.fill == Fill::repeating_now) begin_fill(std::nullopt);
    if (settings_.fill == Fill::repeating) begin_fill(settings_.update_after);
}

LegacyMirror::~LegacyMirror() {
    for (const Part& part : parts_)
        if (part.listen) client_.cancel(*part.listen);
    if (fill_) client_.cancel(*fill_);
}

bool LegacyMirror::over() const {
    return std::ranges::all_of(parts_, [](const Part& part) { return part.removed; });
}

dht::RangeCover LegacyMirror::cover() const {
    std::vector<HashRange> ranges;
    for (const LegacyNodeView& view : client_.nodes()) {
        const auto part = std::ranges::find(parts_, view.node, &Part::node);
        const bool listens = part != parts_.end() && part->running && view.stats.connections > 0;
        if (listens && view.range) ranges.push_back(*view.range);
    }
    return dht::cover_of(std::move(ranges));
}

// ---- changes ----

void LegacyMirror::listen(std::size_t number, std::optional<Duration> after) {
    Part& part = parts_[number];
    LegacyCallOptions options;
    options.node = part.node;
    options.after = after;
    part.listen = client_.listen(
        channel_, [this, number](const legacy::About&, const legacy::Note& note) { hear_listen(number, note); },
        options);
    if (suspended_) client_.suspend(*part.listen);
}

void LegacyMirror::hear_listen(std::size_t number, const legacy::Note& note) {
    Part& part = parts_[number];
    if (const auto* record = std::get_if<legacy::GotRecord>(&note)) {
        part.told_down = false;
        notify_(dht::Updated{record->key, record->value});
    } else if (std::holds_alternative<legacy::Started>(note)) {
        part.running = part.seen = true;
        tell_started();
    } else if (const auto* how = std::get_if<legacy::Finished>(&note)) {
        end_listen(number, *how);
    }
}

void LegacyMirror::end_listen(std::size_t number, const legacy::Finished& how) {
    Part& part = parts_[number];
    part.seen = true;
    part.running = false;
    part.listen.reset();
    if (how.trouble == legacy::Trouble::bad_channel_name) {  // of no use to try again
        part.removed = true;
        notify_(dht::NodeDisconnected{part.node, legacy::describe(how)});
        if (over()) notify_(dht::Finished{});
        return;
    }
    if (how.succeeded()) {
        part.removed = true;
        notify_(dht::ChannelRemoved{part.node});
        if (over()) notify_(dht::Finished{});
        return;
    }
    listen(number, settings_.retry_after);
    tell_started();
    const bool was_there = how.trouble == legacy::Trouble::disconnected;
    if (part.told_down && !was_there) return;  // an attempt to come back has failed
    part.told_down = true;
    if (how.status != 0)
        notify_(dht::NodeError{part.node});
    else
        notify_(dht::NodeDisconnected{part.node, was_there ? std::string(how.why) : legacy::describe(how)});
}

void LegacyMirror::tell_started() {
    const bool all = std::ranges::all_of(parts_, [](const Part& part) { return part.seen; });
    if (!all || std::exchange(started_, true)) return;
    notify_(dht::Started{});
    if (const dht::RangeCover known = client_.cover(); !known.missing.empty()) notify_(dht::CoverChanged{known});
}

// ---- everything ----

void LegacyMirror::fill() {
    if (fill_ && !fill_waits_) return;
    if (fill_) client_.cancel(*fill_);
    begin_fill(std::nullopt);
}

void LegacyMirror::begin_fill(std::optional<Duration> after) {
    LegacyCallOptions options;
    options.after = after;
    fill_waits_ = after.has_value();
    fill_ = client_.get_all(
        channel_, [this](const legacy::About&, const legacy::Note& note) { hear_fill(note); }, options);
    if (suspended_) client_.suspend(*fill_);
}

void LegacyMirror::hear_fill(const legacy::Note& note) {
    if (std::holds_alternative<legacy::Started>(note)) fill_waits_ = false;
    if (const auto* record = std::get_if<legacy::GotRecord>(&note))
        notify_(dht::Refreshed{record->key, record->value});
    const auto* all = std::get_if<legacy::GroupFinished>(&note);
    if (!all) return;
    fill_.reset();
    using Fill = LegacyMirrorSettings::Fill;
    const bool again = settings_.fill == Fill::repeating || settings_.fill == Fill::repeating_now;
    if (all->failed > 0 && !over())
        begin_fill(settings_.retry_after);
    else if (again && !over())
        begin_fill(settings_.update_after);
    if (filled_) filled_(all->cover);
}

void LegacyMirror::set_suspended(bool suspended) {
    suspended_ = suspended;
    const auto set = [&](legacy::RequestId id) { suspended ? client_.suspend(id) : client_.resume(id); };
    for (const Part& part : parts_)
        if (part.listen) set(*part.listen);
    if (fill_) set(*fill_);
}

}  // namespace halp
