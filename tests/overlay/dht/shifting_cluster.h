// Real nodes that change their ranges while a client writes and reads, in virtual time, with a model of what the
// client may find. Nodes are killed and started again; the record store of a node is its disk.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "overlay/dht/node/dht_node.h"
#include "overlay/dht/ranges/legacy_link.h"
#include "overlay/dht/ranges/range_plan.h"
#include "simulations/world/sim_world.h"
#include "tests/overlay/dht/slow_store.h"

namespace halp {

// Connections to all nodes, without any memory of its own: answers go to a function.
class Caller final : public EventHandler {
public:
    using Hear = std::function<void(std::size_t node, const std::optional<legacy::Link::Answer>&)>;
    Caller(Environment& environment, Hear hear) : environment_(environment), hear_(std::move(hear)) {}

    void add_node(const Endpoint& at) {
        nodes_.push_back({at, std::make_unique<legacy::Link>(environment_.transport)});
    }
    void ask(std::size_t node, const legacy::Request& request, std::uint64_t tag) {
        Node& to = nodes_[node];
        if (!to.open) to.link->open(to.at);
        to.open = true;
        to.link->ask(request, tag);
    }
    void on_accept(StreamId, const Endpoint&) override {}
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId stream, ConnectFailure) override { lost(stream); }
    void on_end(StreamId stream) override {
        environment_.transport.abort(stream);
        lost(stream);
    }
    void on_closed(StreamId stream) override { lost(stream); }
    void on_wakeup() override {}
    void on_bytes(StreamId stream, Bytes bytes) override {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (!nodes_[i].link->is(stream)) continue;
            nodes_[i].link->on_bytes(bytes);
            while (const auto answer = nodes_[i].link->next_answer()) hear_(i, answer);
        }
    }

private:
    struct Node {
        Endpoint at;
        std::unique_ptr<legacy::Link> link;
        bool open = false;
    };
    void lost(StreamId stream) {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (!nodes_[i].link->is(stream)) continue;
            nodes_[i].link->on_lost();
            nodes_[i].link->close();
            nodes_[i].open = false;
            hear_(i, std::nullopt);
        }
    }
    Environment& environment_;
    Hear hear_;
    std::vector<Node> nodes_;
};

class ShiftingCluster {
public:
    explicit ShiftingCluster(std::uint64_t seed, bool slow_disks = false)
        : world(seed, options()), slow_(slow_disks), draw_(seed * 7919 + 17) {
        const HostId host = world.add_host({"10.0.9.1", 1000});
        caller_.emplace(world.env(host),
                        [this](std::size_t line, const auto& answer) { hear(line / lines, answer); });
        world.attach(host, *caller_);
    }
    ~ShiftingCluster() {
        for (const auto& member : members) member->node.reset();
    }

    struct Member {
        Endpoint address;
        HostId host{};
        HashRange configured;
        bool automatic = false;  // its range is `auto`
        bool hidden = false;     // from the other nodes, as they are from it
        bool gone = false;       // it has left
        bool original = false;
        std::unique_ptr<RecordStore> store;
        std::unique_ptr<WriteLog> records;
        std::optional<RangeJournal> journal;
        std::unique_ptr<DhtNode> node;
        [[nodiscard]] bool up() const { return node != nullptr; }
    };

