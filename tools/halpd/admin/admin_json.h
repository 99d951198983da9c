// Values of a node as JSON of the admin API.
#pragma once

#include "overlay/node/overlay_node.h"
#include "store/label.h"
#include "tools/program/json.h"

namespace halp {

inline constexpr int admin_schema_version = 1;

// JSON on one line, with control bytes and invalid UTF-8 from strangers escaped.
std::string admin_text(const Json& value);
Json seconds_json(Duration duration);        // in seconds, with three decimals
Json admin_object();                         // begins with "schema_version"
Json json_of_tags(const std::string& text);  // store/tags.h
Json json_of(const ListedHost& host);
// Adds what admin_text(json_of(host)) is, without making objects: lists of hosts are asked for most often, and the
// objects of 20 hosts take longer than everything else of the request.
void append_text(std::string& out, const ListedHost& host);
Json json_of(const PeerStatus& peer);
Json json_of(const OwnAnnouncement& own);
Json json_of(const SeedStatus& seed);
void add_status(Json& object, const NodeStatus& status);
Json& add_self(Json& object, const NodeStatus& status);

}  // namespace halp
