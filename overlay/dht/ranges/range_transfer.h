// Gives one part of the node's range to another node (README.md, "Handing over").
//
//     waiting -> connecting -> asking -> copying -> draining -> passing -> ending -> done
//                                 |
//                                 +-> following (the other node is an original) ----> done
//
// copying    all records of the part are sent. This node answers for them; what changes is sent again.
// draining   this node does not answer for the part any more; the last changes are sent.
// passing    the range file says that the part is given up, and the other node is told to adopt it. From here on
// only
//            the other node's word decides whose the part is, also after a crash.
// following  originals take no part that is not theirs yet: this node gives the part up first and sends then. So it
//            does to a node that answers for the part already and has records of it; such a record stays as it is,
//            and this node sets its own aside if it differs. What that node has handed on meanwhile goes to whom
//            it names (its heir).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/dht/ranges/handover_wire.h"
#include "overlay/dht/ranges/legacy_link.h"
#include "overlay/dht/ranges/range_world.h"
#include "overlay/dht/records/record_walk.h"
#include "overlay/dht/records/turn_budget.h"
#include "overlay/dht/wire/record_batch.h"
#include "store/time.h"

namespace halp {

class RangeTransfer final : RecordWatcher {
public:
    RangeTransfer(RangeWorld& world, const HashRange& part, const legacy::Takeover& to);
    // Goes on with what the range file says.
    RangeTransfer(RangeWorld& world, const RangePassing& passing);
    ~RangeTransfer() override;

    void pump(Instant now, neo::TurnBudget& budget);
    [[nodiscard]] bool done() const { return stage_ == Stage::done; }
    // Records are too long for a message between nodes: the part cannot be handed over.
    [[nodiscard]] bool impossible() const { return impossible_ && may_stop(); }
    // This node does not answer for the part and may do so again.
    [[nodiscard]] bool gave_up() const { return passing_ || frozen_; }
    [[nodiscard]] bool frozen() const { return frozen_ && !passing_; }
    // The other node takes the part.
    [[nodiscard]] bool copies() const { return stage_ >= Stage::copying; }
    // The part is wholly this node's.
    [[nodiscard]] bool may_stop() const { return !passing_ && stage_ == Stage::waiting; }
    [[nodiscard]] bool wants_turn() const;
    [[nodiscard]] Instant next_deadline() const;
    [[nodiscard]] legacy::Link& link() { return link_; }
    [[nodiscard]] std::uint64_t records_sent() const { return sent_; }
    // Records of which the other node has another value. They are set aside here.
    [[nodiscard]] std::uint64_t records_differing() const { return differing_; }
    [[nodiscard]] const HashRange& part() const { return part_; }
    [[nodiscard]] const legacy::Takeover& to() const { return to_; }
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    [[nodiscard]] std::string_view step() const;  // one word

private:
    enum class Stage : std::uint8_t {
        waiting,
        connecting,
        asking,
        copying,
        draining,
        passing,
        ending,
        following,
        done
    };
    // A batch that waits for its answer; the keys only while following.
    struct Sent {
        Channel channel;
        std::vector<Key> keys;
    };
    // One that is being filled, for a PutBatch or for `fill`.
    struct FollowingBatch {
        [[nodiscard]] bool add(const Channel& channel, Key key, std::string_view value, neo::TurnBudget& budget);
        [[nodiscard]] bool add_to_fill(const Channel& channel, Key key, std::string_view value);

        Sent sent{Channel::parse("none").value(), {}};
        neo::RecordBatch plain{neo::KeyForm::digits};
        std::optional<std::string> alone;  // the value of the only record, which is too long for a batch
        std::string fill;
    };

    void on_write(const Channel& channel, Key key) override;
    void on_channel_removed(const Channel& channel) override;

