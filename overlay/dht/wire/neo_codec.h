// The frames and messages of the neo protocol as values and as bytes (neo.md). All functions are pure. Decoders
// return views into the given bytes and allocate nothing for lengths that a stranger announces.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "overlay/environment.h"

namespace halp::neo {

inline constexpr std::uint8_t protocol_version = 1;
inline constexpr std::size_t header_bytes = 10;
inline constexpr std::size_t request_id_bytes = 8;
inline constexpr std::uint64_t authentication_body_max = 999;
// The longest value that fits into a GetAll batch with its 8-byte key. Clients of the original refuse longer
// values.
inline constexpr std::size_t value_bytes_max = 65512;

enum class FrameType : std::uint8_t { request = 1, authentication = 2 };

enum class DecodeError : std::uint8_t {
    need_more,   // valid so far, but incomplete
    bad_parity,  // the ten bytes of the header do not XOR to zero
    bad_type,    // neither request nor authentication, or not the expected one of them
    bad_length,  // impossible for a frame of this type
    too_long,    // longer than the receiver accepts
    truncated,   // the payload ends within a field
    surplus,     // bytes after the last field where the originals accept none
    bad_code,    // a message type that this request does not have
};
[[nodiscard]] std::string_view name(DecodeError error);

template <class T>
using Decoded = std::variant<T, DecodeError>;

struct FrameHeader {
    FrameType type = FrameType::request;
    std::uint64_t body_bytes = 0;
};
// Decides when ten bytes have arrived, and checks parity, then type, then length. `expected` and
// `request_body_max` are the receiver's, so an unacceptable frame is refused before any byte of its body is kept.
[[nodiscard]] Decoded<FrameHeader> decode_header(Bytes so_far, FrameType expected, std::uint64_t request_body_max);

using RequestId = std::uint64_t;
inline constexpr RequestId no_request = 0;  // forbidden on the wire

// Appends one frame: the header when constructed, the body as it is written, length and parity when destroyed.
class FrameWriter {
public:
    FrameWriter(std::string& out, FrameType type);
    FrameWriter(std::string& out, RequestId id);  // a request frame
    ~FrameWriter();
    FrameWriter(const FrameWriter&) = delete;
    FrameWriter& operator=(const FrameWriter&) = delete;

private:
    std::string& out_;
    std::size_t begin_;
    FrameType type_;
};

struct RequestBody {
    RequestId id = no_request;
    Bytes payload;
};
[[nodiscard]] Decoded<RequestBody> decode_request_body(Bytes body);

// ---- authentication: bodies of its frames, parsed strictly ----

inline constexpr std::size_t nonce_bytes = 4;
inline constexpr std::size_t hmac_bytes = 64;
using Nonce = std::array<char, nonce_bytes>;
using Hmac = std::array<char, hmac_bytes>;

struct Proof {
    Bytes name;
    Hmac hmac{};
};

void encode_timestamp(std::string& out, std::uint64_t unix_s);
void encode_nonce(std::string& out, const Nonce& nonce);
void encode_proof(std::string& out, const Proof& proof);
void encode_verdict(std::string& out, bool accepted);
[[nodiscard]] Decoded<std::uint64_t> decode_timestamp(Bytes body);
[[nodiscard]] Decoded<Nonce> decode_nonce(Bytes body);
[[nodiscard]] Decoded<Proof> decode_proof(Bytes body);
[[nodiscard]] Decoded<bool> decode_verdict(Bytes body);

// ---- requests ----

enum class RequestCode : std::uint8_t {
    get_hash_range = 1,
    put = 2,
    get = 3,
    mirror = 4,
    get_all = 5,
    get_channels = 6,
    exists = 7,
    remove = 8,
    remove_channel = 9,
    update = 10,
};
inline constexpr std::uint8_t request_version = 0;  // of all requests
[[nodiscard]] std::string_view name(RequestCode code);

struct RequestStart {
    std::uint8_t code = 0;  // as received; may be unknown
    std::uint8_t version = 0;
    Bytes parameters;
};
[[nodiscard]] Decoded<RequestStart> decode_start(Bytes payload);

// The first answer to every request (neo.md, 4).
enum class Support : std::int8_t { supported = -3, version_unknown = -2, code_unknown = -1 };
void encode_support(std::string& out, RequestId id, Support support);
[[nodiscard]] Decoded<Support> decode_support(Bytes payload);

// Parameters, one struct per shape. Encoders write a whole frame; decoders take the bytes after code and version.
struct RecordAddress {  // Get, Exists, Remove
    Bytes channel;
    std::uint64_t key = 0;
    bool operator==(const RecordAddress&) const = default;
};
struct PutRequest {
    Bytes channel;
    std::uint64_t key = 0;
    Bytes value;
    bool operator==(const PutRequest&) const = default;
};
struct GetAllRequest {
    bool start_suspended = false;
    Bytes channel;
    bool continuing = false;
    std::uint64_t continue_from = 0;
    bool keys_only = false;
    Bytes value_filter;
    bool operator==(const GetAllRequest&) const = default;
};
struct MirrorRequest {
    bool start_suspended = false;
    Bytes channel;
    bool initial_refresh = false;
    std::uint32_t periodic_refresh_s = 0;
    bool operator==(const MirrorRequest&) const = default;
};

enum class UpdateAsk : std::uint8_t { get_record = 1, update_record = 2, remove_record = 3, leave_record = 4 };
struct UpdateRequest {  // its first message: get_record or update_record
    UpdateAsk ask = UpdateAsk::get_record;
    Bytes channel;
    std::uint64_t key = 0;
    std::uint64_t original_hash = 0;  // only for update_record
    Bytes value;                      // only for update_record
    bool operator==(const UpdateRequest&) const = default;
};
struct UpdateDecision {  // the second message after get_record: any other ask
    UpdateAsk ask = UpdateAsk::leave_record;
    std::uint64_t original_hash = 0;
    Bytes value;
    bool operator==(const UpdateDecision&) const = default;
};

void encode_get_hash_range(std::string& out, RequestId id);
void encode_get_channels(std::string& out, RequestId id);
void encode_put(std::string& out, RequestId id, const PutRequest& request);
void encode_record_key(std::string& out, RequestId id, RequestCode code, const RecordAddress& request);
void encode_remove_channel(std::string& out, RequestId id, Bytes channel);
void encode_get_all(std::string& out, RequestId id, const GetAllRequest& request);
void encode_mirror(std::string& out, RequestId id, const MirrorRequest& request);
void encode_update(std::string& out, RequestId id, const UpdateRequest& request);
void encode_update_decision(std::string& out, RequestId id, const UpdateDecision& decision);

enum class Parsing : std::uint8_t { lenient, strict };  // whether surplus bytes are an error (neo.md, 4)
[[nodiscard]] Decoded<PutRequest> decode_put(Bytes parameters);
[[nodiscard]] Decoded<RecordAddress> decode_record_key(Bytes parameters, Parsing parsing);
[[nodiscard]] Decoded<Bytes> decode_channel(Bytes parameters);
[[nodiscard]] Decoded<GetAllRequest> decode_get_all(Bytes parameters);
[[nodiscard]] Decoded<MirrorRequest> decode_mirror(Bytes parameters);
// Also decodes `which`, channel and key of an invalid ask, because a node checks its responsibility first (neo.md,
// 5).
struct UpdateTarget {
    std::uint8_t ask = 0;
    Bytes channel;
    std::uint64_t key = 0;
};
[[nodiscard]] Decoded<UpdateTarget> decode_update_target(Bytes parameters);
[[nodiscard]] Decoded<UpdateRequest> decode_update(Bytes parameters);
[[nodiscard]] Decoded<UpdateDecision> decode_update_decision(Bytes payload);

// ---- answers: every request has its own numbers ----

enum class PutAnswer : std::uint8_t { put = 1, wrong_node = 2, error = 3 };
enum class GetAnswer : std::uint8_t { no_record = 1, got = 2, wrong_node = 3, error = 4 };
enum class ExistsAnswer : std::uint8_t { exists = 1, no_record = 2, wrong_node = 3, error = 4 };
enum class RemoveAnswer : std::uint8_t { no_record = 1, removed = 2, wrong_node = 3, error = 4 };
enum class RemoveChannelAnswer : std::uint8_t { removed = 1, not_permitted = 2, error = 3 };

// A message of one byte, for a code of any enumeration.
void encode_byte(std::string& out, RequestId id, std::uint8_t byte);
template <class Code>
void encode_code(std::string& out, RequestId id, Code code) {
    encode_byte(out, id, static_cast<std::uint8_t>(code));
}
// For enumerations whose codes are 1 to `last` without gaps.
[[nodiscard]] Decoded<std::uint8_t> decode_code(Bytes payload);

// The message after GetAnswer::got: one array.
void encode_value(std::string& out, RequestId id, Bytes value);
// Support, the code, and the value if there is one: the whole answer of most requests.
void encode_whole_answer(std::string& out, RequestId id, std::uint8_t code, const std::optional<Bytes>& value);
[[nodiscard]] Decoded<Bytes> decode_value(Bytes payload);

enum class ChannelsCode : std::uint8_t { error = 1, channel_name = 2, finished = 3 };
struct ChannelsAnswer {
    ChannelsCode code = ChannelsCode::finished;
    Bytes name;
    bool operator==(const ChannelsAnswer&) const = default;
};
void encode_channels_answer(std::string& out, RequestId id, const ChannelsAnswer& answer);
[[nodiscard]] Decoded<ChannelsAnswer> decode_channels_answer(Bytes payload);

// Control messages of a client for a running GetAll or Mirror. Nodes send `ack` too, with the same number.
enum class Control : std::uint8_t { suspend = 1, resume = 2, stop = 3, ack = 4 };
[[nodiscard]] Decoded<Control> decode_control(Bytes payload);

enum class GetAllCode : std::uint8_t { ack = 4, started = 5, error = 6, record_batch = 7, finished = 8 };
struct GetAllAnswer {
    GetAllCode code = GetAllCode::finished;
    Bytes batch;  // only for record_batch
    bool operator==(const GetAllAnswer&) const = default;
};
void encode_get_all_answer(std::string& out, RequestId id, const GetAllAnswer& answer);
[[nodiscard]] Decoded<GetAllAnswer> decode_get_all_answer(Bytes payload);

enum class MirrorCode : std::uint8_t {
    ack = 4,
    started = 5,
    error = 6,
    record_changed = 7,
    record_deleted = 8,
    record_refresh_batch = 9,
    channel_removed = 10,
    update_overflow = 11,
};
struct MirrorAnswer {
    MirrorCode code = MirrorCode::started;
    std::uint64_t key = 0;  // only for record_changed and record_deleted
    Bytes value;            // the value of record_changed, or the batch of record_refresh_batch
    bool operator==(const MirrorAnswer&) const = default;
};
void encode_mirror_answer(std::string& out, RequestId id, const MirrorAnswer& answer);
[[nodiscard]] Decoded<MirrorAnswer> decode_mirror_answer(Bytes payload);

enum class UpdateCode : std::uint8_t {
    record_value = 5,
    ok = 6,
    no_record = 7,
    conflict = 8,
    wrong_node = 9,
    error = 10,
};
struct UpdateAnswer {
    UpdateCode code = UpdateCode::ok;
    Bytes value;  // only for record_value
    bool operator==(const UpdateAnswer&) const = default;
};
void encode_update_answer(std::string& out, RequestId id, const UpdateAnswer& answer);
[[nodiscard]] Decoded<UpdateAnswer> decode_update_answer(Bytes payload);

struct RangeBounds {  // as on the wire; HashRange::make checks it
    std::uint64_t min = 0;
    std::uint64_t max = 0;
    bool operator==(const RangeBounds&) const = default;
};
enum class HashRangeCode : std::uint8_t { new_node = 1, change_hash_range = 2 };
struct HashRangeNews {
    HashRangeCode code = HashRangeCode::change_hash_range;
    std::array<std::uint8_t, 4> address{};  // only for new_node; 127.0.0.1 is {127, 0, 0, 1}
    std::uint16_t port = 0;                 // only for new_node; the only big-endian number
    RangeBounds range;
    bool operator==(const HashRangeNews&) const = default;
};
void encode_hash_range(std::string& out, RequestId id, const RangeBounds& range);  // has no type byte
void encode_hash_range_news(std::string& out, RequestId id, const HashRangeNews& news);
[[nodiscard]] Decoded<RangeBounds> decode_hash_range(Bytes payload);
[[nodiscard]] Decoded<HashRangeNews> decode_hash_range_news(Bytes payload);

}  // namespace halp::neo
