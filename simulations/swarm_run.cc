#include "simulations/swarm_run.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <utility>

#include "overlay/overlay_node.h"
#include "simulations/sim_world.h"

namespace halp::sim {
namespace {

constexpr std::size_t usable_list = 8;  // overlay.md section 9: this many proved
constexpr std::size_t path_sources = 50;

// 250 address groups, so that limits per group see a swarm that is spread out.
Endpoint address_of(std::size_t i) {
    return {"10." + std::to_string(i % 250) + "." + std::to_string(i / 250 % 250) + "." +
                std::to_string(1 + i / 62'500),
            3451};
}

Duration scaled(Duration span, double factor) {
    return Duration{static_cast<std::int64_t>(static_cast<double>(span.count()) * factor)};
}

double seconds(Duration span) { return static_cast<double>(span.count()) / 1e6; }

struct Action {
    enum class Kind : std::uint8_t { join, kill, restart, stall } kind{};
    std::size_t node = 0;
    Duration span{0};
};

struct Item {
    Label label;
    Endpoint endpoint;
    Instant announced{};
    std::vector<Instant> heard;  // by node; never: not, or not in this life
    std::vector<bool> counted;   // lived at the announcement
};

class Player final : SimWatcher {
public:
    Player(const Scenario& scenario, RunListener* listener)
        : scenario_(scenario),
          listener_(listener),
          world_(scenario.seed, SimOptions{.network = scenario.network}),
          random_(scenario.seed, 0x706c6179),
          start_(world_.now()),
          sent_at_(start_) {
        world_.watch(this);
        for (const Phase& p : scenario.phases) total_ += p.span;
    }

    RunResult play() {
        next_sample_ = start_;
        for (phase_ = 0; phase_ < scenario_.phases.size(); ++phase_) play_phase(scenario_.phases[phase_]);
        --phase_;
        conclude();
        return std::move(out_);
    }

private:
    struct Node {
        HostId host{};
        Endpoint endpoint;
        std::unique_ptr<OverlayNode> node;
        Instant began{};
        std::uint64_t sent_before = 0;  // by earlier lives
        bool island = false;
    };

    void on_event(HostId host, Instant at, const Event& event) override {
        match(
            event, [&](const EntryLearned& e) { heard(static_cast<std::size_t>(host), at, e); },
            [&](const PeerBuried& e) { buried(e.peer); }, [](const auto&) {});
    }
    void heard(std::size_t node, Instant at, const EntryLearned& e) {
        const auto found = item_of_.find(e.endpoint.text());
        if (found == item_of_.end()) return;
        Item& item = items_[found->second];
        if (item.label == e.label && item.heard[node] == never) item.heard[node] = at;
    }
    void buried(const Endpoint& peer) {
        const auto found = index_.find(peer.host);
        if (!split_ && found != index_.end() && nodes_[found->second].node) ++false_burials_;
    }

    // ---- time ----

    void play_phase(const Phase& phase) {
        const Instant begin = world_.now();
        const Instant end = begin + phase.span;
        false_burials_ = 0;
        begin_phase(phase, begin, end);
        run_to(end);
        end_phase(phase);
        out_.phases.push_back(summary(phase, begin));
    }

    // Actions due at the same instant happen in the order they were planned; a sample comes after them, and after
    // the beginning of the next phase.
    void run_to(Instant end) {
        while (true) {
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

    void plan(Instant at, Action action) { plan_.emplace(at, action); }

    void act(const Action& action) {
        switch (action.kind) {
            case Action::Kind::join:
                return add_node();
            case Action::Kind::kill:
                return kill(action.node, Crash::process);
            case Action::Kind::restart:
                return restart(action.node);
            case Action::Kind::stall:
                if (nodes_[action.node].node) world_.stall(nodes_[action.node].host, action.span);
                return;
        }
    }

    // ---- phases ----

    void begin_phase(const Phase& p, Instant begin, Instant end) {
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
                return split(p.share);
            case PhaseKind::loss:
                return world_.set_loss(p.share);
            case PhaseKind::stall:
                return stall(p, begin);
            case PhaseKind::churn:
                return churn(begin, end);
        }
    }

    void end_phase(const Phase& p) {
        if (p.kind == PhaseKind::loss) world_.set_loss(scenario_.network.loss);
        if (p.kind != PhaseKind::partition) return;
        world_.heal();
        split_ = false;
    }

    void grow(const Phase& p, Instant begin) {
        const std::size_t target = p.to == 0 ? scenario_.nodes : p.to;
        const std::size_t there = nodes_.size() + joins_planned();
        for (std::size_t n = there + 1; n <= target; ++n) plan(begin + join_delay(p, there, n, target), {});
    }
    [[nodiscard]] std::size_t joins_planned() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            plan_, [](const auto& planned) { return planned.second.kind == Action::Kind::join; }));
    }
    // When the n-th node joins; the very first is there at once.
    Duration join_delay(const Phase& p, std::size_t there, std::size_t n, std::size_t target) {
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

    void announce(const Phase& p) {
        const std::vector<std::size_t> speakers = chosen_count(p.items);
        for (std::size_t k = 0; k < p.items && !speakers.empty(); ++k) {
            Node& speaker = nodes_[speakers[k % speakers.size()]];
            Item item{*Label::parse(p.label),
                      {"service" + std::to_string(items_.size()) + ".example", 80},
                      world_.now(),
                      std::vector<Instant>(nodes_.size(), never),
                      {}};
            for (const Node& n : nodes_) item.counted.push_back(n.node != nullptr);
            item_of_[item.endpoint.text()] = items_.size();
            items_.push_back(item);
            // A refusal shows as an item that reaches nobody.
            (void)speaker.node->announce(item.label, item.endpoint);
        }
    }

    void split(double share) {
        std::vector<HostId> island;
        for (Node& n : nodes_) n.island = false;
        for (const std::size_t i : chosen(share)) {
            nodes_[i].island = true;
            island.push_back(nodes_[i].host);
        }
        world_.partition(island);
        split_ = had_split_ = true;
    }

    void stall(const Phase& p, Instant begin) {
        const Duration latest = std::max(Duration{0}, p.span - p.each);
        for (const std::size_t i : chosen(p.share))
            plan(begin + scaled(latest, unit()), {Action::Kind::stall, i, p.each});
    }

    // The bootstrap is kept up, as operators keep theirs; everybody else comes and goes.
    void churn(Instant begin, Instant end) {
        churn_until_ = end;
        for (std::size_t i = 1; i < nodes_.size(); ++i)
            if (nodes_[i].node) plan_death(i, begin);
    }
    void plan_death(std::size_t i, Instant from) {
        const Phase& p = scenario_.phases[phase_];
        const Duration session = scaled(p.weibull_scale, std::pow(-std::log(1 - unit()), 1 / p.weibull_shape));
        if (from + session < churn_until_) plan(from + session, {Action::Kind::kill, i, {}});
    }
    [[nodiscard]] bool churning() const {
        return scenario_.phases[phase_].kind == PhaseKind::churn && world_.now() < churn_until_;
    }

    // ---- nodes ----

    void add_node() {
        const std::size_t i = nodes_.size();
        const Endpoint me = address_of(i);
        nodes_.push_back({world_.add_host(me), me, nullptr, {}, 0, false});
        index_[me.host] = i;
        for (Item& item : items_) {
            item.heard.push_back(never);
            item.counted.push_back(false);
        }
        begin(i);
    }
    void begin(std::size_t i) {
        Node& n = nodes_[i];
        OverlayOptions options = scenario_.node;
        if (i > 0) options.seeds = {nodes_[0].endpoint};
        n.node = std::make_unique<OverlayNode>(world_.env(n.host), table_, options, false);
        n.began = world_.now();
        n.sent_before = world_.counters(n.host).bytes_out;
        world_.attach(n.host, *n.node);
        n.node->start();
    }
    void kill(std::size_t i, Crash how) {
        if (!nodes_[i].node) return;
        world_.crash(nodes_[i].host, how);
        nodes_[i].node.reset();
        for (Item& item : items_) item.heard[i] = never;
        if (!churning()) return;
        const Duration away = scaled(scenario_.phases[phase_].downtime, -std::log(1 - unit()));
        plan(world_.now() + away, {Action::Kind::restart, i, {}});
    }
    void restart(std::size_t i) {
        world_.restart(nodes_[i].host);
        begin(i);
        if (churning()) plan_death(i, world_.now());
    }

    // ---- chance ----

    double unit() { return static_cast<double>(random_.next() >> 11) * 0x1.0p-53; }
    std::vector<std::size_t> chosen_count(std::size_t wanted) {
        std::vector<std::size_t> living;
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            if (nodes_[i].node) living.push_back(i);
        random_.shuffle(living);
        living.resize(std::min(wanted, living.size()));
        return living;
    }
    std::vector<std::size_t> chosen(double share) {
        return chosen_count(static_cast<std::size_t>(std::llround(share * static_cast<double>(living()))));
    }
    [[nodiscard]] std::size_t living() const {
        return static_cast<std::size_t>(
            std::ranges::count_if(nodes_, [](const Node& n) { return n.node != nullptr; }));
    }

    // ---- measuring ----

    // The views of everybody; the dead have empty ones.
    struct Views {
        ViewGraph usable;  // entries that are alive and can be reached now
        ViewGraph alive;   // entries that are alive
        std::size_t entries = 0, dead = 0, crossing = 0, joined = 0;
    };
    Views look() const {
        Views v;
        v.usable.views.resize(nodes_.size());
        v.alive.views.resize(nodes_.size());
        const std::size_t enough = std::min(usable_list, std::max<std::size_t>(living(), 1) - 1);
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            if (nodes_[i].node) look_at(i, enough, v);
        return v;
    }
    void look_at(std::size_t i, std::size_t enough, Views& v) const {
        std::size_t proved = 0;
        bool crosses = false;
        for (const PeerStatus& peer : nodes_[i].node->peers()) {
            proved += peer.proved && peer.role != PeerRole::grave;
            if (peer.role != PeerRole::fresh && peer.role != PeerRole::anchor) continue;
            const auto found = index_.find(peer.endpoint.host);
            if (found == index_.end() || found->second == i) continue;
            ++v.entries;
            const Node& other = nodes_[found->second];
            if (!other.node) {
                ++v.dead;
                continue;
            }
            const bool across = other.island != nodes_[i].island;
            crosses = crosses || across;
            v.alive.views[i].push_back(static_cast<std::uint32_t>(found->second));
            if (!split_ || !across) v.usable.views[i].push_back(static_cast<std::uint32_t>(found->second));
        }
        v.joined += proved >= enough;
        v.crossing += crosses;
    }

    [[nodiscard]] std::vector<bool> living_marks() const {
        std::vector<bool> marks;
        for (const Node& n : nodes_) marks.push_back(n.node != nullptr);
        return marks;
    }

    void sample() {
        Views v = look();
        Sample s{.at = world_.now() - start_, .phase = phase_, .living = living()};
        const double n = std::max<double>(1, static_cast<double>(s.living));
        s.joined = static_cast<double>(v.joined) / n;
        s.coverage = coverage(n);
        s.dead_share = v.entries == 0 ? 0 : static_cast<double>(v.dead) / static_cast<double>(v.entries);
        s.crossing = had_split_ ? static_cast<double>(v.crossing) / n : 0;
        const std::vector<bool> marks = living_marks();
        const ViewGraph alive = induced(v.alive, marks);
        const std::vector<std::uint32_t> degrees = in_degrees(alive);
        s.in_degree = spread_of(degrees);
        if (!marks.empty() && marks[0]) s.bootstrap_in_degree = degrees[0];
        s.components = components_of(induced(v.usable, marks));
        s.sent_kbit_s = sent_since_last() / n;
        out_.samples.push_back(s);
        if (listener_) listener_->on_progress(s.at, total_, world_.events_executed(), s.living);
    }
    [[nodiscard]] double coverage(double living_count) const {
        double sum = 0;
        for (const Item& item : items_)
            for (std::size_t i = 0; i < nodes_.size(); ++i) sum += nodes_[i].node && item.heard[i] != never;
        return items_.empty() ? 0 : sum / (living_count * static_cast<double>(items_.size()));
    }
    double sent_since_last() {
        const std::uint64_t sent = world_.total().bytes_out;
        const double kbit = static_cast<double>(sent - sent_) * 8 / 1000;
        const double span = seconds(world_.now() - sent_at_);
        sent_ = sent;
        sent_at_ = world_.now();
        return span > 0 ? kbit / span : 0;
    }

    PhaseResult summary(const Phase& p, Instant begin) {
        const Views v = look();
        const Components components = components_of(induced(v.usable, living_marks()));
        PhaseResult r{.name = p.name, .kind = p.kind, .begin = begin - start_, .end = world_.now() - start_};
        r.living = living();
        r.joined = static_cast<double>(v.joined) / std::max<double>(1, static_cast<double>(r.living));
        r.dead_share = v.entries == 0 ? 0 : static_cast<double>(v.dead) / static_cast<double>(v.entries);
        r.cut_off = r.living - components.largest;
        r.false_burials = false_burials_;
        return r;
    }

    // Periods from `from` until the first sample that `good` accepts.
    template <class Good>
    double periods_until(Duration from, Good good) const {
        for (const Sample& s : out_.samples)
            if (s.at >= from && good(s)) return seconds(s.at - from) / seconds(scenario_.node.gossip.period);
        return -1;
    }

    void conclude() {
        sample();
        for (PhaseResult& r : out_.phases) {
            if (r.kind == PhaseKind::kill)
                r.clean_periods = periods_until(r.begin, [](const Sample& s) { return s.dead_share < 0.01; });
            if (r.kind == PhaseKind::partition)
                r.merged_periods = periods_until(r.end, [](const Sample& s) { return s.crossing >= 0.99; });
        }
        for (const Item& item : items_) out_.items.push_back(spread(item));
        Views v = look();
        for (const Node& n : nodes_) v.alive.names.push_back(n.endpoint.host);
        out_.overlay = induced(v.alive, living_marks());
        out_.figures = figures_of(out_.overlay, path_sources, random_);
        out_.in_degrees = in_degrees(out_.overlay);
        for (const Node& n : nodes_) {
            const double life = seconds(world_.now() - n.began);
            if (!n.node || life <= 0) continue;
            const auto sent = static_cast<double>(world_.counters(n.host).bytes_out - n.sent_before);
            out_.sent_kbit_s.push_back(sent * 8 / 1000 / life);
        }
        out_.digest = world_.digest();
        out_.events = world_.events_executed();
        out_.simulated = world_.now() - start_;
    }
    ItemSpread spread(const Item& item) const {
        ItemSpread s{.endpoint = item.endpoint.text(), .announced = item.announced - start_};
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (!item.counted[i] || !nodes_[i].node) continue;
            ++s.nodes;
            if (item.heard[i] != never) s.reached.push_back(item.heard[i] - item.announced);
        }
        std::ranges::sort(s.reached);
        return s;
    }

    const Scenario& scenario_;
    RunListener* listener_;
    SimWorld world_;
    SimRandom random_;
    Instant start_, sent_at_;
    Duration total_{0};
    EndpointTable table_;
    std::vector<Node> nodes_;
    std::unordered_map<std::string, std::size_t> index_;    // by host; never iterated
    std::unordered_map<std::string, std::size_t> item_of_;  // by endpoint; never iterated
    std::vector<Item> items_;
    std::multimap<Instant, Action> plan_;  // equal instants stay in the order of planning
    std::size_t phase_ = 0;
    Instant next_sample_{}, churn_until_{};
    std::uint64_t sent_ = 0;
    std::size_t false_burials_ = 0;
    bool split_ = false, had_split_ = false;
    RunResult out_;
};

}  // namespace

double ItemSpread::seconds_to(double share) const {
    const auto wanted = static_cast<std::size_t>(std::ceil(share * static_cast<double>(nodes) - 1e-9));
    if (wanted == 0 || wanted > reached.size()) return -1;
    return seconds(reached[wanted - 1]);
}

RunResult play(const Scenario& scenario, RunListener* listener) { return Player{scenario, listener}.play(); }

}  // namespace halp::sim
