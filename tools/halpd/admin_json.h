// Values of a node as the admin API shows them.
#pragma once

#include "overlay/node/overlay_node.h"
#include "store/label.h"
#include "tools/halpd/json_text.h"

namespace halp {

inline constexpr int admin_schema_version = 1;

JsonObject admin_object();  // begins with "schema_version"
JsonObject json_of(const ListedHost& host);
JsonObject json_of(const PeerStatus& peer);
JsonObject json_of(const OwnAnnouncement& own);
void add_status(JsonObject& object, const NodeStatus& status);
JsonObject& add_self(JsonObject& object, const NodeStatus& status);

}  // namespace halp
