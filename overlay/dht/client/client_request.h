// A request of a DhtClient while it runs, and what it may ask of the client. Notifiers are called only from within
// a turn of the client (messages, losses, deadlines, on_turn), never from within the call that began the request.
#pragma once

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
    virtual void unsend(NodeNumber node, neo::RequestId id) = 0;  // what still waits is not sent
    // Calls on_turn() of the request in the next turn, or later in this one.
    virtual void later(neo::RequestId id) = 0;
    // The request is over. It lives until the turn ends, but hears no more.
    virtual void over(neo::RequestId id) = 0;
};

class ClientRequest {
public:
    ClientRequest(RequestContext& context, neo::RequestId id, neo::RequestCode code) : context_(context), id_(id), code_(code) {}
    virtual ~ClientRequest() = default;
    ClientRequest(const ClientRequest&) = delete;
    ClientRequest& operator=(const ClientRequest&) = delete;

    [[nodiscard]] neo::RequestId id() const { return id_; }
    [[nodiscard]] neo::RequestCode code() const { return code_; }

    // False: the node broke the protocol. A message that is not for us (any more) is not that.
    [[nodiscard]] virtual bool on_message(NodeNumber node, Bytes payload) = 0;
    virtual void on_open(NodeNumber) {}   // a node we may talk to, new or again
    virtual void on_node(NodeNumber) {}   // a node that is known from now on, connected or not
    virtual void on_alias(NodeNumber) {}  // a node that turns out to be another one: nothing will come of it
    virtual void on_lost(NodeNumber node, std::string_view why) = 0;
    virtual void on_turn() {}
    virtual void on_time_out() = 0;
    // Notifies no more. The request ends at once or as soon as nodes can be left in good order.
    virtual void cancel() = 0;

protected:
    RequestContext& context_;

private:
    const neo::RequestId id_;
    const neo::RequestCode code_;
};

}  // namespace halp
