// The event loop of a ViewSwarm. Each worker owns a range of the nodes, their event queue and the messages they
// send. Several workers run in windows as long as the shortest latency. A message of one window arrives after its
// end, so workers exchange messages only between windows (conservative synchronization: Chandy, Misra, 1979).
#pragma once

#include <array>
#include <barrier>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "simulations/views/view_message.h"
#include "simulations/views/view_nodes.h"
#include "simulations/views/view_packet.h"
#include "simulations/world/ranks.h"
#include "simulations/world/timing_wheel.h"

namespace halp::sim {

// The first views are from the period before. A time is never 0.
inline constexpr std::uint32_t first_tick = ticks_per_period + 1;

inline std::uint32_t phase_of(std::uint64_t seed, std::uint32_t node) {
    return static_cast<std::uint32_t>(mix_words(mix_words(seed, 0x7068617365), node) % ticks_per_period);
}

// The wake-ups of nodes that act at the same phase of every period. They need no queue: the order of the nodes is
// the same each time.
class WakeRounds {
public:
    WakeRounds(const ViewSwarmOptions& options, NodeRange range) : seed_(options.seed) {
        if (options.jitter > 0) return;
        std::vector<std::uint64_t> phases;
        for (std::uint32_t node = range.begin; node < range.end; ++node)
            phases.push_back(std::uint64_t{phase_of(seed_, node)} << 32 | node);
        std::ranges::sort(phases);
        for (const std::uint64_t one : phases) order_.push_back(static_cast<std::uint32_t>(one));
        if (any()) find_next();
    }
    [[nodiscard]] bool any() const { return !order_.empty(); }
    [[nodiscard]] const SwarmEvent& next() const { return next_; }
    void pop() {
        if (++at_ == order_.size()) {
            at_ = 0;
            period_begins_ += ticks_per_period;
        }
        find_next();
    }
    [[nodiscard]] std::optional<std::uint32_t> ahead(std::size_t places) const {
        return at_ + places < order_.size() ? std::optional{order_[at_ + places]} : std::nullopt;
    }

private:
    void find_next() {
        const std::uint32_t node = order_[at_];
        next_ = {period_begins_ + phase_of(seed_, node), node, node, 0};
    }
    std::uint64_t seed_;
    std::vector<std::uint32_t> order_;
    std::size_t at_ = 0;
    std::uint32_t period_begins_ = first_tick;
    SwarmEvent next_{};
};

template <class Nodes, template <class> class Queue>
class ViewWorker {
public:
    using Workers = std::vector<std::unique_ptr<ViewWorker>>;

    // `rank` of `ranks` processes; each has its share of the nodes, and its workers have parts of that.
    ViewWorker(const ViewSwarmOptions& options, NodeRange range, const Workers& all, unsigned ranks)
        : options_(options),
          range_(range),
          all_(all),
          nodes_(options, range, random_),
          rounds_(options, range),
          slots_(told_max(options), 8 * std::size_t{range.end - range.begin} + 1024, options.wire),
          outbox_(options.threads),
          packets_(ranks),
          released_(options.threads) {
        if (options.wire) intern_nodes(endpoints_, options.nodes);
        for (std::uint32_t node = range.begin; node < range.end; ++node) {
            fill(node);
            if (!rounds_.any()) queue_.push({first_tick + phase_of(options.seed, node), node, node, 0});
        }
    }

    [[nodiscard]] const NodeRange& range() const { return range_; }
    [[nodiscard]] const Nodes& nodes() const { return nodes_; }
    [[nodiscard]] std::uint64_t digest() const { return digest_; }
    [[nodiscard]] const ViewSwarmCounters& counters() const { return counters_; }

