// A real halpd that keeps records, started as a user would, for one measurement.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "overlay/dht/wire/neo_credentials.h"
#include "store/endpoint.h"
#include "tools/program/child_process.h"

namespace halp::bench {

class DhtDaemon {
public:
    // `settings` as behind --set. Nothing when it does not start; the reason is on stderr.
    [[nodiscard]] static std::optional<DhtDaemon> start(const std::string& halpd,
                                                        const std::vector<std::string>& settings);

    [[nodiscard]] pid_t pid() const { return process_.pid(); }
    [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
    // Of a daemon with the setting dht.legacy_listen. Nothing if it does not come; the reason is on stderr.
    [[nodiscard]] std::optional<Endpoint> legacy_endpoint() const;
    [[nodiscard]] const std::string& directory() const { return directory_.path(); }
    // With which its one client may speak to it.
    [[nodiscard]] static neo::Credential credential() { return {"admin", {}}; }

private:
    DhtDaemon(process::TemporaryDirectory directory, process::ChildProcess process, const Endpoint& endpoint)
        : directory_(std::move(directory)), process_(std::move(process)), endpoint_(endpoint) {}

    process::TemporaryDirectory directory_;  // outlives the process
    process::ChildProcess process_;
    Endpoint endpoint_;
};

}  // namespace halp::bench
