// A Redistribute of this node: its range changes, and other nodes take over what leaves it. The range file has the
// task until it is done, so a restarted node goes on with it. One at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "overlay/dht/ranges/range_intake.h"
#include "overlay/dht/ranges/range_transfer.h"
#include "overlay/dht/ranges/range_world.h"

namespace halp {

// Who asked for it, and is told when it is over.
class RedistributionListener {
public:
    virtual ~RedistributionListener() = default;
    virtual void on_redistributed(bool done) = 0;
};

struct RedistributionStatus {
    bool active = false, taking_over = false;
    std::string step;           // of giving: asking, copying, draining, passing, cleaning ...
    HashRange part;             // being handed over or taken over
    std::string other;          // the node that takes it over
    std::uint64_t records = 0;  // sent or taken of this part
    std::string trouble;        // why the last attempt failed
    bool handing = false;       // a part is neither wholly here nor wholly there
};

class Redistribution {
public:
    explicit Redistribution(RangeWorld world);
    ~Redistribution();

    // Goes on with the task of the range file. To be called once, before the first event.
    void resume();
    // An error: nothing has changed. `listener` may be null.
    [[nodiscard]] Result<void> begin(const HashRange& wanted, std::vector<legacy::Takeover> takers,
                                     RedistributionListener* listener, RangeTask::Why why = RangeTask::Why::asked);
    // Another node wants half of the range, which it believes to be `known`: it gets the upper half, if the range
    // is that and is not changing.
    [[nodiscard]] handover::Answer share(const HashRange& known, const Endpoint& to);
    // Ends the task as soon as no part is between two nodes. What has been handed over stays so.
    void withdraw() { withdrawing_ = active(); }
    // From now on the node takes no part over: it is about to end.
    void refuse_parts() { refusing_ = true; }
    // What other nodes are told that ask for it (Verb::automatic). `self`: the number of this node.
    void introduce(bool automatic, std::uint64_t self) {
        automatic_ = automatic;
        self_ = self;
    }
    [[nodiscard]] handover::Answer introduction(std::uint64_t asker) const {
        if (self_ == asker) return handover::adopted;
        if (refusing_) return handover::later;
        return automatic_ ? handover::taken : handover::failed;
    }
    // Records of another node that answered for the same keys have arrived: the range stays for a moment.
    void note_fill();
    void forget(const RedistributionListener& listener) {
        if (listener_ == &listener) listener_ = nullptr;
    }
    [[nodiscard]] bool active() const { return world_.journal.state().task.has_value(); }
    // The process is about to end. The range file has what the next one goes on with.
    void stop() {
        transfer_.reset();
        stopped_ = true;
    }
    // Whether a turn may do anything.
    [[nodiscard]] bool busy() const { return active() || intake_.active() || intake_.settled() || settle_; }
    // Since the start of the node, or now.
    [[nodiscard]] bool has_moved() const { return moved_ || busy(); }
    [[nodiscard]] RangeIntake& intake() { return intake_; }
    [[nodiscard]] RedistributionStatus status() const;
    [[nodiscard]] std::optional<HashRange> given_up() const {
        return transfer_ && transfer_->gave_up() ? std::optional{transfer_->part()} : std::nullopt;
    }
    // Whom this node has handed the key to, if it does not answer for it.
    [[nodiscard]] std::optional<handover::Heir> heir_of(Key key) const;
    // Whether this node can take the part over now.
    [[nodiscard]] bool admits(const HashRange& part) const;
    // The original refuses batches above a share of what it had when its own redistribution began.
    [[nodiscard]] bool takes_batches() const;

    // A turn. True: the store's range has to follow (DhtNode::settle_range).
    [[nodiscard]] bool pump(Instant now, neo::TurnBudget& budget);
    [[nodiscard]] bool wants_turn() const;
    [[nodiscard]] Instant next_deadline() const;
    // The connection to another node, if the stream is one.
    [[nodiscard]] legacy::Link* link_of(StreamId stream) {
        return transfer_ && transfer_->link().is(stream) ? &transfer_->link() : nullptr;
    }

private:
    [[nodiscard]] Result<void> check(const HashRange& wanted, const std::vector<legacy::Takeover>& takers) const;
    [[nodiscard]] bool set_own(const HashRange& own);
    void next_part(Instant now);
    void clean(Instant now, neo::TurnBudget& budget);
    void finish(bool done);
    [[nodiscard]] bool out_of_patience(Instant now) const;
    void drop_transfer() { transfer_.reset(); }

    RangeWorld world_;
    RangeIntake intake_;
    RedistributionListener* listener_ = nullptr;
    std::unique_ptr<RangeTransfer> transfer_;
    bool cleaning_ = false;
    RecordWalk cleaning_at_;
    bool cleaned_ = false;
    bool settle_ = false;
    bool moved_ = false;
    bool stopped_ = false;
    std::optional<std::uint64_t> self_;
    bool withdrawing_ = false, refusing_ = false, automatic_ = false;
    Instant waiting_since_ = never;  // the taker has not begun to take the part
    Instant filled_at_ = never;
    Instant retry_at_ = never;
    std::uint64_t bytes_at_begin_ = 0;
};

}  // namespace halp
