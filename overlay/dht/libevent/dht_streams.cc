// The loops of BlockingDhtClient over records and channels.
#include "overlay/dht/libevent/dht_streams.h"

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>
#include <variant>

#include "overlay/dht/client/dht_notes.h"
#include "overlay/dht/client/request_control.h"
#include "overlay/dht/libevent/blocking_dht_client.h"
#include "store/overloaded.h"

namespace halp {
namespace {

using namespace dht;

// Limit of the waiting items while the loop's body runs the event loop by other requests. Without such requests
// only the items of one turn wait.
constexpr std::size_t waiting_bytes_max = std::size_t{8} << 20;
// The request has no time-out while nobody waits for its next item.
constexpr Duration unhurried = std::chrono::hours{24 * 365};

std::size_t bytes_of(const std::string& name) { return sizeof name + name.size(); }
std::size_t bytes_of(const DhtRecord& record) { return sizeof record + record.value.size(); }

// The items that have arrived and were not yet taken.
template <class Item>
class Waiting : public DhtStream<Item>::Source {
public:
    Waiting(BlockingDhtClient& dht, Duration timeout, bool partial)
        : dht_(dht), timeout_(timeout), partial_(partial) {}

    const Item* next() final {
        if (items_.empty()) refill();
        if (items_.empty()) return nullptr;
        current_ = std::move(items_.front());
        items_.pop_front();
        count_bytes(bytes_ - bytes_of(current_));
        return &current_;
    }
    const std::optional<Error>& error() const final { return error_; }
    const RangeCover& cover() const final { return cover_; }

protected:
    void begun(const Result<DhtRequestId>& id) {
        if (id)
            id_ = *id;
        else
            fail(id.error());
    }
    void add(Item item) {
        if (leaving_) return;
        count_bytes(bytes_ + bytes_of(item));
        items_.push_back(std::move(item));
    }
    // Suspends the flow while too many items wait.
    void hold_back(Suspendable& flow) { throttle_.add(flow); }
    void end(RangeCover cover = {}) {
        over_ = true;
        cover_ = std::move(cover);
    }
    // Nobody has answered for some keys.
    void end_with_gaps(const RangeCover& cover, Error otherwise) {
        end(cover);
        if (!partial_ || cover.nothing()) note_trouble(std::move(otherwise));
    }
    void fail(Error error) {
        end();
        error_ = std::move(error);
    }
    // Keeps the first error; other nodes may fail later.
    void note_trouble(Error error) {
        if (!error_) error_ = std::move(error);
    }
    // To be called by the destructors of derived classes, because notes call into these classes.
    void leave(bool stop) {
        leaving_ = true;
        if (over_) return;
        if (stop && client().stop(id_)) dht_.run_until([this] { return over_; }, timeout_);
        if (!over_) client().cancel(id_);
    }
    [[nodiscard]] DhtClient& client() { return dht_.client(); }
    [[nodiscard]] DhtRequestId id() const { return id_; }

private:
    void refill() {
        if (over_) return;
        client().set_timeout(id_, timeout_);
        // Twice the time-out, so that the request's own time-out comes first.
        if (!dht_.run_until([this] { return over_ || !items_.empty(); }, 2 * timeout_)) {
            client().cancel(id_);
            return fail({ErrorCode::timed_out, "The request timed out."});
        }
        client().set_timeout(id_, unhurried);
    }
    void count_bytes(std::size_t waiting) {
        bytes_ = waiting;
        throttle_.level(static_cast<double>(bytes_) / waiting_bytes_max);
    }

    BlockingDhtClient& dht_;
    const Duration timeout_;
    const bool partial_;
    RangeCover cover_;
    DhtRequestId id_ = neo::no_request;
    Item current_{};
    std::deque<Item> items_;
    std::size_t bytes_ = 0;
    Throttle throttle_;
    bool over_ = false, leaving_ = false;
    std::optional<Error> error_;
};

Error trouble(const auto& note) {
    const bool late = std::holds_alternative<TimedOut>(note);
    return {late ? ErrorCode::timed_out : ErrorCode::io, describe(note)};
}

class Records final : public Waiting<DhtRecord> {
public:
    Records(BlockingDhtClient& dht, Duration timeout, bool partial, Bytes channel, const GetAllSettings& settings)
        : Waiting(dht, timeout, partial) {
        begun(client().get_all(channel, settings, [this](const GetAllNote& note) { hear(note); }));
        hold_back(flow_.emplace(client(), id()));
    }
    ~Records() override { leave(true); }

private:
    void hear(const GetAllNote& note) {
        std::visit(overloaded{[&](const RecordReceived& r) {
                                  add({r.key, std::string(r.value)});
                              },
                              [&](const KeyReceived& r) {
                                  add({r.key, {}});
                              },
                              [&](const Finished& n) {
                                  end({{}, n.overlapping});
                              },
                              [&](const Incomplete& n) { end_with_gaps(n.cover, trouble(note)); },
                              [&](const Stopped&) { end(); },
                              [&](const TimedOut& n) { end_with_gaps(n.cover, trouble(note)); },
                              [&](const NodeError&) { note_trouble(trouble(note)); },
                              [&](const Unsupported&) { note_trouble(trouble(note)); }, [](const auto&) {}},
                   note);
    }

    std::optional<SuspendableRequest> flow_;
};

class Channels final : public Waiting<std::string> {
public:
    Channels(BlockingDhtClient& dht, Duration timeout, bool partial) : Waiting(dht, timeout, partial) {
        begun(client().get_channels([this](const GetChannelsNote& note) { hear(note); }));
    }
    ~Channels() override { leave(false); }

private:
    void hear(const GetChannelsNote& note) {
        std::visit(overloaded{[&](const ChannelName& n) { add(std::string(n.name)); },
                              [&](const Finished& n) {
                                  end({{}, n.overlapping});
                              },
                              [&](const Incomplete& n) { end_with_gaps(n.cover, trouble(note)); },
                              [&](const TimedOut& n) { end_with_gaps(n.cover, trouble(note)); },
                              [&](const NodeError&) { note_trouble(trouble(note)); },
                              [&](const Unsupported&) { note_trouble(trouble(note)); }, [](const auto&) {}},
                   note);
    }
};

}  // namespace

DhtRecords BlockingDhtClient::records(Bytes channel, const GetAllSettings& settings) {
    return DhtRecords(std::make_unique<Records>(*this, timeout_, partial_, channel, settings));
}

DhtChannels BlockingDhtClient::channels() {
    return DhtChannels(std::make_unique<Channels>(*this, timeout_, partial_));
}

}  // namespace halp
