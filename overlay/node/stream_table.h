// The connections of one node: what each is for, and its deadline. The only place that knows both stream ids and
// conversation ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "overlay/environment.h"
#include "overlay/gossip/gossip.h"
#include "overlay/input_account.h"
#include "overlay/node/text_service.h"
#include "overlay/places.h"
#include "overlay/text/text_client.h"
#include "overlay/text/text_session.h"

namespace halp {

enum class StreamUse : std::uint8_t { undecided, text, gossip_in, gossip_out, original_out };

struct NodeStream {
    StreamUse use = StreamUse::undecided;
    Endpoint remote;                       // as the socket shows it
    std::unique_ptr<TextSession> session;  // only while a text query is not whole
    std::unique_ptr<TextAnswer> answer;    // of an original server
    std::string received;                  // bytes of a frame that is not whole; of a foreign answer
    std::unique_ptr<LongInsert> insert;    // under way
    ConversationId conversation{};
    bool hang_up_when_sent = false;
    bool foreign = false;  // gossip_out: what answers is no frame; judged when it is whole
    Place place;           // among the connections whose query is not whole
    InputAccount::Share kept;
    bool waiting = false;  // what came waits for its share of a turn, or for the peer to read
    bool ended = false;    // and the peer has said that it sends no more
    bool asked = false;    // gossip_in: the frame that opens a conversation has come
    Instant deadline = no_deadline;
};

class StreamTable {
public:
    NodeStream& add(StreamId id) { return streams_[id]; }
    NodeStream* find(StreamId id) {
        const auto at = streams_.find(id);
        return at == streams_.end() ? nullptr : &at->second;
    }
    void erase(StreamId id) {
        const auto at = streams_.find(id);
        if (at == streams_.end()) return;
        set_deadline(id, at->second, no_deadline);
        if (at->second.conversation != ConversationId{}) by_conversation_.erase(at->second.conversation);
        streams_.erase(at);
    }
    void set_deadline(StreamId id, NodeStream& stream, Instant deadline) {
        if (stream.deadline == deadline) return;
        if (stream.deadline != no_deadline) deadlines_.erase({stream.deadline, id});
        if (deadline != no_deadline) deadlines_.insert({deadline, id});
        stream.deadline = deadline;
    }
    void bind(StreamId id, NodeStream& stream, ConversationId conversation) {
        stream.conversation = conversation;
        by_conversation_[conversation] = id;
    }
    // False when the conversation has no stream, or none any more.
    bool stream_of(ConversationId conversation, StreamId& id) const {
        const auto at = by_conversation_.find(conversation);
        if (at == by_conversation_.end()) return false;
        id = at->second;
        return true;
    }
    [[nodiscard]] Instant next_deadline() const {
        return deadlines_.empty() ? no_deadline : deadlines_.begin()->first;
    }
    // A stream whose deadline has passed; false when there is none.
    bool due(Instant now, StreamId& id) const {
        if (deadlines_.empty() || deadlines_.begin()->first > now) return false;
        id = deadlines_.begin()->second;
        return true;
    }
    [[nodiscard]] std::size_t size() const { return streams_.size(); }
    [[nodiscard]] std::size_t waiting() const { return deadlines_.size(); }

private:
    std::unordered_map<StreamId, NodeStream> streams_;
    std::unordered_map<ConversationId, StreamId> by_conversation_;
    std::set<std::pair<Instant, StreamId>> deadlines_;
};

}  // namespace halp
