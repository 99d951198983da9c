// The conversations of one node: the calls it has under way, and the actions it asks its owner to do. A
// conversation is one connection. Nothing here opens a connection: OverlayNode takes the actions and carries them
// out.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "overlay/gossip/pacing.h"
#include "overlay/gossip/self/identity.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "overlay/overlay_options.h"
#include "store/endpoint.h"
#include "store/time.h"

namespace halp {

enum class ConversationId : std::uint64_t {};

// Actions.
struct GossipCall {  // open a connection and send this
    ConversationId conversation;
    EndpointId to;
    gossip::Message first;
    bool hang_up;  // close the connection once it is sent: no answer will come
};
struct GossipReply {
    ConversationId conversation;
    gossip::Message message;
    bool hang_up;
};
struct GossipHangUp {
    ConversationId conversation;
};
using GossipAction = std::variant<GossipCall, GossipReply, GossipHangUp>;

enum class CallPurpose : std::uint8_t {
    round,           // the exchange of a period
    seed,            // an exchange with a configured seed
    feeler,          // ping of a node not proved by own contact
    member_check,    // ping of a member of the view, after failures elsewhere
    suspect_probe,   // ping of a suspect, or of a grave whose death others dispute
    grave_probe,     // ping of a dead node
    news,            // one way
    leave,           // one way
    probe_request,   // asks a node to probe a suspect for us (SWIM's ping-req)
    indirect_probe,  // ping of a node on behalf of another node
    self_check,      // ping of an endpoint that may lead to this node
};

struct Call {
    ConversationId id{};
    EndpointId to = no_endpoint;
    CallPurpose purpose = CallPurpose::round;
    int attempt = 1;  // of `round`: how many partners were tried
    bool connected = false;
    bool withheld = false;           // DialGate did not let it out: it ends at once, without a word
    std::size_t seed = 0;            // of `seed`: its index
    EndpointId about = no_endpoint;  // of `probe_request`: the suspect
    ConversationId asker{};          // of `indirect_probe`: whom to answer
    Instant started = never;
    Instant connected_at = never;
    Instant quiet_at = no_deadline;  // then an answer is late, and the other side is doubted
    bool doubted = false;            // it was
    Instant deadline = no_deadline;
};

// Which calls may be made (HearsayDials).
class DialGate {
public:
    [[nodiscard]] virtual bool admits(EndpointId to, CallPurpose purpose, Instant now) = 0;
    // It would not let out a feeler to it now.
    [[nodiscard]] virtual bool would_hold(EndpointId to, Instant now) const = 0;
    // Others named it, and nobody on this machine; it has answered no call, and called from nowhere.
    [[nodiscard]] virtual bool only_heard_of(EndpointId node) const = 0;

protected:
    ~DialGate() = default;
};

class Calls {
public:
    Calls(const Identity& identity, const LocalHealth& health, const GossipOptions& options)
        : identity_(identity), health_(health), options_(options) {}

    void set_gate(DialGate& gate) { gate_ = &gate; }  // none: all calls are made

    // Such a node gets a ping first: whatever is at its address must not be sent more.
    [[nodiscard]] bool only_heard_of(EndpointId node) const { return gate_ && gate_->only_heard_of(node); }
    [[nodiscard]] bool would_hold(EndpointId to, Instant now) const { return gate_ && gate_->would_hold(to, now); }

    // An id for a conversation that another node opened.
    [[nodiscard]] ConversationId next_conversation() { return ConversationId{++conversations_}; }

    // The new call; valid until the next one is opened.
    Call& open(EndpointId to, CallPurpose purpose, gossip::Message first, Instant now);
    Call& ping(EndpointId to, CallPurpose purpose, Instant now);
    void connected(ConversationId conversation, Instant now);
    void answered(const Call& call, Instant now);  // for how long answers take
    // Removes a call; none when there is no such call.
    std::optional<Call> finish(ConversationId conversation);

    void reply(ConversationId conversation, gossip::Message message, bool hang_up);
    void refuse(ConversationId conversation, gossip::Refusal why);
    void hang_up(ConversationId conversation);

    [[nodiscard]] bool under_way(ConversationId conversation) const;
    [[nodiscard]] bool under_way_to(EndpointId peer) const;
    [[nodiscard]] std::vector<Call> under_way() const { return calls_; }  // copies: calls may end meanwhile
    // A call whose outcome will be a proof or a failure of this peer is under way.
    [[nodiscard]] bool tests(EndpointId peer) const;
    [[nodiscard]] bool any() const { return !calls_.empty(); }
    struct Late {
        ConversationId conversation;
        bool connected;
    };
    [[nodiscard]] std::vector<Late> late(Instant now) const;
    // Peers that took a call and should have answered by now; each call once.
    [[nodiscard]] std::vector<EndpointId> take_quiet(Instant now);
    // Few late answers came after all, so doubts are worth telling.
    [[nodiscard]] bool doubts_tell() const { return answers_.telling(); }
    [[nodiscard]] std::uint64_t slow_answers_short() const { return answers_.not_noted(); }
    [[nodiscard]] Instant next_deadline() const;
    [[nodiscard]] Duration timeout() const { return options_.exchange_timeout * health_.multiplier(); }
    // For a peer that answers as usual, while this node is well: a sixth of the time-out, at least a quarter of a
    // second.
    [[nodiscard]] Duration usual_answer() const {
        return std::max<Duration>(options_.exchange_timeout / 6, std::chrono::milliseconds{250});
    }

    // In the order in which they must be done; empties the list.
    std::vector<GossipAction> take_actions() { return std::exchange(actions_, {}); }
    void mark_endpoints(std::vector<bool>& marks) const;

private:
    const Identity& identity_;
    const LocalHealth& health_;
    const GossipOptions& options_;
    DialGate* gate_ = nullptr;
    AnswerTimes answers_;
    std::vector<Call> calls_;
    std::vector<GossipAction> actions_;
    std::uint64_t conversations_ = 0;
};

}  // namespace halp
