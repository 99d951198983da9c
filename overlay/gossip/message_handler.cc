#include "overlay/gossip/message_handler.h"

#include <optional>
#include <utility>

namespace halp {

namespace {

bool answers(gossip::Kind kind) {
    return kind == gossip::Kind::answer || kind == gossip::Kind::pong || kind == gossip::Kind::verdict;
}

}  // namespace

void MessageHandler::on_message(ConversationId conversation, const gossip::Message& m, const Endpoint& remote,
                                Instant now, Duration delay, UnixSeconds wall) {
    using gossip::Kind;
    parts_.failures.message_received(now);
    if (m.kind == Kind::refuse) {
        skip(m, FrameFate::refusal);
        const std::optional<Call> call = parts_.calls.finish(conversation);
        parts_.calls.hang_up(conversation);
        if (!call) return;
        const bool member = m.hello.swarm == parts_.identity.swarm();
        if (member) met(*call, remote);
        parts_.dials.ended(call->to, member ? HearsayDials::Outcome::answered : HearsayDials::Outcome::failed, now);
        return on_refusal(*call, m, now);
    }
    if (m.hello.swarm != parts_.identity.swarm()) {
        skip(m, FrameFate::other_swarm);
        return on_other_swarm(conversation, remote, now);
    }
    if (m.hello.node == parts_.identity.node()) return on_own_number(conversation, m, remote, now);
    const bool opened_by_us = parts_.calls.under_way(conversation);
    if (answers(m.kind) != opened_by_us || !parts_.identity.started()) {
        skip(m, FrameFate::out_of_turn);
        parts_.calls.hang_up(conversation);
    } else if (opened_by_us) {
        on_answer(conversation, m, remote, now, wall);
    } else if (parts_.identity.leaving() && m.kind != Kind::leave && m.kind != Kind::news) {
        skip(m, FrameFate::leaving);
        parts_.calls.refuse(conversation, gossip::Refusal::leaving);
    } else {
        on_request(conversation, m, remote, now, delay, wall);
    }
}

// A node of this swarm is where this one dialled, also when it was dialled by name. What it says of its port is
// only its word.
void MessageHandler::met(const Call& call, const Endpoint& remote) {
    const Endpoint& dialled = parts_.endpoints.at(call.to);
    if (dialled.host == remote.host)
        parts_.dials.met(call.to);
    else
        parts_.dials.met({remote.host, dialled.port});
}

// The frame has this fate, and nothing in it is merged.
void MessageHandler::skip(const gossip::Message& m, FrameFate fate) {
    received_.frames.count(fate);
    skip_nodes(m);
    for (const gossip::LabelEntries& label : m.labels)
        received_.hosts.count(HostFate::not_read, label.entries.size());
}

void MessageHandler::on_refusal(const Call& call, const gossip::Message& m, Instant now) {
    switch (m.refusal) {
        case gossip::Refusal::leaving:
            parts_.seeds.failed(call, SeedOutcome::leaving);
            return parts_.failures.left(call.to, m.hello.incarnation, now);
        case gossip::Refusal::other_swarm:
            ++other_swarm_;
            parts_.observer.note(SwarmMismatch{parts_.endpoints.at(call.to)});
            parts_.seeds.failed(call, SeedOutcome::other_swarm);
            break;
        case gossip::Refusal::self:
            parts_.seeds.failed(call, SeedOutcome::itself);
            return parts_.self_check.own_number_answered(call, now);
        case gossip::Refusal::version:  // whoever it is, it is no member of the swarm that this node can talk to
            parts_.seeds.failed(call, SeedOutcome::unreached, ConnectFailure::not_halp);
            return parts_.failures.call_failed(call, ConnectFailure::not_halp, now);
        default:  // busy: the other side lives, but nothing else is known
            return parts_.failures.look_again(call.to, now);
    }
    parts_.view.erase(call.to);
}

// This node reached itself, or a copy of it, or a server that sends back what it gets: this node answers its own
// call with a refusal and never with a request.
void MessageHandler::on_own_number(ConversationId conversation, const gossip::Message& m, const Endpoint& remote,
                                   Instant now) {
    skip(m, FrameFate::own_number);
    const std::optional<Call> call = parts_.calls.finish(conversation);
    if (!call) {
        parts_.calls.refuse(conversation, gossip::Refusal::self);
        // Whoever sent news or said goodbye has hung up, and hears no refusal.
        const bool hears = m.kind != gossip::Kind::news && m.kind != gossip::Kind::leave;
        return parts_.self_check.own_number_called(identify(m.hello, remote), hears, remote, now);
    }
    parts_.calls.hang_up(conversation);
    parts_.dials.ended(call->to, answers(m.kind) ? HearsayDials::Outcome::answered : HearsayDials::Outcome::failed,
                       now);
    if (!answers(m.kind)) {
        if (call->purpose == CallPurpose::seed)
            parts_.observer.note(SeedFailed{parts_.endpoints.at(call->to), ConnectFailure::not_halp});
        parts_.seeds.failed(*call, SeedOutcome::unreached, ConnectFailure::not_halp);
        return parts_.failures.call_failed(*call, ConnectFailure::not_halp, now);
    }
    parts_.seeds.failed(*call, SeedOutcome::itself);
    parts_.self_check.own_number_answered(*call, now);
}

void MessageHandler::on_other_swarm(ConversationId conversation, const Endpoint& remote, Instant now) {
    const std::optional<Call> call = parts_.calls.finish(conversation);
    ++other_swarm_;
    parts_.observer.note(SwarmMismatch{call ? parts_.endpoints.at(call->to) : remote});
    if (!call) return parts_.calls.refuse(conversation, gossip::Refusal::other_swarm);
    parts_.dials.ended(call->to, HearsayDials::Outcome::failed, now);
    parts_.seeds.failed(*call, SeedOutcome::other_swarm);
    parts_.view.erase(call->to);
    parts_.calls.hang_up(conversation);
}

// ---- answers ----

void MessageHandler::on_answer(ConversationId conversation, const gossip::Message& m, const Endpoint& remote,
                               Instant now, UnixSeconds wall) {
    const Call call = *parts_.calls.finish(conversation);
    answered_at_ = now;
    parts_.calls.answered(call, now);
    met(call, remote);
    parts_.dials.ended(call.to, HearsayDials::Outcome::answered, now);
    if (call.purpose == CallPurpose::probe_request) {
        skip(m, FrameFate::taken);
        parts_.calls.hang_up(conversation);
        return parts_.failures.on_verdict(call.about, m.reachable, now);
    }
    if (call.purpose == CallPurpose::indirect_probe) parts_.failures.report(call, true);
    const EndpointId speaker = on_contact(call, m, remote, now);
    if (m.kind == gossip::Kind::pong || speaker == no_endpoint) {
        skip(m, FrameFate::taken);
        parts_.calls.hang_up(conversation);
        if (call.purpose == CallPurpose::round && speaker != no_endpoint)
            parts_.rounds.call_partner(speaker, call.attempt, now);  // it was only heard of before
        return;
    }
    parts_.push_pull.compare(m.hello.peers);
    MessageContext context = MessageContext::of(m.kind, speaker, remote, (now - call.started) / 2, now, wall);
    context.from = parts_.identity.reach_of_speaker(remote);
    merge(m, context);
    if (call.purpose == CallPurpose::round || call.purpose == CallPurpose::seed) parts_.rounds.succeeded();
    if (m.wanted.empty()) return parts_.calls.hang_up(conversation);
    parts_.calls.reply(conversation, parts_.push_pull.supplement(m, now, wall), true);
}

// A node of this swarm answered a call. Returns its endpoint; no_endpoint when it is not known, or this node's own.
EndpointId MessageHandler::on_contact(const Call& call, const gossip::Message& m, const Endpoint& remote,
                                      Instant now) {
    parts_.health.improve();
    hear_of_self(m, remote, now);
    if (parts_.identity.is_self(call.to)) {
        parts_.self_check.answered_by_another(call, remote, now);
        if (parts_.identity.is_self(call.to)) return no_endpoint;
    }
    parts_.contacts.call_worked(call.to);
    parts_.failures.answered(call.to);
    const EndpointId speaker = speaker_of(m, remote, now, call.to);
    if (speaker == no_endpoint) return no_endpoint;
    note_speaker(identify(m.hello, remote, call.to), m.hello, now);
    if (call.purpose == CallPurpose::seed) parts_.seeds.answered(call, speaker);
    in_swarm_ = true;
    const bool may_anchor = !parts_.seeds.includes(speaker);
    parts_.membership.answered({call.to, speaker, remote, may_anchor}, m.hello, now);
    return speaker;
}

// Nobody but a node on this machine sees this one on loopback. What is an address of this machine can be checked
// here; for any other the rule of all that is heard holds.
bool MessageHandler::may_see_this_at(const Endpoint& remote, EndpointId observed) const {
    const std::string& host = parts_.endpoints.at(observed).host;
    const bool own = parts_.identity.address().on_this_machine(host) && reach_of(host) != Reach::machine;
    return own || parts_.identity.is_self(observed) ||
           parts_.identity.may_list(observed, parts_.identity.reach_of_speaker(remote));
}

// Where the other side sees this node, and how that went.
void MessageHandler::hear_of_self(const gossip::Message& m, const Endpoint& remote, Instant now) {
    if (m.observed == no_endpoint) return;
    if (!may_see_this_at(remote, m.observed)) return;
    OwnAddress& own = parts_.identity.address();
    const std::optional<Peer> another = parts_.view.find(m.observed);
    const bool doubtful = another && another->proved != never;
    if (own.witnessed({remote.host, m.observed, now, doubtful})) parts_.view.erase(m.observed);
    if (own.worth_a_call(m.observed)) parts_.self_check.seen_at(m.observed, now);
    parts_.standing.answered(remote.host, parts_.endpoints.at(m.observed), m.notice, now);
    if (m.notice.contested) parts_.self_check.claimed(own.certain() ? own.endpoint() : m.observed, remote, now);
}

// A node may advertise a name. It is listed under it where it was reached by it: nobody else's word makes this node
// ask for a name.
EndpointId MessageHandler::identify(const gossip::Hello& hello, const Endpoint& remote, EndpointId dialled) const {
    const std::optional<Peer> named = parts_.view.find(hello.self);
    const bool reached = named && named->proved != never;
    return parts_.identity.identify(hello, remote, reached ? hello.self : dialled);
}

// no_endpoint when it cannot be dialled, or is at an endpoint of this node.
EndpointId MessageHandler::speaker_of(const gossip::Message& m, const Endpoint& remote, Instant now,
                                      EndpointId dialled) {
    EndpointId speaker = identify(m.hello, remote, dialled);
    if (!parts_.identity.is_self(speaker)) return speaker;
    parts_.self_check.claimed(speaker, remote, now);
    // Listed where its socket is: two nodes that say the same of themselves still meet.
    gossip::Hello unnamed = m.hello;
    unnamed.self = no_endpoint;
    speaker = identify(unnamed, remote);
    return parts_.identity.is_self(speaker) ? no_endpoint : speaker;
}

void MessageHandler::note_speaker(EndpointId speaker, const gossip::Hello& hello, Instant now) {
    const Contacts::Heard heard = parts_.contacts.heard(speaker, hello.node, now);
    if (heard.contested) parts_.observer.note(PeerContested{parts_.endpoints.at(speaker)});
    if (heard.former != no_endpoint) parts_.view.retry(heard.former, now);
}

// ---- requests ----

void MessageHandler::on_request(ConversationId conversation, const gossip::Message& m, const Endpoint& remote,
                                Instant now, Duration delay, UnixSeconds wall) {
    const EndpointId claimed = identify(m.hello, remote);
    if (claimed == no_endpoint) {
        skip(m, FrameFate::nameless);
        return parts_.calls.refuse(conversation, gossip::Refusal::malformed);
    }
    const EndpointId at = speaker_of(m, remote, now);
    const EndpointId speaker = at != no_endpoint ? at : claimed;
    note_speaker(claimed, m.hello, now);
    const Endpoint& listed = parts_.endpoints.at(claimed);
    if (listed.port == m.hello.port && listed.host == remote.host)
        parts_.dials.called_from(claimed);
    else
        parts_.dials.called_from({remote.host, m.hello.port});
    MessageContext context = MessageContext::of(m.kind, speaker, remote, delay, now, wall);
    context.from = parts_.identity.reach_of_speaker(remote);
    if (m.kind == gossip::Kind::leave) {
        received_.frames.count(FrameFate::taken);
        skip_nodes(m);
        parts_.labels.merge(m, context);
        parts_.failures.leave_received(speaker, remote, now);
        return parts_.calls.hang_up(conversation);
    }
    if (!m.hello.leaving && parts_.membership.called_by({speaker, remote, now - delay}, m.hello, now))
        parts_.rounds.join_by(now);
    if (m.kind == gossip::Kind::try_for) {
        skip(m, FrameFate::taken);
        parts_.view.merge_arrivals();
        return parts_.failures.probe_for(conversation, m.target, now);
    }
    merge(m, context);
    reply(conversation, m, context, remote);
}

void MessageHandler::merge(const gossip::Message& m, const MessageContext& context) {
    received_.frames.count(FrameFate::taken);
    if (parts_.membership.merge(m, context)) parts_.rounds.join_by(context.now + options_.period / 4);
    parts_.labels.merge(m, context);
}

// What the other side cannot see of the endpoint that it says is its own.
gossip::Notice MessageHandler::notice_for(const gossip::Message& m, const MessageContext& context,
                                          const Endpoint& remote) const {
    const EndpointId claimed = identify(m.hello, remote);
    gossip::Notice notice = parts_.contacts.notice_for(claimed, context.now);
    notice.contested = notice.contested || parts_.identity.is_self(claimed);
    return notice;
}

void MessageHandler::reply(ConversationId conversation, const gossip::Message& m, const MessageContext& context,
                           const Endpoint& remote) {
    if (m.kind == gossip::Kind::ping) {
        gossip::Message pong = parts_.identity.message(gossip::Kind::pong);
        pong.observed = context.speaker;
        pong.notice = notice_for(m, context, remote);
        parts_.calls.reply(conversation, std::move(pong), true);
    } else if (m.kind == gossip::Kind::exchange) {
        gossip::Message answer = parts_.push_pull.answer(m, context.speaker, context.now, context.wall);
        answer.notice = notice_for(m, context, remote);
        parts_.view.merge_arrivals();
        const bool done = answer.wanted.empty();
        parts_.calls.reply(conversation, std::move(answer), done);
    } else {
        if (m.kind == gossip::Kind::news) ++news_received_;
        parts_.calls.hang_up(conversation);
    }
}

}  // namespace halp