    // A node that finds its range by itself.
    std::size_t add_automatic(bool hidden = false) { return add({}, true, hidden); }
    // A node as the originals are: it does not know the messages of handover_wire.h.
    std::size_t add_original(const HashRange& range) {
        original_next_ = true;
        return add(range);
    }
    std::size_t add(const HashRange& range, bool automatic = false, bool hidden = false) {
        auto& added = *members.emplace_back(std::make_unique<Member>());
        added.address = {"10.0.0." + std::to_string(members.size()), 10000};
        added.host = world.add_host(added.address);
        added.configured = range;
        added.automatic = automatic;
        added.hidden = hidden;
        added.original = std::exchange(original_next_, false);
        if (slow_)
            added.store = std::make_unique<SlowStore>();
        else
            added.store = std::make_unique<MemoryStore>();
        for (std::size_t i = 0; i < lines; ++i) caller_->add_node(added.address);
        start(members.size() - 1);
        introduce();
        return members.size() - 1;
    }
    // Tells the nodes of each other, as the overlay does.
    void introduce() {
        for (const auto& it : members) {
            if (!it->up() || !it->automatic) continue;
            std::vector<Endpoint> others;
            for (const auto& other : members)
                if (!other->gone && !other->hidden && !it->hidden) others.push_back(other->address);
            it->node->auto_range()->set_nodes(std::move(others), it->address);
        }
    }
    // Hands over and ends, as a daemon does at SIGTERM. False: it could not hand all over.
    bool leave(std::size_t i, Duration limit = std::chrono::seconds{30}) {
        Member& it = *members[i];
        it.node->auto_range()->leave(limit);
        while (!it.node->auto_range()->left()) run(std::chrono::milliseconds{5}, std::chrono::milliseconds{1});
        return end(i);
    }
    bool end(std::size_t i) {
        Member& it = *members[i];
        const bool handed = it.node->auto_range()->handed_over();
        while (it.store->sweeping() || it.store->range() != it.node->range())
            world.run_for(std::chrono::milliseconds{5});
        it.node->redistribution().stop();
        it.gone = true;
        kill(i);
        introduce();
        return handed;
    }
    void start(std::size_t i) {
        Member& it = *members[i];
        Storage* const disk = &world.env(it.host).state;
        it.journal.emplace(it.automatic ? RangeJournal::open_automatic(disk, it.configured).value()
                                        : RangeJournal::open(disk, it.configured).value());
        EXPECT_TRUE(it.journal->begin(*it.store));
        while (it.store->sweeping()) EXPECT_TRUE(it.store->commit());
        it.records = std::make_unique<WriteLog>(*it.store);
        DhtNodeOptions node;
        node.protocol = DhtProtocol::legacy;
        node.legacy.flush_interval = Duration{0};
        node.turn_bytes = 2048;  // many turns
        node.journal = &*it.journal;
        node.redistributes = !it.original;
        if (it.automatic)
            node.auto_range = AutoRangeOptions{true, std::chrono::seconds{1}, std::chrono::seconds{3}};
        it.node = std::make_unique<DhtNode>(world.env(it.host), *it.records, node);
        world.attach(it.host, *it.node);
        it.node->run_redistribution();
    }
    void kill(std::size_t i) {
        Member& it = *members[i];
        if (!it.up()) return;
        world.crash(it.host);
        it.node.reset();
        it.records.reset();
        std::vector<Completion> none;
        it.store->take_completions(none);
        if (slow_) static_cast<SlowStore&>(*it.store).crash();
    }
    void revive(std::size_t i) {
        if (members[i]->up()) return;
        world.restart(members[i]->host);
        members[i]->gone = false;
        start(i);
        introduce();
    }

    // ---- changing ranges ----

    // Asks all nodes that lose keys to hand them over, as `halp dht redistribute` does. False: one has refused.
    void spread(std::size_t leaving = 0) {
        std::vector<PlannedNode> nodes;
        for (const auto& member : members) nodes.push_back({member->address, member->node->range(), {}});
        plan_even(nodes, leaving);
        for (const PlannedStep& step : steps_of(nodes)) redistribute(step.node, step.own, step.takers);
    }
    // A connection carries one request at a time, so requests that last have their own.
    void redistribute(std::size_t node, const HashRange& own, const std::vector<legacy::Takeover>& takers,
                      std::size_t line = 1) {
        legacy::Request request;
        request.command = legacy::Command::redistribute;
        request.min = own.min();
        request.max = own.max();
        request.takeovers = takers;
        const std::uint64_t tag = next_tag_++;
        open_.emplace(tag, Open{node, legacy::Command::redistribute, Key{}, {}, false});
        caller_->ask(lines * node + line, request, tag);
    }
    [[nodiscard]] bool settled() const {
        for (const auto& member : members) {
            if (member->gone) continue;
            if (!member->up() || (member->automatic && member->node->range().empty())) return false;
            if (member->node->redistribution().active() || member->node->redistribution().intake().active() ||
                member->store->sweeping() || member->store->range() != member->node->range())
                return false;
        }
        return open_.empty();
    }
    [[nodiscard]] bool settle(Duration span = std::chrono::seconds{120}) {
        return world.run_until([this] { return settled(); }, span);
    }

