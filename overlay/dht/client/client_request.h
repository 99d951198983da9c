// A running request of a DhtClient, and the interface by which it uses the client. Notifiers are called only
// within a turn of the client (messages, losses, deadlines, on_turn), never within the call that began the
// request.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "overlay/dht/client/node_map.h"
#include "overlay/dht/wire/neo_codec.h"
#include "overlay/environment.h"
#include "store/endpoint.h"
#include "store/records/hash_range.h"

namespace halp {

class RequestContext {
public:
    virtual ~RequestContext() = default;
    [[nodiscard]] virtual bool open(NodeNumber node) const = 0;  // connected and authenticated
    [[nodiscard]] virtual const Endpoint& endpoint(NodeNumber node) const = 0;
    virtual void send(NodeNumber node, neo::RequestId id, Bytes frame) = 0;
    // Empty, for a frame that is sent at once.
    [[nodiscard]] virtual std::string& frame_room() = 0;
    virtual void unsend(NodeNumber node, neo::RequestId id) = 0;  // drops unsent messages
    // The range that the node has sent on its present connection.
    [[nodiscard]] virtual std::optional<HashRange> range(NodeNumber node) const = 0;
    [[nodiscard]] virtual bool range_due(NodeNumber node) const = 0;  // connected, and will send its range
    // Whether a node that was only hinted at has not yet been tried to the end.
    [[nodiscard]] virtual bool untried_hints() const = 0;
    // Calls on_turn() of the request in this turn or the next.
    virtual void later(neo::RequestId id) = 0;
    // The request is over. The object lives until the end of the turn and is called no more.
    virtual void over(neo::RequestId id) = 0;
};

class ClientRequest {
public:
    ClientRequest(RequestContext& context, neo::RequestId id, neo::RequestCode code)
        : context_(context), id_(id), code_(code) {}
    virtual ~ClientRequest() = default;
    ClientRequest(const ClientRequest&) = delete;
    ClientRequest& operator=(const ClientRequest&) = delete;

    [[nodiscard]] neo::RequestId id() const { return id_; }
    [[nodiscard]] neo::RequestCode code() const { return code_; }

    // Returns false when the node broke the protocol. A stale message is no violation: returns true.
    [[nodiscard]] virtual bool on_message(NodeNumber node, Bytes payload) = 0;
    virtual void on_open(NodeNumber) {}   // is connected, for the first time or again
    virtual void on_node(NodeNumber) {}   // is known from now on, connected or not
    virtual void on_alias(NodeNumber) {}  // is another name of a known node and gets no messages
    virtual void on_lost(NodeNumber node, std::string_view why) = 0;
    virtual void on_failed(NodeNumber) {}                   // an attempt to connect to it has failed
    virtual void on_range(NodeNumber, const HashRange&) {}  // the node has sent its range, or a change of it
    virtual void on_turn() {}
    virtual void on_time_out() = 0;
    // Stops the notes. The request ends now, or when its nodes have been told to stop.
    virtual void cancel() = 0;

protected:
    RequestContext& context_;

private:
    const neo::RequestId id_;
    const neo::RequestCode code_;
};

}  // namespace halp
