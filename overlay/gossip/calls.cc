#include "overlay/gossip/calls.h"

#include <algorithm>

#include "store/tight_growth.h"

namespace halp {

namespace {

// A probe request is answered after a call that the other side makes. News and leaves are not answered.
bool answered_at_once(CallPurpose purpose) {
    return purpose != CallPurpose::news && purpose != CallPurpose::leave && purpose != CallPurpose::probe_request;
}

constexpr std::size_t calls_kept = 4;  // whose memory stays for the next ones

}  // namespace

Call& Calls::open(EndpointId to, CallPurpose purpose, gossip::Message first, Instant now) {
    make_room_tightly(calls_);
    Call& call = calls_.emplace_back();
    call.id = next_conversation();
    call.to = to;
    call.purpose = purpose;
    call.started = now;
    call.deadline = now + timeout();
    call.withheld = gate_ && !gate_->admits(to, purpose, now);
    if (call.withheld) {
        call.deadline = now;
        return call;
    }
    const bool one_way = purpose == CallPurpose::news || purpose == CallPurpose::leave;
    actions_.push_back(GossipCall{call.id, to, std::move(first), one_way});
    return call;
}

Call& Calls::ping(EndpointId to, CallPurpose purpose, Instant now) {
    return open(to, purpose, identity_.message(gossip::Kind::ping), now);
}

void Calls::connected(ConversationId conversation, Instant now) {
    const auto call = std::ranges::find(calls_, conversation, &Call::id);
    if (call == calls_.end()) return;
    call->connected = true;
    call->connected_at = now;
    if (answered_at_once(call->purpose))
        call->quiet_at = now + answers_.late_after(call->to, usual_answer()) * health_.multiplier();
}

void Calls::answered(const Call& call, Instant now) {
    if (call.connected && answered_at_once(call.purpose))
        answers_.note(call.to, now - call.connected_at, usual_answer(), call.doubted);
}

std::vector<EndpointId> Calls::take_quiet(Instant now) {
    std::vector<EndpointId> quiet;
    for (Call& call : calls_) {
        if (call.quiet_at > now) continue;
        // Told late by more than that, this node stood still itself: the answer may be there, unread.
        const bool stood_still = now - call.quiet_at > usual_answer();
        call.quiet_at = stood_still ? now + usual_answer() : no_deadline;
        call.doubted = call.doubted || !stood_still;
        if (!stood_still) quiet.push_back(call.to);
    }
    return quiet;
}

std::optional<Call> Calls::finish(ConversationId conversation) {
    const auto at = std::ranges::find(calls_, conversation, &Call::id);
    if (at == calls_.end()) return std::nullopt;
    const Call found = *at;
    calls_.erase(at);
    if (calls_.empty() && calls_.capacity() > calls_kept) calls_ = std::vector<Call>{};
    return found;
}

void Calls::reply(ConversationId conversation, gossip::Message message, bool hang_up) {
    actions_.push_back(GossipReply{conversation, std::move(message), hang_up});
}

// A hello would tell a stranger the name of the swarm, and with it everybody is a member.
void Calls::refuse(ConversationId conversation, gossip::Refusal why) {
    const bool to_stranger = why == gossip::Refusal::other_swarm;
    gossip::Message refusal = to_stranger ? gossip::Message{} : identity_.message(gossip::Kind::refuse);
    refusal.kind = gossip::Kind::refuse;
    refusal.refusal = why;
    reply(conversation, std::move(refusal), true);
}

void Calls::hang_up(ConversationId conversation) { actions_.push_back(GossipHangUp{conversation}); }

bool Calls::under_way(ConversationId conversation) const {
    return std::ranges::find(calls_, conversation, &Call::id) != calls_.end();
}

bool Calls::under_way_to(EndpointId peer) const {
    return std::ranges::any_of(calls_, [peer](const Call& call) { return call.to == peer && !call.withheld; });
}

bool Calls::tests(EndpointId peer) const {
    return std::ranges::any_of(calls_, [&](const Call& call) {
        return call.to == peer && !call.withheld && answered_at_once(call.purpose) &&
               call.purpose != CallPurpose::indirect_probe;
    });
}

std::vector<Calls::Late> Calls::late(Instant now) const {
    std::vector<Late> late;
    for (const Call& call : calls_)
        if (call.deadline <= now) late.push_back({call.id, call.connected});
    return late;
}

Instant Calls::next_deadline() const {
    Instant next = no_deadline;
    for (const Call& call : calls_) next = std::min({next, call.deadline, call.quiet_at});
    return next;
}

void Calls::mark_endpoints(std::vector<bool>& marks) const {
    const auto mark = [&](EndpointId id) {
        if (id != no_endpoint) marks[static_cast<std::size_t>(id)] = true;
    };
    answers_.mark_endpoints(mark);
    for (const Call& call : calls_) {
        mark(call.to);
        mark(call.about);
    }
    for (const GossipAction& action : actions_)
        if (const auto* call = std::get_if<GossipCall>(&action)) mark(call->to);
}

}  // namespace halp
