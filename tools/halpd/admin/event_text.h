// Events as people and programs read them: a stable name, a sentence, and the fields as JSON. The log and the
// event stream of the admin API show the same names and fields (README.md lists them).
#pragma once

#include <string>
#include <string_view>

#include "config/settings.h"
#include "overlay/event.h"
#include "tools/program/json.h"

namespace halp {

using config::LogLevel;

std::string_view event_name(const Event& event);
LogLevel event_level(const Event& event);
std::string event_sentence(const Event& event);
Json event_fields(const Event& event);
// Whose limit a log line counts against: a host, a file, or "" for events of the whole swarm.
std::string event_source(const Event& event);

std::string_view text(RoomFor what);
std::string_view text(LearnedFrom from);
std::string_view text(ForgottenWhy why);
std::string_view text(StreamEnd why);
std::string_view text(RefusalCause cause);
std::string_view text(EvictionCause cause);

// "host", "port" and "endpoint".
Json& add_endpoint(Json& object, const Endpoint& endpoint);

}  // namespace halp
