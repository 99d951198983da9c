// Takes over a part of another node's range. Until the part is adopted it is the other node's: its records are in
// the store here, but no request finds them, and after a crash they are set aside. To adopt it is one replacement
// of the range file. One part at a time; it belongs to the connection that began it and ends with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "overlay/dht/ranges/handover_wire.h"
#include "overlay/dht/ranges/range_world.h"
#include "overlay/dht/records/record_walk.h"
#include "overlay/dht/records/turn_scheduler.h"

namespace halp {

class RangeIntake final : RecordWatcher, CompletionHandler {
public:
    // What the node gives at present and has not given up in the range file: it must stay there as its own.
    using StillOwn = std::function<std::optional<HashRange>()>;
    RangeIntake(RangeWorld world, StillOwn still_own)
        : world_(std::move(world)), still_own_(std::move(still_own)) {}
    ~RangeIntake() override;

    // A part is being taken over, or what has come of one that was not handed over is being removed.
    [[nodiscard]] bool active() const { return holder_ != nullptr || remains_; }
    [[nodiscard]] const HashRange& part() const { return part_; }
    [[nodiscard]] bool holds(const neo::TurnScheduler& connection, std::uint64_t token) const {
        return holder_ == &connection && token_ == token && staging_;
    }

    // Begins, or goes on to look whether the node has records of a part that it answers for. Nothing: it needs
    // another turn.
    [[nodiscard]] std::optional<handover::Answer> begin(const handover::Message& message,
                                                        neo::TurnScheduler& connection, bool admitted,
                                                        neo::TurnBudget& budget);
    void put(const Channel& channel, Key key, std::string_view value);
    void drop(const Channel& channel, Key key);
    // Removes what has come of the channel. False: it needs another turn.
    [[nodiscard]] bool clear(const Channel& channel, std::optional<Key>& after, neo::TurnBudget& budget);
    // Nothing: not yet, because writes are not completed, or because the range would have a hole if the part
    // `given_up` came back, which this node is handing to another.
    [[nodiscard]] std::optional<handover::Answer> adopt(const std::optional<HashRange>& given_up);
    [[nodiscard]] std::size_t writes_pending() const { return pending_; }
    // The connection's request wants a turn when fewer writes are pending.
    void wake_when_below(std::size_t pending) { wake_below_ = pending; }

    // Removes what has come of a part that was not handed over. The other node still has it.
    void remove_remains(neo::TurnBudget& budget);
    [[nodiscard]] bool wants_turn() const;
    [[nodiscard]] bool removing() const { return remains_.has_value(); }
    void connection_lost(const neo::TurnScheduler& connection);
    // Since the last call a part was adopted or dropped, so the store's range has to follow.
    [[nodiscard]] bool take_settled() { return std::exchange(settled_, false); }
    [[nodiscard]] bool settled() const { return settled_; }
    [[nodiscard]] std::uint64_t records_taken() const { return taken_; }

private:
    // CompletionHandler, RecordWatcher
    void on_written(std::uint64_t, std::uint64_t, Wrote wrote) override;
    void on_write(const Channel&, Key) override {}
    void on_channel_removed(const Channel&) override { failed_ = true; }

    [[nodiscard]] std::optional<handover::Answer> refusal(const handover::Message& message, bool admitted) const;
    [[nodiscard]] std::optional<handover::Answer> look(neo::TurnBudget& budget);
    [[nodiscard]] handover::Answer start();
    [[nodiscard]] HashRange own_in_file(const HashRange& own) const;
    void stop();
    void abandon();
    void expect(std::optional<Wrote> wrote);

    RangeWorld world_;
    StillOwn still_own_;
    neo::TurnScheduler* holder_ = nullptr;
    std::uint64_t token_ = 0;
    HashRange part_;
    std::optional<RecordWalk> looking_, remains_;
    std::uint64_t barrier_ = 0;
    bool staging_ = false;
    bool failed_ = false;  // a write, or a channel was removed meanwhile
    bool settled_ = false;
    std::size_t pending_ = 0, wake_below_ = 0;
    std::uint64_t taken_ = 0;
};

}  // namespace halp