    // What every node is doing, for a test that has waited in vain.
    [[nodiscard]] std::string state() const {
        std::string out = std::to_string(open_.size()) + " requests open\n";
        for (const auto& member : members) {
            out += member->address.host + (member->up() ? "" : " down") + "\n";
            if (!member->up()) continue;
            const RedistributionStatus now = member->node->redistribution().status();
            out += format_range_state(member->journal->state()) + "serves from " +
                   key_text(Key{member->node->range().min()}) + ", store from " +
                   key_text(Key{member->store->range().min()}) + (member->store->sweeping() ? ", sweeping" : "") +
                   (now.active ? ", redistributes " + now.step : "") + (now.taking_over ? ", takes over" : "") +
                   ": " + now.trouble + "\n";
            if (member->automatic)
                out += member->node->auto_range()->status().step + ": " +
                       member->node->auto_range()->status().trouble + "\n";
        }
        return out;
    }

    // ---- the load ----

    // One write or read of a random key, sent to a node that may have it.
    void act() {
        const Key key = key_at(draw_.below(keys));
        if (busy_.contains(key)) return;
        const std::uint64_t kind = draw_.below(10);
        // Legacy answers a Get of any key, so reads go to the node that has the key.
        const std::size_t node = kind >= 7 || draw_.chance(0.9) ? owner_of(key) : draw_.below(members.size());
        if (node >= members.size() || !members[node]->up()) return;
        const std::uint64_t tag = next_tag_++;
        std::string value;
        legacy::Request request;
        if (kind < 6) {
            request.command = legacy::Command::put;
            value = "v" + std::to_string(tag) + std::string(draw_.below(60), 'x');
            request.value = value;
        } else {
            request.command = kind < 7 ? legacy::Command::remove : legacy::Command::get;
        }
        const std::string digits = key_text(key);
        const std::string channel = channel_of(key);
        request.channel = channel;
        request.key = digits;
        const bool adds = request.command != legacy::Command::get && may_be(key).insert(value).second;
        busy_.insert(key);
        tell(key,
             std::string(legacy::name(request.command)) + " " + value.substr(0, 6) + " at " + std::to_string(node));
        open_.emplace(tag, Open{node, request.command, key, value, adds});
        caller_->ask(lines * node, request, tag);
    }
    // Never do two nodes answer for one key.
    void expect_one_owner() {
        for (int i = 0; i < 8; ++i) {
            const Key key{draw_.next()};
            int owners = 0;
            for (const auto& member : members)
                owners += member->up() && member->node->range().contains(key) ? 1 : 0;
            if (owners > 1) ++double_owners;
        }
    }
    void run(Duration span, Duration pause = std::chrono::milliseconds{2}) {
        const Instant until = world.now() + span;
        while (world.now() < until) {
            act();
            world.run_for(pause);
            expect_one_owner();
        }
    }
    // To be called when all is settled.
    void expect_all_there() {
        for (std::uint64_t i = 0; i < keys; ++i) expect_record(key_at(i));
        EXPECT_EQ(double_owners, 0);
        EXPECT_EQ(lies, 0) << last_lie;
        std::vector<HashRange> ranges;
        for (const auto& member : members)
            if (member->up()) ranges.push_back(member->node->range());
        EXPECT_TRUE(tessellates(ranges));
    }

    static constexpr std::uint64_t keys = 300;
    static Key key_at(std::uint64_t i) { return Key{i * 0x9e3779b97f4a7c15}; }
    static std::string channel_of(Key key) { return value_of(key) % 3 == 0 ? "one" : "two"; }

