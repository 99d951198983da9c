// What a session and the requests on it know of each other. A session carries messages and knows nothing of
// records; a request knows nothing of frames waiting, of fairness or of connections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "overlay/dht/node/hash_ranges.h"
#include "overlay/dht/node/record_desk.h"
#include "overlay/dht/wire/neo_codec.h"
#include "overlay/environment.h"
#include "store/result.h"
#include "store/time.h"

namespace halp::neo {

enum class After : std::uint8_t {
    wait,   // nothing to say until a message, news or its deadline comes
    again,  // wants another turn
    done,   // the request is over, its id is free
    close,  // the peer broke the protocol: the connection ends
    fail,   // we cannot go on and there is no word for it any more: the connection ends
};

// What a turn of the event loop may still spend on long requests. The unit is a byte looked at; a record costs
// record_cost besides, so that many small ones are not free. The one who takes the last of it finishes what it is
// at.
class Budget {
public:
    static constexpr std::size_t record_cost = 64;

    explicit Budget(std::size_t bytes) : left_(bytes) {}
    [[nodiscard]] std::size_t left() const { return left_; }
    [[nodiscard]] bool spent() const { return left_ == 0; }
    void spend(std::size_t bytes) { left_ -= bytes < left_ ? bytes : left_; }
    void spend_record(std::size_t value_bytes) { spend(record_cost + value_bytes); }

private:
    std::size_t left_;
};

struct Turn {
    std::string& out;  // frames are appended
    RequestId id;
    Instant now;
    Budget& budget;
};

// A request that outlives its first message.
class LongRequest {
public:
    virtual ~LongRequest() = default;
    // Its turn has come and there is room: appends at most one frame. Asked again it goes on where it was.
    virtual After on_turn(Turn& turn) = 0;
    // Another message of the client. What has to be said to it is said in a turn (After::again).
    virtual After on_message(Bytes payload, Instant now) = 0;
    // A write that it asked the desk for is over.
    virtual After on_written(Wrote) { return After::wait; }
    // When it wants a turn at the latest.
    [[nodiscard]] virtual Instant next_deadline() const { return no_deadline; }
};

// How a request asks for a turn without having been asked: news came from elsewhere. It may do so at any time.
class TurnDesk {
public:
    virtual ~TurnDesk() = default;
    virtual void want_turn(RequestId id) = 0;
};

// What the requests of one connection keep: of what its client has said, and of what it has to be told. Frames on
// their way are bounded elsewhere (SessionLimits::output_bytes_max).
class Holdings {
public:
    explicit Holdings(std::size_t bytes_max) : bytes_max_(bytes_max) {}
    [[nodiscard]] bool has_room(std::size_t bytes) const { return bytes_ + bytes <= bytes_max_; }
    [[nodiscard]] bool over() const { return bytes_ > bytes_max_; }

private:
    friend class Held;
    std::size_t bytes_ = 0;
    const std::size_t bytes_max_;
};

// The part of one of them, given back with it.
class Held {
public:
    explicit Held(Holdings& all) : all_(all) {}
    ~Held() { set(0); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    void set(std::size_t bytes) {
        all_.bytes_ = all_.bytes_ - bytes_ + bytes;
        bytes_ = bytes;
    }
    [[nodiscard]] bool has_room(std::size_t more) const { return all_.has_room(more); }

private:
    Holdings& all_;
    std::size_t bytes_ = 0;
};

// What the operator should hear of, since it was last told.
struct Trouble {
    std::uint64_t reads_failed = 0;
    std::uint64_t records_left_out = 0;  // of GetAll and Mirror: too long for any batch
    std::string what;                    // the last failure: request, client and cause

    [[nodiscard]] bool any() const { return reads_failed > 0 || records_left_out > 0; }
    void read_failed(std::string_view request, std::string_view client, const Error& why) {
        ++reads_failed;
        what = std::string(request) + " of the client `" + std::string(client) + "`: " + why.message;
    }
};

struct HandlerLimits {
    std::size_t value_bytes_max = std::size_t{64} << 20;  // longer ones are answered with Error
    std::size_t mirror_queue_max = 262144;                // updates of one Mirror not yet sent
    std::size_t hash_range_queue_max = 65536;             // news of one GetHashRange not yet sent
};

struct Permissions {
    bool anyone_removes_channels = false;  // as with the original's fake node
    std::set<std::string, std::less<>> remove_channels{"admin"};

    [[nodiscard]] bool removes_channels(std::string_view client) const {
        return anyone_removes_channels || remove_channels.contains(client);
    }
};

// What handlers may touch.
struct Rooms {
    RecordDesk& records;
    HashRanges& ranges;
    const HandlerLimits& limits;
    const Permissions& permissions;
    WriteSink& sink;         // of those who write
    std::string value = {};  // where single handlers put the value they answer with
    Trouble trouble = {};
};

// One request as its handler sees it when it begins.
struct Request {
    RequestId id;
    Bytes parameters;  // valid until the handler returns
    std::string_view client;
    Asker asker;  // for writes
    Instant now;
    TurnDesk& turns;
    Holdings& holdings;
    Rooms& rooms;
};

// The one answer of a request that has only one. What it views is valid until the next handler is called.
struct Reply {
    enum class Kind : std::uint8_t { answer, when_written, malformed };
    Kind kind = Kind::answer;
    std::uint8_t code = 0;                   // of answer
    std::optional<Bytes> value;              // follows the code in a message of its own
    std::uint8_t (*judge)(Wrote) = nullptr;  // of when_written: the code, once it is known how the write ended

    template <class Code>
    static Reply answer(Code code) {
        return {Kind::answer, static_cast<std::uint8_t>(code), std::nullopt, nullptr};
    }
    static Reply when_written(std::uint8_t (*judge)(Wrote)) { return {Kind::when_written, 0, std::nullopt, judge}; }
    // `wrote` as the desk has answered.
    static Reply written(std::optional<Wrote> wrote, std::uint8_t (*judge)(Wrote)) {
        return wrote ? Reply{Kind::answer, judge(*wrote), std::nullopt, nullptr} : when_written(judge);
    }
    static Reply malformed() { return {Kind::malformed, 0, std::nullopt, nullptr}; }
};

using SingleHandler = Reply (*)(const Request&, RecordDesk&);
// Null: the parameters are malformed.
using LongHandler = std::unique_ptr<LongRequest> (*)(const Request&);

// One row per request. Exactly one of the handlers is there.
struct HandlerRow {
    RequestCode code;
    std::uint8_t version;
    std::string_view name;
    SingleHandler single;
    LongHandler lasting;
    bool long_answer;  // not begun before there is room for what it will say
    bool talkative;    // the client speaks again, so it may speak too late
};

// Null when the code is unknown. `known_code` tells unknown version from unknown code.
[[nodiscard]] const HandlerRow* find_handler(std::uint8_t code, std::uint8_t version, bool& known_code);

}  // namespace halp::neo