    // Executes all events before `end`.
    void run_before(std::uint32_t end) {
        for (;;) {
            const SwarmEvent* const queued = rounds_.any() ? queue_.front_until(rounds_.next().at) : queue_.front();
            const bool wakes = rounds_.any() && (!queued || rounds_.next() < *queued);
            if (!wakes && !queued) return;
            const SwarmEvent event = wakes ? rounds_.next() : *queued;
            if (event.at >= end) return;
            if (wakes) {
                rounds_.pop();
                if (const auto ahead = rounds_.ahead(wakes_ahead)) nodes_.prefetch(*ahead);
            } else {
                queue_.pop();
                prefetch();
            }
            digest_ += mix_words(std::uint64_t{event.at} << 32 | event.node,
                                 std::uint64_t{event.from} << 8 | static_cast<std::uint64_t>(event.kind()));
            ++counters_.events;
            dispatch(event);
        }
    }
    // Between two windows: takes the messages of the other workers for its nodes, and the slots they have released.
    void collect(std::size_t own_number) {
        for (const auto& other : all_) {
            for (const SwarmEvent& event : other->outbox_[own_number]) queue_.push(event);
            other->outbox_[own_number].clear();
            for (const std::uint32_t slot : other->released_[own_number]) slots_.release(slot);
            other->released_[own_number].clear();
        }
    }

    // Messages for nodes of another rank, since it was asked for them last.
    [[nodiscard]] std::string take_packet(unsigned rank) { return std::exchange(packets_[rank].bytes(), {}); }
    // The messages for nodes of this worker in a packet for all of its rank.
    void accept(std::string_view packet) {
        for (PacketReader reader{packet}; reader.more();) {
            const SwarmEvent event =
                reader.next(slots_, options_.wire, [](SwarmEventKind kind) { return carries(kind); });
            if (range_.has(event.node))
                queue_.push(event);
            else if (carries(event.kind()))
                slots_.release(event.slot());
        }
    }

private:
    static std::size_t told_max(const ViewSwarmOptions& options) {
        return options.view.sample_freshest + options.view.sample_random + 2;  // the sender, and a word of 0
    }

    void fill(std::uint32_t node) {
        random_.begin(options_.seed, node, 0, 0x73746172);
        std::vector<Sighting> others;
        while (others.size() < options_.view.fresh_max) {
            const EndpointId other{static_cast<std::uint32_t>(random_.below(options_.nodes))};
            if (other == EndpointId{node}) continue;
            if (std::ranges::find(others, other, &Sighting::endpoint) != others.end()) continue;
            others.push_back(Sighting::of(1 + static_cast<std::uint32_t>(random_.below(ticks_per_period)), other));
        }
        std::ranges::sort(others, std::greater{});
        nodes_.start(node, others);
    }

    // Null: a node of another rank.
    ViewWorker* owner_of(std::uint32_t node) {
        if (range_.has(node)) return this;
        for (const auto& other : all_)
            if (other->range_.has(node)) return other.get();
        return nullptr;
    }
    // Who has the slot of a message of this sender: what came from another rank is in a slot of the receiver.
    ViewWorker& holder_of(std::uint32_t sender) {
        ViewWorker* const owner = owner_of(sender);
        return owner ? *owner : *this;
    }

    static constexpr std::size_t wakes_ahead = 4;
    void prefetch() {
        constexpr std::size_t places = 8, places_early = 16;
        if (const SwarmEvent* event = queue_.ahead(places_early)) nodes_.prefetch_early(event->node);
        if (const SwarmEvent* event = queue_.ahead(places)) {
            nodes_.prefetch(event->node);
            if (carries(event->kind()) && range_.has(event->from)) slots_.prefetch(event->slot());
        }
    }
    static bool carries(SwarmEventKind kind) {
        return kind == SwarmEventKind::request || kind == SwarmEventKind::answer;
    }

    void dispatch(const SwarmEvent& event) {
        random_.begin(options_.seed, event.node, event.at, static_cast<std::uint32_t>(event.kind()));
        if (event.kind() == SwarmEventKind::wake) return wake(event);
        ++counters_.messages;
        switch (event.kind()) {
            case SwarmEventKind::wake:
                break;
            case SwarmEventKind::request:
                tell(event.node, event.from, SwarmEventKind::answer, event.at, holder_of(event.from).began(event));
                return take(event, false);
            case SwarmEventKind::answer:
                return take(event, true);
            case SwarmEventKind::ping:
                nodes_.contact(event.node, EndpointId{event.from}, false, event.at);
                return send(event.node, event.from, SwarmEventKind::pong, event.at, 0);
            case SwarmEventKind::pong:
                return nodes_.contact(event.node, EndpointId{event.from}, true, event.at);
        }
    }
    std::uint32_t began(const SwarmEvent& event) { return slots_.head(event.slot()).began; }

