// What `--json` prints: one object, one line, `schema_version` first (README.md, "JSON"). Bytes that are not
// UTF-8 become U+FFFD.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/halp/output/listing.h"

namespace halp::cli {

struct ServerReply {
    Endpoint server;
    std::optional<std::string> answer;  // nothing: `error` says why
    std::string error;
    bool stored = false;
};

// `source` is "cache" or "daemon".
[[nodiscard]] std::string json_of_listing(const Listing& listing, const std::string& source);
[[nodiscard]] std::string json_of_insert(const Label& label, const Endpoint& endpoint, UnixSeconds seen,
                                         const std::string& source);
[[nodiscard]] std::string json_of_bcast(const Label& label, const Endpoint& endpoint, UnixSeconds seen,
                                        const std::vector<ServerReply>& replies, int sent, int wanted,
                                        bool daemon_too);
[[nodiscard]] std::string json_of_clear(const std::optional<Label>& label, bool cleared, const std::string& source);
[[nodiscard]] std::string json_of_confirm(const Label& label, const Endpoint& endpoint, bool worked);
[[nodiscard]] std::string json_of_join(const Endpoint& seed, bool joined, const std::string& outcome,
                                       std::size_t peers);
[[nodiscard]] std::string json_of_unjoin(const Endpoint& seed);
[[nodiscard]] std::string json_of_leave();
// `data` is a JSON object; its fields follow the event's name.
[[nodiscard]] std::string json_of_event(const std::string& name, const std::string& data);

struct DemoReport {
    std::vector<Endpoint> nodes;
    Endpoint service, killed;
    double started_s = 0, joined_s = 0, announced_s = 0, forgotten_s = 0, stopped_s = 0;
    std::string failure;  // "" when all went well
};
[[nodiscard]] std::string json_of_demo(const DemoReport& report);

}  // namespace halp::cli
