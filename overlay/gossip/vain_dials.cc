#include "overlay/gossip/vain_dials.h"

#include <algorithm>

#include "store/incarnation.h"
#include "store/tight_growth.h"

namespace halp {

namespace {

Duration pause_after(int in_a_row) {
    if (in_a_row < 2) return VainDials::pause_first;
    constexpr int doublings_max = 4;  // more of them are above pause_max
    return std::min(VainDials::window * (1 << std::min(in_a_row - 2, doublings_max)), VainDials::pause_max);
}

}  // namespace

VainDials::Tally VainDials::of(std::uint64_t key, Instant now) const {
    const auto known = std::ranges::find(tallies_, key, &Tally::key);
    if (known == tallies_.end() || now >= known->kept_until) return {.key = key, .since = now};
    Tally tally = *known;
    if (now - tally.since < window) return tally;
    tally.since = now;
    tally.open = tally.failed = tally.silent = tally.excused = 0;
    return tally;
}

VainDials::Tally& VainDials::note(std::uint64_t key, Instant now) {
    const Tally tally = of(key, now);
    std::erase_if(tallies_, [&](const Tally& t) { return t.key == key || now >= t.kept_until; });
    if (tallies_.size() >= tallies_max) {
        tallies_.erase(std::ranges::min_element(tallies_, {}, &Tally::kept_until));
        ++dropped_;
    }
    push_tightly(tallies_, tally);
    Tally& noted = tallies_.back();
    noted.kept_until = std::max(noted.kept_until, noted.since + window);
    return noted;
}

void VainDials::opened(std::uint64_t key, Instant now) { ++note(key, now).open; }

void VainDials::closed(std::uint64_t key) {
    const auto known = std::ranges::find(tallies_, key, &Tally::key);
    if (known == tallies_.end()) return;
    known->open = std::max(0, known->open - 1);
    const bool nothing_left = known->made() == 0 && known->silent == 0 && known->in_a_row == 0;
    if (!nothing_left) return;
    tallies_.erase(known);
    give_back_room(tallies_);
}

void VainDials::excused(std::uint64_t key) {
    const auto known = std::ranges::find(tallies_, key, &Tally::key);
    if (known == tallies_.end()) return;
    known->open = std::max(0, known->open - 1);
    ++known->excused;
}

void VainDials::failed(std::uint64_t key, std::uint32_t incarnation, Instant now) {
    Tally& tally = note(key, now);
    tally.open = std::max(0, tally.open - 1);
    ++tally.failed;
    ++tally.in_a_row;
    const Duration pause = pause_after(tally.in_a_row);
    tally.failed_at = now;
    tally.called = false;
    tally.incarnation = newest_incarnation(tally.incarnation, incarnation);
    tally.retry_at = now + pause;
    // As long again, or the next pause would begin anew.
    tally.kept_until = std::max(tally.kept_until, now + 2 * std::max(pause, window));
}

void VainDials::silent(std::uint64_t key, Instant now) {
    Tally& tally = note(key, now);
    tally.open = std::max(0, tally.open - 1);
    ++tally.silent;
}

void VainDials::called(std::uint64_t key) {
    const auto known = std::ranges::find(tallies_, key, &Tally::key);
    if (known != tallies_.end()) known->called = true;
}

void VainDials::forget(std::uint64_t key) {
    if (std::erase_if(tallies_, [key](const Tally& t) { return t.key == key; }) > 0) give_back_room(tallies_);
}

}  // namespace halp