    void wake(const SwarmEvent& event) {
        const EndpointId partner = nodes_.partner(event.node);
        if (partner != no_endpoint)
            tell(event.node, static_cast<std::uint32_t>(partner), SwarmEventKind::request, event.at, event.at);
        if (options_.feelers) {
            const EndpointId unproved = nodes_.feeler(event.node, event.at);
            if (unproved != no_endpoint)
                send(event.node, static_cast<std::uint32_t>(unproved), SwarmEventKind::ping, event.at, 0);
        }
        if (rounds_.any()) return;
        std::uint32_t pause = ticks_per_period;
        if (options_.jitter > 0)
            pause = pause - options_.jitter + static_cast<std::uint32_t>(random_.below(2 * options_.jitter + 1));
        queue_.push({event.at + pause, event.node, event.node, 0});
    }

    // Sends the view and the address of the node.
    void tell(std::uint32_t from, std::uint32_t to, SwarmEventKind kind, std::uint32_t now, std::uint32_t began) {
        const std::uint32_t slot = slots_.take();
        const std::span<Sighting> told = slots_.told(slot);
        std::size_t count = 1 + nodes_.tell(from, told.subspan(1));
        told[0] = Sighting::of(now, EndpointId{from});
        for (std::size_t i = 0; i + 1 < count && told[i] < told[i + 1]; ++i) std::swap(told[i], told[i + 1]);
        SlotHead& head = slots_.head(slot);
        head.sent_at = now;
        head.began = began;
        head.count = static_cast<std::uint32_t>(count);
        slots_.told(slot)[count] = {0};
        if (options_.wire) {
            write_frame(slots_.frame(slot), kind, told.first(count), from, now, endpoints_);
            counters_.wire_bytes += slots_.frame(slot).size();
        }
        send(from, to, kind, now, slot);
    }

    void send(std::uint32_t from, std::uint32_t to, SwarmEventKind kind, std::uint32_t now, std::uint32_t slot) {
        const std::uint64_t word =
            mix_words(std::uint64_t{from} << 32 | to,
                      options_.seed ^ std::uint64_t{now} << 3 ^ static_cast<std::uint64_t>(kind));
        const std::uint64_t span = options_.latency_max - options_.latency_min + 1;
        const auto latency = static_cast<std::uint32_t>(options_.latency_min + ((word >> 32) * span >> 32));
        const SwarmEvent event{now + latency, to, from, SwarmEvent::what_of(kind, slot)};
        if (range_.has(to)) return queue_.push(event);
        if (const ViewWorker* owner = owner_of(to)) return outbox_[number_of(*owner)].push_back(event);
        SlotPool* const content = carries(kind) ? &slots_ : nullptr;
        const auto ranks = static_cast<unsigned>(packets_.size());
        packets_[share_of(to, options_.nodes, ranks)].add(event, content, options_.wire);
        if (content) slots_.release(slot);
    }
    std::size_t number_of(const ViewWorker& worker) const {
        std::size_t number = 0;
        while (all_[number].get() != &worker) ++number;
        return number;
    }

    void take(const SwarmEvent& event, bool answered) {
        ViewWorker& sender = holder_of(event.from);
        const SlotHead head = sender.slots_.head(event.slot());
        std::span<const Sighting> news = sender.slots_.told(event.slot()).first(head.count);
        std::array<Sighting, 128> decoded;
        if (options_.wire) {
            news = {decoded.data(),
                    read_frame(sender.slots_.frame(event.slot()), head.sent_at, endpoints_, decoded)};
            decoded[news.size()] = {0};
        }
        const std::uint32_t caller = answered ? event.node : event.from;
        const std::uint64_t salt = mix_words(options_.seed, std::uint64_t{caller} << 32 | head.began);
        nodes_.hear(event.node, news, EndpointId{event.from}, answered, event.at, salt);
        if (&sender == this)
            slots_.release(event.slot());
        else
            released_[number_of(sender)].push_back(event.slot());
    }

