// The first byte chooses the target of the other bytes: one of the decoders, a node's session before or after its
// handshake, or the credentials. Every input is an error or a message that is unchanged after encoding and
// decoding. A session ends or continues within its limits.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>

#include "overlay/dht/node/neo_session.h"
#include "overlay/dht/wire/neo_codec.h"
#include "overlay/dht/wire/neo_credentials.h"
#include "overlay/dht/wire/record_batch.h"
#include "store/records/memory_store.h"

namespace {

using namespace halp;
using namespace halp::neo;

void require(bool holds) {
    if (!holds) std::abort();
}

Bytes payload_of(const std::string& frame) { return Bytes(frame).substr(header_bytes + request_id_bytes); }

// A decoded message must be the same after encoding and decoding.
template <class T, class Encode, class Decode>
void check(const Decoded<T>& decoded, std::size_t skip, Encode encode, Decode decode) {
    if (std::holds_alternative<DecodeError>(decoded)) return;
    std::string again;
    encode(again, std::get<T>(decoded));
    const auto second = decode(payload_of(again).substr(skip));
    require(std::holds_alternative<T>(second) && std::get<T>(second) == std::get<T>(decoded));
}

void check_requests(Bytes input) {
    check(
        decode_put(input), 2, [](std::string& o, const PutRequest& m) { encode_put(o, 1, m); }, decode_put);
    check(
        decode_record_key(input, Parsing::strict), 2,
        [](std::string& o, const RecordAddress& m) { encode_record_key(o, 1, RequestCode::get, m); },
        [](Bytes b) { return decode_record_key(b, Parsing::lenient); });
    check(
        decode_get_all(input), 2, [](std::string& o, const GetAllRequest& m) { encode_get_all(o, 1, m); },
        decode_get_all);
    check(
        decode_mirror(input), 2, [](std::string& o, const MirrorRequest& m) { encode_mirror(o, 1, m); },
        decode_mirror);
    check(
        decode_update(input), 2, [](std::string& o, const UpdateRequest& m) { encode_update(o, 1, m); },
        decode_update);
    check(
        decode_update_decision(input), 0,
        [](std::string& o, const UpdateDecision& m) { encode_update_decision(o, 1, m); }, decode_update_decision);
    check(
        decode_channel(input), 2, [](std::string& o, Bytes m) { encode_remove_channel(o, 1, m); }, decode_channel);
}

void check_answers(Bytes input) {
    check(
        decode_value(input), 0, [](std::string& o, Bytes m) { encode_value(o, 1, m); }, decode_value);
    check(
        decode_channels_answer(input), 0,
        [](std::string& o, const ChannelsAnswer& m) { encode_channels_answer(o, 1, m); }, decode_channels_answer);
    check(
        decode_get_all_answer(input), 0,
        [](std::string& o, const GetAllAnswer& m) { encode_get_all_answer(o, 1, m); }, decode_get_all_answer);
    check(
        decode_mirror_answer(input), 0,
        [](std::string& o, const MirrorAnswer& m) { encode_mirror_answer(o, 1, m); }, decode_mirror_answer);
    check(
        decode_update_answer(input), 0,
        [](std::string& o, const UpdateAnswer& m) { encode_update_answer(o, 1, m); }, decode_update_answer);
    check(
        decode_hash_range(input), 0, [](std::string& o, const RangeBounds& m) { encode_hash_range(o, 1, m); },
        decode_hash_range);
    check(
        decode_hash_range_news(input), 0,
        [](std::string& o, const HashRangeNews& m) { encode_hash_range_news(o, 1, m); }, decode_hash_range_news);
    check(
        decode_support(input), 0, [](std::string& o, Support m) { encode_support(o, 1, m); }, decode_support);
}

void check_batches(Bytes input) {
    std::string plain;
    if (!unpack(input, 2 * batch_bytes, plain)) return;
    require(plain.size() <= 2 * batch_bytes);
    for (const bool keys_only : {false, true}) {
        RecordBatchReader records(plain, keys_only);
        while (records.next()) {
        }
    }
    RefreshBatchReader refreshed(plain);
    while (refreshed.next()) {
    }
}

class World : public SessionOwner, public CompletionHandler {
public:
    World() {
        limits.output_bytes_max = 4096;
        limits.message_bytes_max = 1 << 20;
        handlers.mirror_queue_max = 16;
    }
    void on_ready(std::uint64_t) override {}
    void on_written(std::uint64_t, std::uint64_t request, Wrote wrote) override {
        session.on_written(request, wrote);
    }

    // Makes frames of the input with one byte of length each, so that the fuzzer need not find the parity.
    void feed(Bytes input, bool framed) {
        for (int step = 0; !input.empty() && !session.over() && step < 200; ++step) {
            const auto size = static_cast<std::uint8_t>(input.front());
            const Bytes part = input.substr(1, size);
            input.remove_prefix(1 + part.size());
            std::string frame;
            if (framed) {
                FrameWriter writer(frame, FrameType::request);
                frame += part;
            } else {
                frame = part;
            }
            session.on_bytes(frame, now, UnixSeconds{0x6b001f35});
            turn();
        }
    }
    void turn() {
        records.collect();
        TurnBudget budget(100000);
        session.pump(now, budget);
        require(session.output().size() < limits.output_bytes_max + (std::size_t{1} << 20));
        session.output().clear();
        now += std::chrono::milliseconds{100};
        if (now >= session.next_deadline()) session.on_deadline(now);
    }
    void open() {
        const Nonce nonce{};
        session.on_bytes("\x01", now, UnixSeconds{100});
        std::string said;
        encode_timestamp(said, 100);
        session.on_bytes(said, now, UnixSeconds{100});
        said.clear();
        encode_proof(said, {"admin", handshake_hmac({}, 100, nonce)});
        session.on_bytes(said, now, UnixSeconds{100});
        session.output().clear();
        require(session.authenticated());
    }

    Instant now = Instant{} + std::chrono::hours{1};
    SessionLimits limits;
    HandlerLimits handlers;
    Permissions permissions;
    Credentials credentials = Credentials::for_tests();
    MemoryStore store;
    WriteLog records{store};
    HashRanges ranges{HashRange::full()};
    HandlerContext context{records, ranges, handlers, permissions, *this};
    NodeSession session{1, limits, credentials, context, *this, Nonce{}, now};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Bytes input{reinterpret_cast<const char*>(data) + 1, size - 1};
    switch (data[0] % 6) {
        case 0:
            check_requests(input);
            break;
        case 1:
            check_answers(input);
            break;
        case 2:
            check_batches(input);
            break;
        case 3: {
            World world;
            world.feed(input, false);
            break;
        }
        case 4: {
            World world;
            world.open();
            world.feed(input, true);
            break;
        }
        default: {
            const auto credentials = Credentials::parse(input);
            require(!credentials || credentials.value().size() <= size / 256);
            break;
        }
    }
    return 0;
}
