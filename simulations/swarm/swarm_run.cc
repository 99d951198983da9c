// Time and phases of a swarm (simulations/swarm/swarm_player.h).
#include "simulations/swarm/swarm_run.h"

#include <algorithm>
#include <cmath>

#include "simulations/swarm/swarm_player.h"

namespace halp::sim {

SwarmPlayer::SwarmPlayer(const Scenario& scenario, RunListener* listener)
    : scenario_(scenario),
      listener_(listener),
      world_(scenario.seed, SimOptions{.network = scenario.network}),
      random_(scenario.seed, 0x706c6179),
      start_(world_.now()) {
    world_.watch(this);
    for (const Phase& p : scenario.phases) total_ += p.span;
}

RunResult SwarmPlayer::play() {
    next_sample_ = start_;
    for (phase_ = 0; phase_ < scenario_.phases.size() && out_.complete; ++phase_)
        play_phase(scenario_.phases[phase_]);
    --phase_;
    conclude();
    return std::move(out_);
}

// ---- time ----

void SwarmPlayer::play_phase(const Phase& phase) {
    const Instant begin = world_.now();
    const Instant end = begin + phase.span;
    false_burials_ = 0;
    sent_before_phase_ = sent_by_all();
    lived_before_phase_ = lived_by_all();
    begin_phase(phase, begin, end);
    advance(end);
    const PhaseResult result = summary(phase, begin);
    end_phase(phase);
    out_.phases.push_back(result);
}

// Actions of one instant are executed in the order of planning. A sample of that instant is taken after them, and
// after the beginning of the next phase.
void SwarmPlayer::advance(Instant end) {
    while (out_.complete) {
        const Instant action = plan_.empty() ? no_deadline : plan_.begin()->first;
        const Instant next = std::min({action, next_sample_, end});
        world_.run_for(next - world_.now());
        if (action <= next) {
            const Action todo = plan_.begin()->second;
            plan_.erase(plan_.begin());
            act(todo);
        } else if (next_sample_ <= next && next < end) {
            sample();
            next_sample_ += scenario_.sample_every;
        } else {
            return;
        }
    }
}

void SwarmPlayer::act(const Action& action) {
    switch (action.kind) {
        case Action::Kind::join:
            return add_member();
        case Action::Kind::kill:
            return kill(action.node, Crash::process);
        case Action::Kind::restart:
            return restart(action.node);
        case Action::Kind::stall:
            if (hosts_[action.node].node) world_.stall(hosts_[action.node].host, action.span);
            return;
        case Action::Kind::upgrade:
            return upgrade(action.node);
        case Action::Kind::come:
            return come(action.node);
        case Action::Kind::go:
            return go(action.node);
    }
}

// ---- phases ----

void SwarmPlayer::begin_phase(const Phase& p, Instant begin, Instant end) {
    switch (p.kind) {
        case PhaseKind::grow:
            return grow(p, begin);
        case PhaseKind::steady:
            return;
        case PhaseKind::announce:
            return announce(p);
        case PhaseKind::kill:
            for (const std::size_t i : chosen(p.share))
                kill(i, p.how == KillHow::machine ? Crash::machine : Crash::process);
            return;
        case PhaseKind::partition:
        case PhaseKind::one_way:
            return split(p);
        case PhaseKind::loss:
            return world_.set_loss(p.share);
        case PhaseKind::stall:
            return stall(p, begin);
        case PhaseKind::slow:
            return slow(p);
        case PhaseKind::clocks:
            return skew_clocks(p);
        case PhaseKind::churn:
            return churn(begin, end);
        case PhaseKind::attack:
            return add_attackers(p);
        case PhaseKind::flood:
            return add_strangers(p);
        case PhaseKind::upgrade:
            return upgrade(p, begin);
        case PhaseKind::trace:
            return follow(p.trace, begin, end);
    }
}

void SwarmPlayer::end_phase(const Phase& p) {
    if (p.kind == PhaseKind::loss) world_.set_loss(scenario_.network.loss);
    if (p.kind == PhaseKind::slow || p.kind == PhaseKind::clocks) end_faults();
    if (p.kind == PhaseKind::attack || p.kind == PhaseKind::flood) remove_hostile();
    if (p.kind != PhaseKind::partition && p.kind != PhaseKind::one_way) return;
    world_.heal();
    split_ = false;
}

void SwarmPlayer::grow(const Phase& p, Instant begin) {
    const std::size_t target = p.to == 0 ? scenario_.nodes : p.to;
    const std::size_t there = members_ + planned(Action::Kind::join);
    for (std::size_t n = there + 1; n <= target; ++n) plan(begin + join_delay(p, there, n, target), {});
}

std::size_t SwarmPlayer::planned(Action::Kind kind) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(plan_, [&](const auto& one) { return one.second.kind == kind; }));
}