    const ViewSwarmOptions& options_;
    NodeRange range_;
    const Workers& all_;
    EventRandom random_;
    Nodes nodes_;
    WakeRounds rounds_;
    Queue<SwarmEvent> queue_;
    SlotPool slots_;
    EndpointTable endpoints_;                           // wire mode
    std::vector<std::vector<SwarmEvent>> outbox_;       // by worker
    std::vector<PacketWriter> packets_;                 // by rank
    std::vector<std::vector<std::uint32_t>> released_;  // slots of others that are read, by worker
    std::uint64_t digest_ = 0;
    ViewSwarmCounters counters_;
};

template <class Nodes, template <class> class Queue>
class ViewCrew {
    using Worker = ViewWorker<Nodes, Queue>;

public:
    ViewCrew(const ViewSwarmOptions& options, Ranks* ranks)
        : options_(options), ranks_(ranks), rank_(ranks ? ranks->rank() : 0), size_(ranks ? ranks->size() : 1) {
        const std::uint32_t first = share_begin(options_.nodes, rank_, size_);
        const std::uint32_t count = share_begin(options_.nodes, rank_ + 1, size_) - first;
        for (unsigned i = 0; i < options_.threads; ++i) {
            const auto border = [&](unsigned n) { return first + share_begin(count, n, options_.threads); };
            workers_.push_back(
                std::make_unique<Worker>(options_, NodeRange{border(i), border(i + 1)}, workers_, size_));
        }
    }

    void run_periods(std::uint32_t periods) {
        const std::uint32_t begin = now_;
        now_ += periods * ticks_per_period;
        assert(now_ / ticks_per_period <= options_.periods_max() + 1 && "later stamps are not kept");
        if (workers_.size() == 1 && size_ == 1) return workers_[0]->run_before(now_);
        std::barrier together(static_cast<std::ptrdiff_t>(workers_.size()));
        const auto work = [&](std::size_t number) {
            for (std::uint32_t at = begin; at < now_;) {
                at = std::min(now_, at + options_.latency_min);
                workers_[number]->run_before(at);
                together.arrive_and_wait();
                workers_[number]->collect(number);
                together.arrive_and_wait();
                if (size_ == 1) continue;
                if (number == 0) exchange_packets();
                together.arrive_and_wait();
            }
        };
        std::vector<std::thread> others;
        for (std::size_t i = 1; i < workers_.size(); ++i) others.emplace_back(work, i);
        work(0);
        for (std::thread& other : others) other.join();
    }

    // The rest is of this rank.
    [[nodiscard]] std::uint64_t digest() const {
        std::uint64_t sum = 0;
        std::vector<std::uint32_t> view;
        for (const auto& worker : workers_) {
            sum += worker->digest();
            for (std::uint32_t node = worker->range().begin; node < worker->range().end; ++node) {
                view.clear();
                worker->nodes().add_view(node, view);
                std::ranges::sort(view);
                std::uint64_t word = mix_words(node);
                for (const std::uint32_t other : view) word = mix_words(word, other);
                sum += word;
            }
        }
        return sum;
    }
    [[nodiscard]] ViewSwarmCounters counters() const {
        ViewSwarmCounters sum;
        for (const auto& worker : workers_) {
            sum.events += worker->counters().events;
            sum.messages += worker->counters().messages;
            sum.wire_bytes += worker->counters().wire_bytes;
        }
        return sum;
    }
    [[nodiscard]] ViewGraph graph() const {
        ViewGraph out;
        out.views.reserve(share_begin(options_.nodes, rank_ + 1, size_) -
                          share_begin(options_.nodes, rank_, size_));
        for (const auto& worker : workers_)
            for (std::uint32_t node = worker->range().begin; node < worker->range().end; ++node)
                worker->nodes().add_view(node, out.views.emplace_back());
        return out;
    }

private:
    // Between two windows.
    void exchange_packets() {
        std::vector<std::string> out(size_);
        for (unsigned rank = 0; rank < size_; ++rank)
            for (const auto& worker : workers_) out[rank] += worker->take_packet(rank);
        for (const std::string& packet : ranks_->exchange(out)) {
            if (workers_.size() == 1) {
                workers_[0]->accept(packet);
                continue;
            }
            for (const auto& worker : workers_) worker->accept(packet);
        }
    }

    ViewSwarmOptions options_;
    Ranks* ranks_;  // null: this process is alone
    unsigned rank_, size_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::uint32_t now_ = first_tick;
};

}  // namespace halp::sim