    void hear(Instant now);
    void hear_one(const legacy::Link::Answer& answer, Instant now);
    void hear_beginning(std::uint32_t status, Instant now);
    void hear_adoption(std::uint32_t status, Instant now);
    void connect(Instant now);
    void fall_back(Instant now, Duration pause, std::string why);
    void begin_copying(Instant now);
    void copy(Instant now, neo::TurnBudget& budget);
    void send_scanned(Instant now, neo::TurnBudget& budget);
    void send_changes(neo::TurnBudget& budget);
    void send_cleared();
    void freeze(Instant now);
    void drain(Instant now, neo::TurnBudget& budget);
    void pass(Instant now);
    [[nodiscard]] bool take_back();
    void begin_following(Instant now);
    void follow(Instant now, neo::TurnBudget& budget);
    void send_following(Instant now, neo::TurnBudget& budget);
    void ask(const FollowingBatch& batch);
    void send_apart(Instant now);
    [[nodiscard]] bool is_for_this_round(const Channel& channel, Key key) const;
    void ask_put(const Channel& channel, Key key, std::string_view value);
    void ask_put_batch(const Channel& channel, Bytes plain);
    void hear_fill(const Sent& sent);
    void hear_refusal(const Sent& sent);
    void hear_following(const legacy::Link::Answer& answer);
    void end_round(Instant now);
    void ask_for_heir(Instant now);
    void decide_whom_to_ask(Instant now);
    void go_on_at(std::optional<handover::Heir> heir, Instant now);
    void forget_round();
    void end(Instant now);
    void announce(const HashRange& range);

    void say(handover::Verb verb, Bytes channel = {}, Bytes plain = {}, std::uint64_t tag = 0);
    void send_batch();
    void add_record(const Channel& channel, Key key, std::string_view value);
    [[nodiscard]] bool has_room() const;
    void set_watching(bool watching);

    RangeWorld& world_;
    HashRange part_;
    legacy::Takeover to_;
    std::uint64_t token_ = 0;
    Stage stage_ = Stage::waiting;
    legacy::Link link_;
    Instant retry_at_ = never;
    Instant answer_by_ = no_deadline;

    RecordWalk walk_;
    bool scanned_ = false;
    std::map<Channel, std::set<Key>> changed_;  // since they were sent
    std::size_t changes_ = 0;
    std::set<Channel> cleared_;
    bool watching_ = false;
    bool frozen_ = false;   // the node does not answer for the part, and may take it back
    bool passing_ = false;  // it is given up
    std::uint64_t barrier_ = 0;

    std::optional<Channel> batch_channel_;
    std::string batch_, packed_;
    std::vector<Key> batch_keys_;
    bool following_failed_ = false;
    bool fill_ = false;                          // follows by `fill`
    std::deque<std::pair<Channel, Key>> apart_;  // of a batch with a differing record: sent one by one
    // Records that the other node has with another value: they stay here, and are not sent again.
    std::map<Channel, std::set<Key>> differ_;
    std::uint64_t differing_ = 0;  // how many
    // Following: the other node has said that keys are not its own; in so many rounds, the last of which leaves
    // them.
    static constexpr int rounds_refused_max = 5;
    bool refused_ = false;  // in this round
    int rounds_refused_ = 0;
    std::uint64_t left_ = 0;  // records that it has refused for good
    // Whom this round's records go to, if it is not `to_`, and which of them. An heir is asked for the heirs of
    // what it refuses; after so many of them in a row that took nothing, nobody is believed any more in this round.
    static constexpr int heirs_in_vain_max = 8;
    static constexpr std::uint64_t heir_tag = 0;
    std::optional<handover::Heir> heir_, next_heir_;
    std::optional<Key> refused_key_;  // the first one of this round
    bool asked_for_heir_ = false;
    bool took_apart_ = false;  // the first batch of this round that was refused
    int heirs_in_vain_ = 0;
    std::map<std::uint64_t, Sent> following_sent_;
    std::uint64_t next_tag_ = 1;

    std::uint64_t sent_ = 0;
    bool impossible_ = false;
    std::string trouble_;
};

}  // namespace halp