// When the n-th node joins, since the beginning of the phase. The first node joins at once.
Duration SwarmPlayer::join_delay(const Phase& p, std::size_t there, std::size_t n, std::size_t target) {
    if (n == 1) return Duration{0};
    const auto count = static_cast<double>(n), from = static_cast<double>(std::max<std::size_t>(there, 1)),
               to = static_cast<double>(target);
    switch (p.growth) {
        case Growth::linear:
            return scaled(p.span, (count - from) / (to - from + 1));
        case Growth::exponential:
            return scaled(p.span, std::log(count / from) / std::log((to + 1) / from));
        case Growth::flash:
            break;
    }
    return scaled(std::min<Duration>(p.span, std::chrono::seconds{1}), unit());
}

void SwarmPlayer::announce(const Phase& p) {
    const Role role = p.from == Speaker::ours ? Role::ours : Role::original;
    const std::vector<std::size_t> speakers = chosen_count(p.items, role);
    for (std::size_t k = 0; k < p.items && !speakers.empty(); ++k) {
        Member& speaker = hosts_[speakers[k % speakers.size()]];
        Item item{*Label::parse(p.label),
                  {"service" + std::to_string(items_.size()) + ".example", 80},
                  world_.now(),
                  std::vector<Instant>(hosts_.size(), never),
                  {}};
        for (const Member& h : hosts_) item.counted.push_back(h.node != nullptr);
        item_of_[item.endpoint.text()] = items_.size();
        items_.push_back(item);
        if (speaker.node) {
            // A refused announcement shows as an item that reaches no node.
            static_cast<void>(speaker.node->announce(item.label, item.endpoint));
        } else {
            static_cast<OriginalHost&>(*speaker.scripted).insert(item.label, item.endpoint);
        }
    }
}

// Makes an island of some living nodes. In a one-way cut the island still receives from the others.
void SwarmPlayer::split(const Phase& p) {
    std::vector<HostId> island;
    for (Member& h : hosts_) h.island = false;
    for (const std::size_t i : chosen(p.share)) {
        hosts_[i].island = true;
        island.push_back(hosts_[i].host);
    }
    if (p.kind == PhaseKind::partition) {
        world_.partition(island);
    } else {
        for (const HostId host : island) world_.mute(host);
    }
    split_ = had_split_ = true;
}

void SwarmPlayer::stall(const Phase& p, Instant begin) {
    const Duration latest = std::max(Duration{0}, p.span - p.each);
    for (const std::size_t i : chosen(p.share))
        plan(begin + scaled(latest, unit()), {Action::Kind::stall, i, p.each});
}

void SwarmPlayer::slow(const Phase& p) {
    for (const std::size_t i : chosen(p.share)) world_.set_extra_latency(hosts_[i].host, p.extra);
}

void SwarmPlayer::skew_clocks(const Phase& p) {
    for (const std::size_t i : chosen(p.share)) {
        world_.set_wall_skew(hosts_[i].host, std::llround(seconds(p.skew) * (2 * unit() - 1)));
        world_.set_wall_drift(hosts_[i].host, p.drift * (2 * unit() - 1));
    }
}

// Drift ends, but a clock keeps what it has gained.
void SwarmPlayer::end_faults() {
    for (const Member& h : hosts_) {
        world_.set_extra_latency(h.host, Duration{0});
        world_.set_wall_skew(h.host, 0);
        world_.set_wall_drift(h.host, 0);
    }
}

