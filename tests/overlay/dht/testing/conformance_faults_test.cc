// The conformance suite detects faults: for each node with one fault, the case that finds it and its reason.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/overlay/dht/testing/loopback_suite.h"
#include "tests/overlay/dht/testing/simulated_suite.h"

namespace halp {
namespace HALP_TEST_FILE {

using neo::RequestCode;

struct Faulty {
    std::string_view finder;  // the case that must fail
    std::string_view reason;  // a part of its reason
    std::function<void(FakeNode&)> fault;
};

void store_fault(FakeNode& fake, std::uint64_t StoreFaults::*which) {
    fake.store_faults().*which = StoreFaults::always;
}

TEST(ConformanceFaults, EachIsFoundForTheRightReason) {
    const std::vector<Faulty> all = {
        {"dhttest.put_get", "Get does not give what was put",
         [](FakeNode& fake) { store_fault(fake, &StoreFaults::values_altered); }},
        {"get_all.predefined", "2 records instead of 3",
         [](FakeNode& fake) { store_fault(fake, &StoreFaults::scans_short); }},
        {"records.clients_share", "another connection does not see",
         [](FakeNode& fake) { store_fault(fake, &StoreFaults::writes_lost); }},
        {"records.overwrite", "expected 01, got 03",
         [](FakeNode& fake) { store_fault(fake, &StoreFaults::writes_failing); }},
        {"records.extreme_keys", "GetAll: the node ended the connection",
         [](FakeNode& fake) { store_fault(fake, &StoreFaults::reads_failing); }},
        {"dhttest.put_remove_get", "expected 01, got 02",
         [](FakeNode& fake) { fake.answer(RequestCode::put, neo::PutAnswer::wrong_node); }},
        {"dhttest.get_non_existent", "nothing in time", [](FakeNode& fake) { fake.ignore(RequestCode::get); }},
        {"records.empty_value", "Exists does not know",
         [](FakeNode& fake) { fake.answer(RequestCode::exists, neo::ExistsAnswer::no_record); }},
        {"channels.remove_missing", "expected 01, got 03",
         [](FakeNode& fake) { fake.answer(RequestCode::remove_channel, neo::RemoveChannelAnswer::error); }},
        {"dhttest.get_channels", "lists 0 channels instead of 4",
         [](FakeNode& fake) { fake.answer(RequestCode::get_channels, neo::ChannelsCode::finished); }},
        {"mirror.bytes", "expected 05, got 06",
         [](FakeNode& fake) { fake.answer(RequestCode::mirror, neo::MirrorCode::error); }},
        {"dhttest.update_no_record", "expected 07, got 0a",
         [](FakeNode& fake) { fake.answer(RequestCode::update, neo::UpdateCode::error); }},
        {"records.remove_twice", "found a record in an empty channel",
         [](FakeNode& fake) { fake.answer(RequestCode::remove, neo::RemoveAnswer::removed); }},
        {"records.binary_values", "the node ended the connection",
         [](FakeNode& fake) { fake.disconnect_after(2); }},
        {"handshake.accepted", "an answer: nothing in time",
         [](FakeNode& fake) { fake.delay_requests(std::chrono::seconds{8}); }},
        {"handshake.version", "the node ended the connection too early", [](FakeNode& fake) { fake.stop(); }},
    };
    for (const Faulty& each : all) {
        SimulatedSuite sound(options_under_test(), 100);
        const neo::Verdict good = sound.run(each.finder);
        EXPECT_EQ(good.kind, neo::Verdict::Kind::passed) << each.finder << ": " << good.reason;
        SimulatedSuite faulty(options_under_test(), 100);
        each.fault(faulty.fake);
        const neo::Verdict bad = faulty.run(each.finder);
        EXPECT_EQ(bad.kind, neo::Verdict::Kind::failed) << each.finder;
        EXPECT_NE(bad.reason.find(each.reason), std::string::npos) << each.finder << ": " << bad.reason;
    }
}

struct Lax {
    std::string_view finder, reason;
    std::function<void(FakeNodeOptions&)> fault;
};

TEST(ConformanceFaults, NodesThatAreTooLaxOrTooStrictAreFound) {
    const std::vector<Lax> all = {
        {"permission.remove_channel", "expected 02, got 01",
         [](FakeNodeOptions& options) { options.node.permissions.anyone_removes_channels = true; }},
        {"requests.5000", "ended a connection with 5000",
         [](FakeNodeOptions& options) { options.node.session.requests_max = 100; }},
        {"requests.5001", "the end of a connection with 5001 requests: nothing in time",
         [](FakeNodeOptions& options) { options.node.session.requests_max = 10'000; }},
        {"handshake.silent_client", "nothing in time",
         [](FakeNodeOptions& options) { options.node.session.handshake_timeout = std::chrono::hours{1}; }},
        {"frames.huge", "nothing in time",
         [](FakeNodeOptions& options) { options.node.session.message_bytes_max = ~std::uint64_t{0}; }},
        {"handshake.accepted", "turned away",
         [](FakeNodeOptions& options) { options.node.credentials = neo::Credentials(); }},
        {"dhttest.large_value_fetch", "expected 01, got 03",
         [](FakeNodeOptions& options) { options.node.handlers.value_bytes_max = 1000; }},
        {"mirror.overflow", "1000 changes of a queue of 262144",
         [](FakeNodeOptions& options) { options.node.handlers.mirror_queue_max = 1000; }},
        {"connections.fifty", "the node ended the connection",
         [](FakeNodeOptions& options) { options.node.connections_max = 20; }},
    };
    for (const Lax& each : all) {
        FakeNodeOptions options = options_under_test();
        each.fault(options);
        SimulatedSuite bench(options, 100);
        const neo::Verdict verdict = bench.run(each.finder);
        EXPECT_EQ(verdict.kind, neo::Verdict::Kind::failed) << each.finder;
        EXPECT_NE(verdict.reason.find(each.reason), std::string::npos) << each.finder << ": " << verdict.reason;
    }
}

// ---- nodes that lose messages ----

bool is(Bytes payload, neo::Control control) { return payload == std::string(1, static_cast<char>(control)); }

// Neither obeys nor answers this control message.
WireFaults deaf_to(neo::Control control) {
    WireFaults faults;
    faults.heard = [control](StreamId, neo::RequestId, Bytes payload) { return is(payload, control); };
    return faults;
}

// Obeys the control message and never acknowledges it.
WireFaults never_acknowledging(neo::Control control) {
    WireFaults faults;
    auto asked = std::make_shared<std::set<std::pair<StreamId, neo::RequestId>>>();
    faults.heard = [control, asked](StreamId stream, neo::RequestId id, Bytes payload) {
        if (is(payload, control)) asked->emplace(stream, id);
        return false;
    };
    faults.said = [asked](StreamId stream, neo::RequestId id, Bytes payload) {
        return is(payload, neo::Control::ack) && asked->erase({stream, id}) > 0;
    };
    return faults;
}

struct Wired {
    std::string_view finder, reason;
    WireFaults faults;
};

void expect_found(const std::vector<Wired>& all) {
    for (const Wired& each : all) {
        SimulatedSuite sound(options_under_test(), 100);
        const neo::Verdict good = sound.run(each.finder);
        EXPECT_EQ(good.kind, neo::Verdict::Kind::passed) << each.finder << ": " << good.reason;
        SimulatedSuite faulty(options_under_test(), 100);
        faulty.wire.faults = each.faults;
        const neo::Verdict bad = faulty.run(each.finder);
        EXPECT_EQ(bad.kind, neo::Verdict::Kind::failed) << each.finder;
        EXPECT_NE(bad.reason.find(each.reason), std::string::npos) << each.finder << ": " << bad.reason;
    }
}

TEST(ConformanceFaults, NodesThatDoNotHearOrAcknowledgeControlsAreFound) {
    using neo::Control;
    expect_found({
        {"dhttest.get_all_suspend", "no Ack of Resume before it", never_acknowledging(Control::resume)},
        {"get_all.start_suspended", "no Ack of Resume before it", never_acknowledging(Control::resume)},
        {"get_all.repeated_controls", "no Ack of Resume before it", never_acknowledging(Control::resume)},
        {"get_all.repeated_controls", "GetAll: nothing in time", never_acknowledging(Control::suspend)},
        {"dhttest.get_all_suspend", "no Ack of Suspend before it", deaf_to(Control::suspend)},
        {"get_all.stop_midway", "no Ack of Stop before it", deaf_to(Control::stop)},
        {"get_all.stop_midway", "GetAll: nothing in time", never_acknowledging(Control::stop)},
        {"get_all.stop", "GetAll: nothing in time", deaf_to(Control::stop)},
        {"dhttest.mirror_suspend", "Mirror: nothing in time", never_acknowledging(Control::resume)},
    });
}

WireFaults losing_heard(std::function<bool(Bytes payload)> which) {
    WireFaults faults;
    faults.heard = [which](StreamId, neo::RequestId, Bytes payload) { return which(payload); };
    return faults;
}

WireFaults losing_said(std::string said) {
    WireFaults faults;
    faults.said = [said](StreamId, neo::RequestId, Bytes payload) { return payload == said; };
    return faults;
}

// Falls silent where it should end a connection.
WireFaults never_ending() {
    WireFaults faults;
    faults.never_ends = true;
    return faults;
}

TEST(ConformanceFaults, NodesThatParseTooStrictlyOrNotAtAllAreFound) {
    const auto longer_than_its_code = [](char code) {
        return losing_heard(
            [code](Bytes payload) { return payload.size() > 1 && payload[0] == code && payload[1] == 's'; });
    };
    expect_found({
        {"update.surplus_lenient", "GetRecord with surplus bytes, whether supported: nothing in time",
         losing_heard([](Bytes payload) { return payload[0] == 10 && payload.ends_with("surplus"); })},
        {"update.surplus_lenient", "LeaveRecord with surplus bytes: nothing in time", longer_than_its_code(4)},
        {"update.surplus_lenient", "RemoveRecord with surplus bytes: nothing in time", longer_than_its_code(3)},
        {"update.malformed_decision", "an UpdateRecord of 22 bytes instead of 21", never_ending()},
        {"requests.surplus_lenient", "GetChannels with surplus bytes: nothing in time", losing_said("\x03")},
        {"requests.active_id", "an Exists of the id of a running GetHashRange",
         losing_heard([](Bytes payload) { return payload[0] == 7; })},
        {"handshake.lying_name", "a name of 6 bytes: the end of the connection", never_ending()},
    });
}

TEST(ConformanceFaults, NodesWhoseMirrorsMissTheEndOfTheirChannelAreFound) {
    expect_found({
        {"mirror.removal_before_ack", "Mirror: nothing in time", losing_said("\x0a")},
        {"mirror.removal_before_ack", "neither an Ack nor ChannelRemoved",
         [] {
             WireFaults faults;
             faults.said = [](StreamId, neo::RequestId, Bytes payload) {
                 return payload == "\x0a" || is(payload, neo::Control::ack);
             };
             return faults;
         }()},
        {"mirror.removal_not_acknowledged", "the node ended the connection", deaf_to(neo::Control::ack)},
    });
}

TEST(ConformanceFaults, ChannelsThatWereThereBeforeTheSuiteAreNamed) {
    for (const std::string_view finder : {"dhttest.get_channels", "dhttest.get_channels_remove"}) {
        SimulatedSuite bench(options_under_test(), 100);
        ASSERT_TRUE(bench.fake.put("users", Key{1}, "not ours"));
        const neo::Verdict verdict = bench.run(finder);
        EXPECT_EQ(verdict.kind, neo::Verdict::Kind::failed) << finder;
        EXPECT_EQ(verdict.reason,
                  "GetChannels lists 5 channels instead of 4: the case wants a node without other "
                  "channels, and there is `users`");
        EXPECT_EQ(bench.fake.channels(), std::vector<std::string>{"users"}) << "what it wrote to is removed";
    }
}

// ---- messages in pieces ----

TEST(ConformanceFaults, ANodeThatCannotBearPiecesIsFoundInTheVirtualWorldAndOverLoopback) {
    for (const std::string_view finder : {"frames.byte_by_byte", "frames.handshake_byte_by_byte"}) {
        SimulatedSuite sound(options_under_test(), 100);
        EXPECT_EQ(sound.run(finder).kind, neo::Verdict::Kind::passed);
        SimulatedSuite virtual_bench(options_under_test(), 100);
        virtual_bench.wire.faults.wants_whole = true;
        EXPECT_EQ(virtual_bench.run(finder).kind, neo::Verdict::Kind::failed) << finder;
        LoopbackSuite bench;
        EXPECT_EQ(bench.run(finder).kind, neo::Verdict::Kind::passed);
        // Of a hundred single bytes one or two may be late and arrive with the next. A whole message never arrives
        // at once.
        EXPECT_GT(bench.wire.faults.pieces_most, 10U) << finder;
        LoopbackSuite faulty;
        faulty.wire.faults.wants_whole = true;
        const neo::Verdict bad = faulty.run(finder);
        EXPECT_EQ(bad.kind, neo::Verdict::Kind::failed) << finder;
        EXPECT_NE(bad.reason.find("the node ended the connection"), std::string::npos) << bad.reason;
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
