// Real halpd processes on this machine, each on its own loopback address, all joining the first one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/bench/proc_stats.h"
#include "tools/program/child_process.h"

namespace halp::bench {

class Agents {
public:
    // Addresses are given out from the beginning again for every swarm.
    Agents(std::string halpd, std::size_t count, std::string profile, std::uint16_t port);

    bool start();  // all of them, as fast as the kernel makes processes
    [[nodiscard]] std::chrono::steady_clock::time_point first_exec() const { return first_exec_; }

    [[nodiscard]] std::size_t size() const { return endpoints_.size(); }
    [[nodiscard]] const std::vector<std::string>& endpoints() const { return endpoints_; }
    [[nodiscard]] const std::vector<std::string>& sockets() const { return sockets_; }
    [[nodiscard]] bool running(std::size_t agent) { return processes_[agent].running(); }
    void kill(std::size_t agent) { processes_[agent].kill_and_wait(); }

    struct Usage {
        std::chrono::nanoseconds cpu{0};
        double rss_mib_mean = 0, rss_mib_max = 0, pss_mib_mean = 0;
    };
    [[nodiscard]] std::chrono::nanoseconds cpu() const;  // of all together
    [[nodiscard]] Usage memory() const;

    // The end of the log of an agent that ended too early. Empty if all run.
    [[nodiscard]] std::string first_failure();

private:
    [[nodiscard]] process::Command command(std::size_t agent) const;
    [[nodiscard]] std::string directory(std::size_t agent) const;

    process::TemporaryDirectory directory_;
    std::string halpd_, profile_;
    std::vector<std::string> endpoints_, sockets_;
    std::vector<process::ChildProcess> processes_;
    std::chrono::steady_clock::time_point first_exec_{};
};

}  // namespace halp::bench
