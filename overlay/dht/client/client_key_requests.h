// Put, Get, Exists and Remove: one key, one node after the other, one answer to the user.
#pragma once

#include <memory>
#include <string>

#include "overlay/dht/client/client_request.h"
#include "overlay/dht/client/dht_notes.h"
#include "overlay/dht/client/node_map.h"
#include "store/records/key.h"

namespace halp {

// Each of them asks the newest node that covers the key first and goes on to older ones while there is no record,
// except that Put asks none but the newest, and Remove begins with the oldest and asks all: data that moves between
// nodes is found where it is, and an old owner cannot send again what was removed.
[[nodiscard]] std::unique_ptr<ClientRequest> begin_put(RequestContext& context, const NodeMap& nodes, neo::RequestId id,
                                                       const neo::PutRequest& what, dht::PutNotifier notify);
[[nodiscard]] std::unique_ptr<ClientRequest> begin_get(RequestContext& context, const NodeMap& nodes, neo::RequestId id,
                                                       const neo::RecordAddress& what, dht::GetNotifier notify);
[[nodiscard]] std::unique_ptr<ClientRequest> begin_exists(RequestContext& context, const NodeMap& nodes, neo::RequestId id,
                                                          const neo::RecordAddress& what, dht::ExistsNotifier notify);
[[nodiscard]] std::unique_ptr<ClientRequest> begin_remove(RequestContext& context, const NodeMap& nodes, neo::RequestId id,
                                                          const neo::RecordAddress& what, dht::RemoveNotifier notify);

}  // namespace halp
