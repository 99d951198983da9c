// Conformance cases: the hash range of a node, and requests that it must refuse.
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "overlay/dht/testing/conformance_case_run.h"
#include "store/records/hash_range.h"

namespace halp::neo {
namespace {

const HashRange lower = HashRange::make(0, 0x7fffffffffffffff).value();
const HashRange upper = HashRange::make(0x8000000000000000, ~std::uint64_t{0}).value();

// The range of the node before a case changes it.
std::optional<HashRange> range_told(CaseRun& t) {
    if (!t.control()) t.skip("only the owner of a node can change its range");
    const RangeBounds told = t.hash_range(t.open());
    t.expect(HashRange::valid(told.min, told.max), "GetHashRange gives what is no range");
    if (t.over()) return std::nullopt;
    return HashRange::make(told.min, told.max).value_or(HashRange{});
}

// Changes the range and restores it in the destructor.
class LentRange {
public:
    LentRange(CaseRun& run, const HashRange& range) : control_(run.control()), former_(range_told(run)) {
        if (former_ && !control_->set_range(range)) run.skip("this node cannot be given that range");
    }
    ~LentRange() {
        if (former_) control_->set_range(*former_);
    }
    LentRange(const LentRange&) = delete;
    LentRange& operator=(const LentRange&) = delete;

private:
    NodeControl* control_;
    const std::optional<HashRange> former_;  // without a value: the range was not changed
};

std::string range_bytes(const HashRange& range) { return number_of(range.min()) + number_of(range.max()); }

void range(CaseRun& t) {
    Peer& peer = t.open();
    const RangeBounds told = t.hash_range(peer);
    t.expect(HashRange::valid(told.min, told.max), "GetHashRange gives what is no range");
    const RangeBounds again = t.hash_range(peer);
    t.expect(told == again, "two GetHashRanges give two ranges");
}

void range_hears_nothing(CaseRun& t) {
    Peer& peer = t.open();
    const RequestId id = t.start(peer, octets({1, 0}));
    t.expect_supported(peer, id, "GetHashRange");
    t.message(peer, id, "GetHashRange");
    t.say_to(peer, id, octets({4}));
    t.wait([&] { return peer.ended; }, "the end of a connection that speaks to a GetHashRange");
}

void range_changes(CaseRun& t) {
    const std::optional<HashRange> former = range_told(t);
    if (!former) return;
    const HashRange other = *former == lower ? upper : lower;
    Peer& peer = t.open();
    const RequestId id = t.start(peer, octets({1, 0}));
    t.expect_supported(peer, id, "GetHashRange");
    t.expect_message(peer, id, range_bytes(*former), "the range");
    if (t.over()) return;
    {
        const LentRange half(t, other);
        t.expect_message(peer, id, octets({2}) + range_bytes(other), "ChangeHashRange");
        if (t.over()) return;
        t.control()->set_range(HashRange{});
        t.expect_message(peer, id, octets({2}) + range_bytes(HashRange{}), "the empty range");
    }
    t.expect_message(peer, id, octets({2}) + range_bytes(*former), "the range as it was");
}

void new_node(CaseRun& t) {
    if (!t.control()) return t.skip("only the owner of a node can have it announce another");
    Peer& peer = t.open();
    const RequestId id = t.start(peer, octets({1, 0}));
    t.expect_supported(peer, id, "GetHashRange");
    t.message(peer, id, "the range");
    if (t.over()) return;
    if (!t.control()->announce_node({127, 0, 0, 1}, 11100, upper)) return t.skip("this node announces no others");
    t.expect_message(peer, id, octets({1, 0x7f, 0, 0, 1, 0x2b, 0x5c}) + range_bytes(upper), "NewNode");
}

void wrong_node(CaseRun& t, const std::string& before, const std::string& behind, int answer) {
    const LentRange half(t, lower);
    Peer& peer = t.open();
    const std::uint64_t outside = 1, inside = 2;  // the range is compared with the reversed bits of the key
    const RequestId id = t.start(peer, before + array_of(test_channel) + number_of(outside) + behind);
    t.expect_supported(peer, id, "a request out of range");
    t.expect_code(peer, id, static_cast<std::uint8_t>(answer), "a request out of range");
    t.put(peer, inside, "mine");
    t.expect(t.get(peer, inside) == "mine", "a node does not serve its own range");
}

void out_of_range_records(CaseRun& t) {
    if (!t.control()) return t.skip("only the owner of a node can change its range");
    const Records records = {{1, "out"}, {2, "in"}};
    t.put_all(t.open(), records);
    if (t.over()) return;
    {
        const LentRange half(t, lower);
        expect_records(t, scan(t, t.open()), {{2, "in"}}, "GetAll of records in and out of range");
    }
    expect_records(t, scan(t, t.open()), {{2, "in"}}, "GetAll after the range has come back");
}

void empty_range(CaseRun& t) {
    const LentRange none(t, HashRange{});
    Peer& peer = t.open();
    for (const std::uint64_t key : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
        const RequestId id = t.start(peer, octets({3, 0}) + array_of(test_channel) + number_of(key));
        t.expect_answer(peer, id, GetAnswer::wrong_node, "Get of a node with the empty range");
    }
}

void not_permitted(CaseRun& t) {
    const std::optional<Credential> visitor = t.control() ? t.control()->visitor() : std::nullopt;
    if (!visitor) return t.skip("no client without the permission is known");
    Peer& owner = t.open();
    t.put(owner, 1, "stays");
    Peer& peer = t.open_as(*visitor);
    const RequestId id = t.start(peer, octets({9, 0}) + array_of(test_channel));
    t.expect_answer(peer, id, RemoveChannelAnswer::not_permitted, "RemoveChannel by a visitor");
    t.expect(t.get(peer, 1) == "stays", "a visitor has removed a channel, or may not read");
}

void many_connections(CaseRun& t) {
    std::vector<Peer*> peers;
    for (int i = 0; i < 50 && !t.over(); ++i) peers.push_back(&t.open());
    std::uint64_t key = 0;
    for (Peer* peer : peers) {
        ++key;
        t.put(*peer, key, "of " + std::to_string(key));
    }
    for (Peer* peer : peers) t.expect(t.get(*peer, key) == "of " + std::to_string(key), "Get gives another value");
}

void vanishing_clients(CaseRun& t) {
    for (int i = 0; i < 20 && !t.over(); ++i) {
        Peer& peer = t.open();
        std::string out;
        encode_mirror(out, 1, {false, test_channel, true, 1});
        encode_get_all(out, 2, {false, test_channel, false, 0, false, {}});
        encode_put(out, 3, {test_channel, 1, "left behind"});
        encode_update(out, 4, {UpdateAsk::get_record, test_channel, 1, 0, {}});
        t.say(peer, out);
        t.hang_up(peer);
    }
    Peer& peer = t.open();
    t.put(peer, 2, "still there");
    t.expect(t.get(peer, 2) == "still there", "Get gives another value");
}

}  // namespace

void add_node_cases(std::vector<ConformanceCase>& cases) {
    const std::vector<ConformanceCase> mine = {
        {"range.told", "GetHashRange answers with a range, without a type byte", range},
        {"range.hears_nothing", "a message to a GetHashRange ends the connection", range_hears_nothing},
        {"range.changes", "changes of the range are reported", range_changes},
        {"range.new_node", "a node that takes over a part is reported", new_node},
        {"range.put", "a Put out of range is answered with WrongNode",
         [](CaseRun& t) {
             wrong_node(t, octets({2, 0}), array_of("v"), 2);
         }},
        {"range.get", "a Get out of range is answered with WrongNode",
         [](CaseRun& t) {
             wrong_node(t, octets({3, 0}), {}, 3);
         }},
        {"range.exists", "an Exists out of range is answered with WrongNode",
         [](CaseRun& t) {
             wrong_node(t, octets({7, 0}), {}, 3);
         }},
        {"range.remove", "a Remove out of range is answered with WrongNode",
         [](CaseRun& t) {
             wrong_node(t, octets({8, 0}), {}, 3);
         }},
        {"range.update", "an Update out of range is answered with WrongNode",
         [](CaseRun& t) {
             wrong_node(t, octets({10, 0, 1}), {}, 9);
         }},
        {"range.update_of_no_type", "the range is checked before the type of an Update",
         [](CaseRun& t) {
             wrong_node(t, octets({10, 0, 77}), {}, 9);
         }},
        {"range.out_of_range_records",
         "records that leave the node's range are not returned, nor when it comes back", out_of_range_records},
        {"range.empty", "a node with the empty range is responsible for no key", empty_range},
        {"permission.remove_channel", "a client without permission to remove channels gets NotPermitted",
         not_permitted},
        {"connections.fifty", "fifty connections at a time are served", many_connections},
        {"connections.vanishing", "clients that vanish during requests do no harm", vanishing_clients},
    };
    cases.insert(cases.end(), mine.begin(), mine.end());
}

}  // namespace halp::neo
