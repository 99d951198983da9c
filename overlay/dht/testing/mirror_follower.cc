#include "overlay/dht/testing/mirror_follower.h"

#include <string_view>
#include <variant>

#include "overlay/dht/wire/record_batch.h"
#include "store/records/key.h"

namespace halp::neo::mirror_follower {
namespace {

constexpr std::size_t refresh_plain_max = 2 * batch_bytes;

void take_batch(CaseRun& t, Bytes batch, Seen& seen) {
    ++seen.batches;
    std::string plain;
    t.expect(unpack(batch, refresh_plain_max, plain), "Mirror: a refresh batch that cannot be unpacked");
    RefreshBatchReader reader(plain);
    while (const auto record = reader.next())
        seen.refreshed.push_back({value_of(record->key), std::string(record->value)});
    t.expect(!reader.failed(), "Mirror: a refresh batch that ends in the middle of a record");
}

}  // namespace

RequestId begin(CaseRun& t, Peer& peer, bool suspended, bool refresh, std::uint32_t period_s) {
    const RequestId id = t.start_with(peer, [&](std::string& out, RequestId i) {
        encode_mirror(out, i, {suspended, test_channel, refresh, period_s});
    });
    t.expect_answer(peer, id, MirrorCode::started, "Mirror");
    return id;
}

void take(CaseRun& t, Peer& peer, RequestId id, Seen& seen) {
    const std::string payload = t.message(peer, id, "Mirror");
    const auto decoded = decode_mirror_answer(payload);
    const auto* answer = std::get_if<MirrorAnswer>(&decoded);
    if (!answer) return t.fail("Mirror: a message it does not have: " + hex_of(payload));
    switch (answer->code) {
        case MirrorCode::ack:
            ++seen.acks;
            break;
        case MirrorCode::record_changed:
            seen.changed.push_back({answer->key, std::string(answer->value)});
            break;
        case MirrorCode::record_deleted:
            seen.deleted.push_back(answer->key);
            break;
        case MirrorCode::record_refresh_batch:
            take_batch(t, answer->value, seen);
            break;
        case MirrorCode::channel_removed:
            ++seen.removed;
            break;
        case MirrorCode::update_overflow:
            ++seen.overflows;
            break;
        default:
            t.fail("Mirror: an unexpected message " + hex_of(payload));
    }
}

void take_rest(CaseRun& t, Peer& peer, RequestId id, Seen& seen) {
    t.pass_quiet();
    while (!t.over() && t.has_message(peer, id)) take(t, peer, id, seen);
}

void control(CaseRun& t, Peer& peer, RequestId id, Control what, Seen& seen) {
    const std::size_t before = seen.acks;
    t.say_to(peer, id, octets({static_cast<int>(what)}));
    take_until(t, peer, id, seen, [&] { return seen.acks > before; });
}

void expect_counts(CaseRun& t, const Seen& seen, std::size_t changed, std::size_t deleted, std::size_t refreshed) {
    const auto say = [&](std::string_view what, std::size_t is, std::size_t wanted) {
        t.expect(is == wanted, "Mirror: " + std::to_string(is) + " records " + std::string(what) + " instead of " +
                                   std::to_string(wanted));
    };
    say("changed", seen.changed.size(), changed);
    say("deleted", seen.deleted.size(), deleted);
    say("refreshed", seen.refreshed.size(), refreshed);
    t.expect(seen.overflows == 0, "Mirror: an overflow without cause");
}

}  // namespace halp::neo::mirror_follower
