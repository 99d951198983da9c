// The legacy protocol as values and as bytes (legacy.md): each request, and each answer behind its status. Requests
// and answers have no length in front, so both are read field by field from what has arrived so far. Every length
// is checked against its limit as soon as it is known, before its bytes have come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/dht/wire/neo_wire.h"
#include "overlay/environment.h"
#include "store/records/key.h"

namespace halp::legacy {

inline constexpr std::string_view version_text = "20110401";
inline constexpr std::uint64_t array_bytes_max = std::uint64_t{10} << 20;  // of either end
inline constexpr std::size_t takeovers_max = 4096;                         // nodes in one Redistribute; ours

enum class Command : std::uint32_t {
    put = 1,
    get = 7,
    exists = 11,
    remove = 12,
    get_channels = 17,
    get_channel_size = 18,
    get_size = 19,
    get_responsible_range = 20,
    remove_channel = 22,
    get_num_connections = 23,
    get_version = 24,
    listen = 25,
    get_all = 29,
    get_all_keys = 30,
    get_all_filter = 31,
    redistribute = 33,
    put_batch = 34,
};
[[nodiscard]] std::string_view name(Command command);

enum class Status : std::uint32_t {
    ok = 200,
    wrong_node = 404,
    out_of_memory = 407,
    empty_value = 408,
    bad_channel_name = 409,
    value_too_big = 410,
    error = 500,
};

// Whether the protocol allows the name: one or more of A-Z a-z 0-9 _ and -.
[[nodiscard]] bool valid_channel(Bytes name);

// Reads fields from the front of what has arrived. After the first failure every read returns nothing, so a decoder
// asks once, after its last field.
class ArrivedReader {
public:
    explicit ArrivedReader(Bytes arrived) : all_(arrived.size()), left_(arrived) {}

    [[nodiscard]] bool whole() const { return !short_ && !too_long(); }
    [[nodiscard]] bool too_long() const { return skip_.has_value(); }
    // The array that is too long: so many bytes of it are still to be skipped, behind taken().
    [[nodiscard]] std::uint64_t skip() const { return skip_.value_or(0); }
    [[nodiscard]] std::size_t taken() const { return all_ - left_.size(); }

    template <std::unsigned_integral T>
    T number() {
        const Bytes bytes = raw(sizeof(T));
        return bytes.empty() ? T{0} : neo::load_number<T>(bytes.data());
    }
    Bytes array(std::uint64_t bytes_max = array_bytes_max) {
        const auto bytes = number<std::uint64_t>();
        if (!whole()) return {};
        if (bytes > bytes_max) {
            skip_ = bytes;
            return {};
        }
        return raw(bytes);
    }

private:
    Bytes raw(std::uint64_t count) {
        if (!whole()) return {};
        if (count > left_.size()) {
            short_ = true;
            return {};
        }
        const Bytes taken = left_.substr(0, static_cast<std::size_t>(count));
        left_.remove_prefix(taken.size());
        return taken;
    }

    std::size_t all_;
    Bytes left_;
    bool short_ = false;
    std::optional<std::uint64_t> skip_;
};

// A node that takes over records in a Redistribute.
struct Takeover {
    std::string address;
    std::uint16_t port = 0;
    std::uint64_t min = 0, max = 0;
    bool operator==(const Takeover&) const = default;
};

struct Request {
    Command command = Command::get_version;
    Bytes channel;
    Bytes key;                       // as it came; parse_key() says whether it is one
    Bytes value;                     // of a Put; or the filter; or the batch
    std::uint64_t min = 0, max = 0;  // Redistribute: the new range of the node itself
    std::vector<Takeover> takeovers;
    bool value_left_out = false;  // a Put whose value is longer than the limit
};

struct ReadRequest {
    enum class Kind : std::uint8_t {
        need_more,
        request,
        too_long,  // an array is longer than array_bytes_max, or a list than takeovers_max: the connection ends
        unknown,   // there is no such command: the connection ends
    };
    Kind kind = Kind::need_more;
    std::size_t bytes = 0;   // what the request takes of the input
    std::uint64_t skip = 0;  // so many bytes behind it are to be thrown away: a value or an array too long
    Request request;         // its views point into the input
};
[[nodiscard]] ReadRequest read_request(Bytes arrived, std::uint64_t value_bytes_max);

// `value_left_out` is ignored.
void encode_request(std::string& out, const Request& request);

// ---- answers ----

void encode_status(std::string& out, Status status);
void encode_array(std::string& out, Bytes bytes);
void encode_flag(std::string& out, bool value);
void encode_range(std::string& out, std::uint64_t min, std::uint64_t max);
// Address and port of the node, in front of the numbers of GetChannelSize, GetSize and GetNumConnections.
void encode_node(std::string& out, Bytes address, std::uint16_t port);
void encode_number(std::string& out, std::uint64_t number);
// The key of a record, as 16 lower-case digits, and its value (Listen).
void encode_record(std::string& out, Key key, Bytes value);

// An answer that ends with its status or a fixed number of fields. Of the others (has_items) only the status.
struct ReadAnswer {
    enum class Kind : std::uint8_t { need_more, answer, too_long };
    Kind kind = Kind::need_more;
    std::size_t bytes = 0;
    std::uint32_t status = 0;        // perhaps none that Status knows
    Bytes value;                     // Get, GetVersion
    bool exists = false;             // Exists
    std::uint64_t min = 0, max = 0;  // GetResponsibleRange
    Bytes address;                   // of the node: GetChannelSize, GetSize, GetNumConnections
    std::uint16_t port = 0;
    std::uint64_t count = 0;        // records or connections
    std::uint64_t value_bytes = 0;  // GetChannelSize, GetSize
};
[[nodiscard]] ReadAnswer read_answer(Command command, Bytes arrived);

// Whether a list follows the status 200: GetChannels, GetAll and its kin, Listen.
[[nodiscard]] bool has_items(Command command);
struct ReadItem {
    enum class Kind : std::uint8_t { need_more, item, end, too_long };
    Kind kind = Kind::need_more;
    std::size_t bytes = 0;
    Bytes first;   // a channel name, a batch, or the key of a change
    Bytes second;  // the value of a change
};
[[nodiscard]] ReadItem read_item(Command command, Bytes arrived);

}  // namespace halp::legacy
