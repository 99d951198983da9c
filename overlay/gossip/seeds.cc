#include "overlay/gossip/seeds.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace halp {

namespace {

constexpr Duration pause_first = std::chrono::milliseconds{50};
// A seed that refuses may be about to start, as all nodes of a machine do when it has started.
constexpr Duration refused_pause_first = std::chrono::milliseconds{10};

}  // namespace

void Seeds::add(const Endpoint& seed, SeedOrigin origin, Instant now) {
    const EndpointId id = parts_.endpoints.intern(seed);
    const auto known = std::ranges::find(seeds_, id, &Seed::endpoint);
    Seed& entry = known != seeds_.end() ? *known : seeds_.emplace_back(Seed{.endpoint = id});
    entry.joined = entry.joined || origin == SeedOrigin::joined;
    entry.again = origin == SeedOrigin::joined;  // somebody waits for the outcome
    entry.next = now;
    entry.pause = pause_first;
    entry.refused_pause = refused_pause_first;
}

SeedRemoval Seeds::remove(const Endpoint& seed) {
    const auto known = std::ranges::find(seeds_, parts_.endpoints.find(seed), &Seed::endpoint);
    if (known == seeds_.end()) return SeedRemoval::unknown;
    const bool configured = std::ranges::find(options_.seeds, seed) != options_.seeds.end();
    if (!configured) {
        seeds_.erase(known);
        return SeedRemoval::removed;
    }
    return std::exchange(known->joined, false) ? SeedRemoval::removed : SeedRemoval::configured;
}

void Seeds::reconfigure(Instant now) {
    for (const Endpoint& seed : options_.seeds) {
        const EndpointId id = parts_.endpoints.intern(seed);
        if (std::ranges::find(seeds_, id, &Seed::endpoint) == seeds_.end()) add(seed, SeedOrigin::configured, now);
    }
    std::erase_if(seeds_, [&](const Seed& s) {
        return !s.joined &&
               std::ranges::find(options_.seeds, parts_.endpoints.at(s.endpoint)) == options_.seeds.end();
    });
}

void Seeds::call_due(Instant now) {
    const bool enough = parts_.view.proves(options_.view.fresh_max / 2);
    const Duration pause_max = options_.gossip.seed_retry_max;
    for (std::size_t i = 0; i < seeds_.size(); ++i) {
        Seed& seed = seeds_[i];
        if (seed.next > now) continue;
        const bool alive = reached(seed);
        if (parts_.identity.is_self(seed.endpoint))
            take_outcome(seed, SeedOutcome::itself, seed.why);
        else if (seed.again || (!enough && !alive))
            parts_.calls.open(seed.endpoint, CallPurpose::seed, parts_.push_pull.opening(now), now).seed = i;
        seed.again = false;
        seed.pause = std::min(seed.pause * 2, pause_max);
        seed.next = now + jittered(alive || enough ? pause_max : seed.pause, parts_.random);
    }
}

void Seeds::call_again(Instant now) {
    for (Seed& seed : seeds_) {
        seed.next = now;
        seed.pause = pause_first;
        seed.refused_pause = refused_pause_first;
        seed.again = true;
    }
}

void Seeds::answered(const Call& call, EndpointId speaker) {
    if (call.seed >= seeds_.size() || seeds_[call.seed].endpoint != call.to) return;  // the list changed meanwhile
    seeds_[call.seed].known_as = speaker;
    seeds_[call.seed].pause = options_.gossip.seed_retry_max;
    take_outcome(seeds_[call.seed], SeedOutcome::answered, ConnectFailure::refused);
}

void Seeds::failed(const Call& call, SeedOutcome outcome, ConnectFailure why) {
    if (call.purpose != CallPurpose::seed || call.seed >= seeds_.size()) return;
    if (seeds_[call.seed].endpoint == call.to) take_outcome(seeds_[call.seed], outcome, why);
}

void Seeds::refused(const Call& call, Instant now) {
    if (call.seed >= seeds_.size() || seeds_[call.seed].endpoint != call.to) return;
    Seed& seed = seeds_[call.seed];
    if (seed.refused_pause > pause_first) return;
    seed.next = std::min(seed.next, now + seed.refused_pause);
    seed.refused_pause *= 2;
}

void Seeds::take_outcome(Seed& seed, SeedOutcome outcome, ConnectFailure why) {
    ++seed.tries;
    seed.why = why;
    const bool changed = std::exchange(seed.outcome, outcome) != outcome;
    if (changed && outcome == SeedOutcome::itself)
        parts_.observer.note(SeedIsSelf{parts_.endpoints.at(seed.endpoint)});
}

bool Seeds::reached(const Seed& seed) const {
    const std::optional<Peer> known = parts_.view.find(seed.known_as);
    return known && known->presentable() && known->proved != never;
}

std::vector<SeedStatus> Seeds::status() const {
    std::vector<SeedStatus> out;
    for (const Seed& seed : seeds_) {
        SeedStatus& s = out.emplace_back();
        s.seed = parts_.endpoints.at(seed.endpoint);
        s.origin = seed.joined ? SeedOrigin::joined : SeedOrigin::configured;
        s.outcome = seed.outcome;
        s.why = seed.why;
        if (seed.known_as != no_endpoint) s.node = parts_.endpoints.at(seed.known_as);
        s.reached = reached(seed);
        s.tries = seed.tries;
    }
    return out;
}

bool Seeds::includes(EndpointId peer) const {
    return std::ranges::any_of(seeds_, [&](const Seed& s) { return s.endpoint == peer || s.known_as == peer; });
}

Instant Seeds::next_deadline() const {
    Instant next = no_deadline;
    for (const Seed& seed : seeds_) next = std::min(next, seed.next);
    return next;
}

void Seeds::mark_endpoints(std::vector<bool>& marks) const {
    for (const Seed& seed : seeds_) {
        marks[static_cast<std::size_t>(seed.endpoint)] = true;
        if (seed.known_as != no_endpoint) marks[static_cast<std::size_t>(seed.known_as)] = true;
    }
}

}  // namespace halp