// All nodes but the bootstrap come and go.
void SwarmPlayer::churn(Instant begin, Instant end) {
    churn_until_ = end;
    for (std::size_t i = 1; i < hosts_.size(); ++i)
        if (hosts_[i].node) plan_death(i, begin);
}

void SwarmPlayer::plan_death(std::size_t i, Instant from) {
    const Duration length = session(scenario_.phases[phase_]);
    if (length < churn_until_ - from) plan(from + length, {Action::Kind::kill, i, {}});
}

// Inverse transform sampling. Pareto is the shifted form (Lomax): sessions begin at zero, mean scale / (shape - 1).
Duration SwarmPlayer::session(const Phase& p) {
    const double left = 1 - unit();
    double scales = -std::log(left);
    if (p.sessions == Sessions::weibull) scales = std::pow(scales, 1 / p.session_shape);
    if (p.sessions == Sessions::pareto) scales = std::pow(left, -1 / p.session_shape) - 1;
    const double longest = seconds(std::chrono::hours{24 * 365 * 10}) / seconds(p.session_scale);
    return scaled(p.session_scale, std::min(scales, longest));
}

bool SwarmPlayer::churning() const {
    return scenario_.phases[phase_].kind == PhaseKind::churn && world_.now() < churn_until_;
}

// Originals are replaced by nodes of ours, one after the other at equal intervals.
void SwarmPlayer::upgrade(const Phase& p, Instant begin) {
    const auto wanted =
        static_cast<std::size_t>(std::llround(p.share * static_cast<double>(living(Role::original))));
    const std::vector<std::size_t> which = chosen_count(wanted, Role::original);
    for (std::size_t k = 0; k < which.size(); ++k)
        plan(begin + scaled(p.span, static_cast<double>(k) / static_cast<double>(which.size())),
             {Action::Kind::upgrade, which[k], {}});
}

// What the trace has behind the end of the phase does not happen.
void SwarmPlayer::follow(const SessionTrace& trace, Instant begin, Instant end) {
    traced_.assign(trace.hosts, no_host);
    for (const Session& s : trace.sessions) {
        if (s.start < end - begin) plan(begin + s.start, {Action::Kind::come, s.host, {}});
        if (s.end < end - begin) plan(begin + s.end, {Action::Kind::go, s.host, {}});
    }
}

RunResult play(const Scenario& scenario, RunListener* listener) { return SwarmPlayer{scenario, listener}.play(); }

// ---- recorded runs ----

RecordedRun recorded_run_of(const RunResult& result, const std::string& program) {
    RecordedRun out{program, result.digest, result.events, {}};
    const std::size_t step =
        std::max<std::size_t>(1, (result.samples.size() + checkpoints_max - 1) / checkpoints_max);
    for (std::size_t i = step - 1; i < result.samples.size(); i += step) {
        const Sample& s = result.samples[i];
        out.checkpoints.push_back({s.at, s.events, s.digest});
    }
    return out;
}

Replay replay(const Scenario& scenario, const RecordedRun& record, RunListener* listener) {
    Replay out{.result = play(scenario, listener), .same = false, .difference = {}};
    const RunResult& r = out.result;
    out.same = r.digest == record.digest && r.events == record.events;
    Duration good{0};
    for (const Checkpoint& expected : record.checkpoints) {
        const auto got = std::ranges::find(r.samples, expected.at, &Sample::at);
        if (got != r.samples.end() && got->events == expected.events && got->digest == expected.digest) {
            good = expected.at;
            continue;
        }
        out.same = false;
        const std::string phase = got == r.samples.end() ? "" : ", phase " + r.phases[got->phase].name;
        out.difference =
            "the first difference is between " + std::to_string(seconds(good)) + " s and " +
            std::to_string(seconds(expected.at)) + " s" + phase + ": " + std::to_string(expected.events) +
            " events were recorded, " +
            (got == r.samples.end() ? "there is no sample then" : std::to_string(got->events) + " came");
        return out;
    }
    if (!out.same)
        out.difference = "every checkpoint agrees, but the run ended with " + std::to_string(r.events) +
                         " events instead of " + std::to_string(record.events);
    return out;
}

}  // namespace halp::sim
