// The legacy protocol at the level of bytes: each request, the order of judgement, requests sent ahead, limits.
#include "overlay/dht/node/legacy_session.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "overlay/dht/node/legacy_lookahead.h"
#include "tests/overlay/dht/legacy_bench.h"
#include "tests/overlay/dht/slow_store.h"

namespace halp::legacy {
namespace HALP_TEST_FILE {

using neo::bytes;
using neo::hex;
using neo::SessionEnd;
using std::chrono::milliseconds;

std::string status(Status of) {
    std::string out;
    encode_status(out, of);
    return hex(out);
}
const std::string ok = "c8000000";
std::string golden(std::string_view text) { return hex(bytes(text)); }

HashRange upper_half() { return HashRange::make(1ULL << 63, ~0ULL).value(); }  // without the even keys

std::string batch_of(const std::vector<std::pair<std::uint64_t, std::string>>& records) {
    neo::RecordBatch batch(neo::KeyForm::digits);
    for (const auto& [key, value] : records) EXPECT_EQ(batch.add(Key{key}, value), neo::RecordBatch::Fit::added);
    std::string out;
    neo::pack(batch.plain(), out);
    return out;
}

TEST(LegacySession, PutsGetsAndRemovesARecord) {
    Bench bench;
    EXPECT_EQ(bench.ask(Command::get), golden("c8 00*3 | 00*8")) << "a missing channel";
    EXPECT_EQ(bench.ask(Command::exists), golden("c8 00*3 00"));
    EXPECT_EQ(bench.ask(Command::remove), ok) << "nothing to remove, and no channel made";
    EXPECT_EQ(bench.store.channel_count(), 0U);
    EXPECT_EQ(bench.ask(Command::put), ok);
    EXPECT_EQ(bench.ask(Command::get), golden("c8 00*3 | 05 00*7 68 65 6c 6c 6f"));
    EXPECT_EQ(bench.ask(Command::exists), golden("c8 00*3 01"));
    EXPECT_EQ(bench.ask(Command::remove), ok);
    EXPECT_EQ(bench.ask(Command::get), golden("c8 00*3 | 00*8")) << "a missing record";
}

// What is looked for beforehand is what is carried out.
TEST(LegacySession, LooksAheadAtWholeRequestsAboutOneRecord) {
    for (const Command command : {Command::put, Command::get, Command::exists, Command::remove}) {
        Request request;
        request.command = command;
        request.channel = "chan";
        request.key = "00000000000000ab";
        request.value = "hello";
        std::string sent;
        encode_request(sent, request);
        for (std::size_t length = 0; length < sent.size(); ++length)
            EXPECT_FALSE(ArrivedRequests::arrived(Bytes(sent).substr(0, length)));
        sent += "more";
        const ReadRequest whole = read_request(sent, 1000);
        const auto seen = ArrivedRequests::arrived(sent);
        ASSERT_TRUE(seen);
        EXPECT_EQ(seen->bytes, whole.bytes);
        EXPECT_EQ(seen->key, Key{0xab});
        EXPECT_EQ(seen->is_put, command == Command::put);
    }
    std::string other;
    Request request;
    request.command = Command::get_all;
    request.channel = "chan";
    encode_request(other, request);
    EXPECT_FALSE(ArrivedRequests::arrived(other));
}

TEST(LegacySession, SaysWhatItIsAndHolds) {
    Bench bench;
    bench.options.address = "a";
    bench.options.port = 10000;
    bench.ranges.set_own(upper_half());
    EXPECT_EQ(bench.ask(Command::get_version), golden("c8 00*3 | 08 00*7 32 30 31 31 30 34 30 31"));
    EXPECT_EQ(bench.ask(Command::get_responsible_range), golden("c8 00*3 | 00*7 80 | ff*8"));
    EXPECT_EQ(bench.ask(Command::get_num_connections), golden("c8 00*3 | 01 00*7 61 10 27 03 00*7"));
    EXPECT_EQ(bench.ask(Command::get_channel_size), golden("c8 00*3 | 01 00*7 61 10 27 00*8 00*8"));
    EXPECT_EQ(bench.ask(Command::put, "chan", 1), ok);
    EXPECT_EQ(bench.ask(Command::put, "other", 3), ok);
    EXPECT_EQ(bench.ask(Command::get_channel_size), golden("c8 00*3 | 01 00*7 61 10 27 01 00*7 05 00*7"));
    EXPECT_EQ(bench.ask(Command::get_size), golden("c8 00*3 | 01 00*7 61 10 27 02 00*7 0a 00*7"));
    EXPECT_EQ(bench.ask(Command::get_channels),
              golden("c8 00*3 | 04 00*7 63 68 61 6e | 05 00*7 6f 74 68 65 72 | 00*8"));
    EXPECT_EQ(bench.ask(Command::remove_channel), ok);
    EXPECT_EQ(bench.ask(Command::remove_channel), ok) << "there is none";
    EXPECT_EQ(bench.ask(Command::get_channels), golden("c8 00*3 | 05 00*7 6f 74 68 65 72 | 00*8"));
    EXPECT_EQ(bench.ask(Command::redistribute), status(Status::error));
}

TEST(LegacySession, JudgesInTheOrderOfTheOriginals) {
    Bench bench;
    bench.options.value_bytes_max = 5;
    bench.ranges.set_own(upper_half());
    EXPECT_EQ(bench.ask(Command::put, "a.b", 2, "123456"), status(Status::bad_channel_name)) << "before the rest";
    EXPECT_EQ(bench.ask(Command::put, "chan", 2, "123456"), status(Status::wrong_node));
    EXPECT_EQ(bench.ask(Command::put, "chan", 2, ""), status(Status::wrong_node));
    EXPECT_EQ(bench.ask(Command::put, "chan", 1, "123456"), status(Status::value_too_big));
    EXPECT_EQ(bench.ask(Command::put, "chan", 1, ""), status(Status::empty_value));
    EXPECT_EQ(bench.ask(Command::put, "chan", 1, "12345"), ok) << "the limit itself";
    EXPECT_EQ(bench.ask(Command::remove, "chan", 2), status(Status::wrong_node));
    EXPECT_EQ(bench.ask(Command::get, "chan", 2), golden("c8 00*3 | 00*8")) << "Get does not look at the range";
    EXPECT_EQ(bench.ask(Command::exists, "chan", 2), golden("c8 00*3 00"));
    for (const Command command :
         {Command::get, Command::exists, Command::remove, Command::get_channel_size, Command::remove_channel,
          Command::listen, Command::get_all, Command::get_all_keys, Command::get_all_filter, Command::put_batch})
        EXPECT_EQ(bench.ask(command, "a b"), status(Status::bad_channel_name)) << name(command);
    EXPECT_FALSE(bench.session->over());
}

TEST(LegacySession, RefusesAPutThatTheStoreHasNoRoomFor) {
    Bench bench;
    MemoryStore::Limits small;
    small.bytes_max = 1;
    MemoryStore full(small);
    Bench other(&full);
    EXPECT_EQ(other.ask(Command::put, "chan", 2, std::string(4000, 'x')), status(Status::out_of_memory));
    EXPECT_EQ(other.ask(Command::put_batch, "chan", 2, batch_of({{1, std::string(4000, 'x')}})),
              status(Status::out_of_memory));
}

TEST(LegacySession, AnswersEveryByteSentAloneAndManyRequestsSentAhead) {
    Bench bench;
    const std::string all = Bench::wire(Command::put) + Bench::wire(Command::get) + Bench::wire(Command::get_all) +
                            Bench::wire(Command::get_version) + Bench::wire(Command::remove);
    const std::string answers = bench.raw(all);
    Bench other;
    std::string in_pieces;
    for (const char byte : all) in_pieces += other.raw(std::string(1, byte));
    EXPECT_EQ(hex(in_pieces), hex(answers));
    EXPECT_EQ(hex(answers).substr(0, 8), ok);
    EXPECT_TRUE(hex(answers).ends_with(golden("c8 00*3 | 08 00*7 32 30 31 31 30 34 30 31 | c8 00*3")));
}

TEST(LegacySession, EndsOverWhatIsNoRequest) {
    for (const std::string& wrong :
         {bytes("00*4"), bytes("02 00*3"), bytes("ff*4"), bytes("07 00*3 01 00*7 61 0f 00*7 30*15"),
          bytes("07 00*3 01 00*7 61 10 00*7 67*16")}) {
        Bench bench;
        EXPECT_EQ(bench.raw(wrong), "") << hex(wrong);
        EXPECT_EQ(bench.session->end(), SessionEnd::malformed) << hex(wrong);
    }
}

TEST(LegacySession, ReadsAnArrayThatIsTooLongToItsEndAndThenEnds) {
    Bench bench;
    EXPECT_EQ(bench.raw(bytes("12 00*3 | 01 00 a0 00*5")), "");
    const std::string piece(std::size_t{1} << 20, 'x');
    for (int i = 0; i < 10; ++i) EXPECT_EQ(bench.raw(piece), "");
    EXPECT_FALSE(bench.session->over());
    EXPECT_EQ(bench.raw("x"), "");
    EXPECT_EQ(bench.session->end(), SessionEnd::malformed);
}

TEST(LegacySession, ThrowsAwayAValueThatIsTooLongAndGoesOn) {
    Bench bench;
    std::string put = Bench::wire(Command::put, "chan", 2, std::string(70000, 'v'));
    EXPECT_EQ(hex(bench.raw(put.substr(0, 1000))), status(Status::value_too_big));
    EXPECT_EQ(bench.raw(put.substr(1000)), "");
    EXPECT_EQ(bench.ask(Command::get), golden("c8 00*3 | 00*8"));
}

TEST(LegacySession, MustHearOfTheFirstRequestInTime) {
    Bench bench;
    bench.pass(bench.limits.handshake_timeout - milliseconds{1});
    EXPECT_FALSE(bench.session->over());
    bench.pass(milliseconds{1});
    EXPECT_EQ(bench.session->end(), SessionEnd::too_slow);
    bench.connect();
    bench.ask(Command::get_version);
    EXPECT_EQ(bench.session->next_deadline(), no_deadline) << "a pool keeps connections open";
}

TEST(LegacySession, EndsWhenMoreIsSentAheadThanItKeeps) {
    Bench bench;
    bench.limits.held_bytes_max = 1000;
    bench.session->set_unsent(bench.limits.output_bytes_max);
    EXPECT_EQ(bench.raw(std::string(1000, '\x18')), "");
    EXPECT_FALSE(bench.session->over());
    bench.raw("x");
    EXPECT_EQ(bench.session->end(), SessionEnd::too_many);
}

TEST(LegacySession, AnswersOnlyWhileTheOutputHasRoom) {
    Bench bench;
    bench.ask(Command::put, "chan", 2, std::string(60000, 'v'));
    std::string gets;
    for (int i = 0; i < 10; ++i) gets += Bench::wire(Command::get);
    bench.session->on_bytes(gets, bench.now, UnixSeconds{});
    EXPECT_LE(bench.session->output().size(), bench.limits.output_bytes_max + 60020);
    std::string all;
    for (int i = 0; i < 10; ++i) all += bench.turn();
    EXPECT_EQ(all.size(), 10U * (4 + 8 + 60000));
}

// ---- writes that are completed later ----

TEST(LegacySession, WritesSideBySideAndAnswersInOrder) {
    SlowStore slow;
    Bench bench(&slow);
    bench.ranges.set_own(upper_half());
    std::string ahead;
    for (const std::uint64_t key : {1U, 3U, 2U, 5U}) ahead += Bench::wire(Command::put, "chan", key);
    ahead += Bench::wire(Command::get, "chan", 5);
    EXPECT_EQ(bench.raw(ahead), "") << "nothing is on the disk, not even for key 2, which is another node's";
    EXPECT_EQ(slow.waiting_bytes(), 300U) << "all three at a time";
    ASSERT_TRUE(slow.commit());
    EXPECT_EQ(hex(bench.turn()),
              ok + ok + status(Status::wrong_node) + ok + golden("c8 00*3 | 05 00*7 68 65 6c 6c 6f"))
        << "the Get sees the Put before it";
}

TEST(LegacySession, PutsABatchInTheOrderOfItsRecordsUpToTheFirstThatFails) {
    SlowStore slow;
    for (RecordStore* engine : {static_cast<RecordStore*>(nullptr), static_cast<RecordStore*>(&slow)}) {
        Bench bench(engine);
        bench.ranges.set_own(upper_half());
        const auto put = [&](const std::string& batch) {
            std::string answer = hex(bench.raw(Bench::wire(Command::put_batch, "chan", 0, batch)));
            EXPECT_TRUE(slow.commit());
            return answer + hex(bench.turn());
        };
        EXPECT_EQ(put(batch_of({})), ok);
        EXPECT_EQ(put(batch_of({{1, "one"}, {3, "three"}})), ok);
        EXPECT_EQ(put(batch_of({{5, "five"}, {2, "two"}, {7, ""}})), status(Status::wrong_node));
        EXPECT_EQ(put(batch_of({{9, "nine"}, {7, ""}, {2, "two"}})), status(Status::empty_value));
        const Channel chan = Channel::parse("chan").value();
        EXPECT_EQ(bench.records.store().count(chan).records, 4U) << "1, 3, 5 and 9: what came before stays";
    }
}

TEST(LegacySession, AnswersABatchThatIsNoneWithErrorAndStoresNothing) {
    Bench bench;
    std::string plain = "0123456789", broken, lying = batch_of({{1, "one"}});
    neo::pack(plain, broken);
    lying[7] = '\x7f';  // announces 2^62 bytes
    for (const std::string& batch : {std::string{}, std::string("x"), broken, lying})
        EXPECT_EQ(bench.ask(Command::put_batch, "chan", 0, batch), status(Status::error)) << hex(batch);
    EXPECT_EQ(bench.store.channel_count(), 0U);
}

// ---- GetAll ----

TEST(LegacySession, SendsAllRecordsInOneBatchAsTheOriginals) {
    Bench bench;
    bench.ask(Command::put, "chan", 0x1122334455667788);
    EXPECT_EQ(
        bench.ask(Command::get_all),
        golden(
            "c8 00*3 | 31 00*7 | 25 00*7 36 10 00*7 31 31 32 32 33 33 34 34 35 35 36 36 37 37 38 38 05 00*7 68 65 "
            "6c 6c 6f 11 00 00 | 00*8"));
    const std::string nothing = golden("c8 00*3 | 0b 00*7 | 00*8 11 00 00 | 00*8");
    EXPECT_EQ(bench.ask(Command::get_all, "none"), nothing);
    EXPECT_EQ(bench.store.channel_count(), 1U) << "asking makes no channel";
    EXPECT_EQ(bench.ask(Command::get_all_filter, "chan", 0, "help"), nothing);
    EXPECT_EQ(bench.ask(Command::get_all_filter, "chan", 0, "ell"), bench.ask(Command::get_all));
    EXPECT_EQ(bench.ask(Command::get_all_filter, "chan", 0, ""), bench.ask(Command::get_all)) << "matches all";
}

// batch_size of the original: of its batches, and of its longest value.
TEST(LegacySession, SendsBatchesOfTheSizeThatTheOperatorSets) {
    Bench bench;
    bench.options.batch_bytes = 1024;
    for (std::uint64_t key = 0; key < 4; ++key) bench.ask(Command::put, "chan", key, std::string(480, 'v'));
    const std::string out = bench.raw(Bench::wire(Command::get_all)) + bench.turn() + bench.turn();
    std::size_t batches = 0;
    for (std::size_t at = 4; at + 8 <= out.size(); ++batches) {
        const auto bytes = static_cast<std::size_t>(static_cast<unsigned char>(out[at])) |
                           static_cast<std::size_t>(static_cast<unsigned char>(out[at + 1])) << 8U;
        std::string plain;
        if (bytes == 0) break;
        ASSERT_TRUE(neo::unpack(Bytes(out).substr(at + 8, bytes), 1024, plain));
        EXPECT_EQ(plain.size(), 2 * (480 + batch_overhead));
        at += 8 + bytes;
    }
    EXPECT_EQ(batches, 2U);
}

TEST(LegacySession, SendsManyRecordsInBatchesWhileTheOutputHasRoom) {
    Bench bench;
    for (std::uint64_t key = 0; key < 300; ++key) bench.ask(Command::put, "chan", key, std::string(1000, 'v'));
    for (const Command command : {Command::get_all, Command::get_all_keys}) {
        std::string out = bench.raw(Bench::wire(command));
        for (int i = 0; i < 10; ++i) out += bench.turn();
        ASSERT_EQ(hex(out.substr(0, 4)), ok);
        std::size_t at = 4, records = 0;
        std::string plain;
        for (;;) {
            const ReadItem item = read_item(command, Bytes(out).substr(at));
            at += item.bytes;
            if (item.kind != ReadItem::Kind::item) break;
            ASSERT_TRUE(neo::unpack(item.first, neo::batch_bytes, plain));
            neo::RecordBatchReader read(plain, command == Command::get_all_keys, neo::KeyForm::digits);
            while (const auto record = read.next()) EXPECT_EQ(record->key, Key{records++});
            EXPECT_FALSE(read.failed());
        }
        EXPECT_EQ(records, 300U);
        EXPECT_EQ(at, out.size());
    }
}

// ---- Listen ----

class LegacyListen : public ::testing::Test {
protected:
    std::string change(std::uint64_t key, std::string_view value) {
        std::string out;
        encode_record(out, Key{key}, value);
        return hex(out);
    }
    void put(std::uint64_t key, std::string_view value) {
        bench.records.put(chan, Key{key}, value, {});
        bench.records.collect();
    }
    void remove_channel() {
        bench.records.remove_channel(chan, {});
        bench.records.collect();
    }
    Bench bench;
    const Channel chan = Channel::parse("chan").value();
    const std::string end = golden("00*16");
};

TEST_F(LegacyListen, KeepsStatusAndChangesBackUntilTheNextFlush) {
    EXPECT_EQ(bench.ask(Command::listen), "");
    EXPECT_TRUE(bench.store.has_channel(chan)) << "a Listen makes its channel";
    bench.pass(milliseconds{249});
    EXPECT_EQ(bench.turn(), "");
    bench.pass(milliseconds{1});
    EXPECT_EQ(hex(bench.turn()), ok);
    put(9, "val");
    put(8, "other");
    EXPECT_EQ(bench.turn(), "");
    bench.pass(milliseconds{250});
    EXPECT_EQ(hex(bench.turn()), change(9, "val") + change(8, "other"));
    EXPECT_EQ(bench.session->next_deadline(), no_deadline);
}

TEST_F(LegacyListen, TellsAtOnceWhereNothingIsKeptBack) {
    bench.options.flush_interval = Duration{0};
    EXPECT_EQ(bench.ask(Command::listen), "") << "the status comes with the first change";
    put(9, "val");
    EXPECT_EQ(hex(bench.turn()), golden("c8 00*3 | 10 00*7 30*15 39 | 03 00*7 76 61 6c"));
    bench.records.remove(chan, Key{9}, {});
    EXPECT_EQ(bench.turn(), "") << "removals are not told";
    remove_channel();
    EXPECT_EQ(hex(bench.turn()), end);
    EXPECT_EQ(bench.ask(Command::get_version).substr(0, 8), ok) << "the connection can be used again";
}

TEST_F(LegacyListen, TellsChangesOfAChannelThatIsGoneWithoutTheirValues) {
    bench.ask(Command::listen);
    put(1, "one");
    put(2, "two");
    remove_channel();
    EXPECT_EQ(hex(bench.turn()), ok + change(1, "") + change(2, "") + end);
    EXPECT_EQ(bench.records.listener_count(chan), 0U);
}

TEST_F(LegacyListen, EndsWithWhateverTheClientSends) {
    bench.ask(Command::listen);
    EXPECT_EQ(bench.ask(Command::get_version), ok + golden("c8 00*3 | 08 00*7 32 30 31 31 30 34 30 31"));
    EXPECT_EQ(bench.records.listener_count(chan), 0U);
    put(1, "one");
    bench.pass(milliseconds{1000});
    EXPECT_EQ(bench.turn(), "");
}

TEST_F(LegacyListen, EndsWithItsConnection) {
    bench.ask(Command::listen);
    EXPECT_EQ(bench.records.listener_count(chan), 1U);
    bench.session->on_closed();
    bench.session.reset();
    EXPECT_EQ(bench.records.listener_count(chan), 0U);
}

TEST_F(LegacyListen, KeepsSoManyChangesAndCountsTheOthers) {
    bench.options.listen_queue_max = 3;
    bench.ask(Command::listen);
    for (std::uint64_t key = 0; key < 5; ++key) put(key, "v");
    EXPECT_EQ(bench.context.failures.changes_dropped, 2U);
    EXPECT_EQ(bench.turn(), "");
    bench.pass(milliseconds{250});
    EXPECT_EQ(hex(bench.turn()), ok + change(0, "v") + change(1, "v") + change(2, "v"));
}

TEST_F(LegacyListen, FlushesWhenMuchIsKeptBack) {
    bench.ask(Command::listen);
    put(1, std::string(70000, 'v'));
    EXPECT_EQ(bench.turn().size(), 4U + 24 + 8 + 70000);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::legacy