    SimWorld world;
    std::vector<std::unique_ptr<Member>> members;
    int double_owners = 0, lies = 0, acknowledged = 0, read = 0, wrong_node = 0, refused = 0, done = 0;
    std::string last_lie;

private:
    class Draw final : public Random {
    public:
        explicit Draw(std::uint64_t seed) : state_(seed) {}
        std::uint64_t next() override {
            std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
            z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
            return z ^ (z >> 31);
        }

    private:
        std::uint64_t state_;
    };
    struct Open {
        std::size_t node;
        legacy::Command command;
        Key key;
        std::string value;
        bool adds;  // the value to those that the record may have
    };
    static SimOptions options() {
        SimOptions options;
        options.wall_at_start = UnixSeconds{1'800'000'000};
        return options;
    }
    [[nodiscard]] std::size_t owner_of(Key key) const {
        for (std::size_t i = 0; i < members.size(); ++i)
            if (members[i]->up() && members[i]->node->range().contains(key)) return i;
        return members.size();
    }
    void hear(std::size_t node, const std::optional<legacy::Link::Answer>& answer) {
        if (!answer) return lost(node);
        const auto found = open_.find(answer->tag);
        if (found == open_.end()) return;
        const Open it = found->second;
        open_.erase(found);
        busy_.erase(it.key);
        if (it.command == legacy::Command::redistribute)
            return answer->status == 200 ? void(++done) : void(++refused);
        tell(it.key, std::to_string(answer->status) + " " + answer->value.substr(0, 6));
        if (answer->status != 200) {
            ++wrong_node;
            if (it.adds) may_be(it.key).erase(it.value);
            return;
        }
        if (it.command == legacy::Command::get) return heard_value(it, answer->value);
        ++acknowledged;
        may_be(it.key) = {it.value};
    }
    void heard_value(const Open& it, const std::string& value) {
        ++read;
        if (!may_be(it.key).contains(value)) lie(it.key, "Get", value);
        may_be(it.key) = {value};
    }
    std::set<std::string>& may_be(Key key) {
        return may_be_.try_emplace(key, std::set<std::string>{""}).first->second;
    }
    // It is not known whether the open writes have happened.
    void lost(std::size_t node) {
        for (auto at = open_.begin(); at != open_.end();) {
            if (at->second.node != node) {
                ++at;
                continue;
            }
            busy_.erase(at->second.key);
            tell(at->second.key, "lost");
            at = open_.erase(at);
        }
    }
    void tell(Key key, const std::string& what) {
        const auto ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(world.now().time_since_epoch()).count();
        story_[key] += "\n  " + std::to_string(ms) + " " + what;
    }
    void lie(Key key, const std::string& how, const std::string& value) {
        ++lies;
        last_lie = how + " of " + key_text(key) + " gives `" + value + "`, but it may be:";
        for (const std::string& one : may_be_[key]) last_lie += " `" + one + "`";
        last_lie += ". It was so:" + story_[key];
    }
    void expect_record(Key key) {
        const Channel channel = Channel::parse(channel_of(key)).value();
        std::string value;
        int times = 0;
        for (const auto& member : members) {
            std::string found;
            if (!member->store->get(channel, key, found).value()) continue;
            ++times;
            value = found;
            if (!member->up() || !member->node->range().contains(key))
                lie(key, "left over at " + member->address.host, found);
        }
        if (times > 1) lie(key, "two records", value);
        if (!may_be(key).contains(value)) lie(key, "in the end", value);
    }

    static constexpr std::size_t lines = 3;  // connections to each node
    bool slow_;
    bool original_next_ = false;
    Draw draw_;
    std::optional<Caller> caller_;
    std::map<Key, std::set<std::string>> may_be_;  // "": no record
    std::set<Key> busy_;
    std::map<Key, std::string> story_;
    std::map<std::uint64_t, Open> open_;
    std::uint64_t next_tag_ = 1;
};

}  // namespace halp
