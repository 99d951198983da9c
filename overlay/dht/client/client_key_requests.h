// Put, Get, Exists and Remove. Each concerns one key, asks one node at a time and gives the user one note.
#pragma once

#include <memory>
#include <string>

#include "overlay/dht/client/client_request.h"
#include "overlay/dht/client/dht_notes.h"
#include "overlay/dht/client/node_map.h"
#include "store/records/key.h"

namespace halp {

// Get and Exists ask the newest node that covers the key first, and older ones while the answer is "no record".
// Put asks the newest node only. Remove begins with the oldest node and asks all of them. So a record is found on
// whichever node holds it while records move between nodes, and an old owner cannot send a removed record again.
[[nodiscard]] std::unique_ptr<ClientRequest> begin_put(RequestContext& context, const NodeMap& nodes,
                                                       neo::RequestId id, const neo::PutRequest& what,
                                                       dht::PutNotifier notify);
[[nodiscard]] std::unique_ptr<ClientRequest> begin_get(RequestContext& context, const NodeMap& nodes,
                                                       neo::RequestId id, const neo::RecordAddress& what,
                                                       dht::GetNotifier notify);
[[nodiscard]] std::unique_ptr<ClientRequest> begin_exists(RequestContext& context, const NodeMap& nodes,
                                                          neo::RequestId id, const neo::RecordAddress& what,
                                                          dht::ExistsNotifier notify);
[[nodiscard]] std::unique_ptr<ClientRequest> begin_remove(RequestContext& context, const NodeMap& nodes,
                                                          neo::RequestId id, const neo::RecordAddress& what,
                                                          dht::RemoveNotifier notify);

}  // namespace halp
