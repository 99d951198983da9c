#include "tools/bench/agents.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "tools/bench/report.h"

namespace halp::bench {

Agents::Agents(std::string halpd, std::size_t count, std::string profile, std::uint16_t port)
    : halpd_(std::move(halpd)), profile_(std::move(profile)) {
    for (std::size_t i = 0; i < count; ++i) {
        endpoints_.push_back("127.77." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1) + ":" +
                             std::to_string(port));
        sockets_.push_back(directory(i) + "/s");
    }
}

std::string Agents::directory(std::size_t agent) const { return directory_.path() + "/" + std::to_string(agent); }

process::Command Agents::command(std::size_t agent) const {
    const std::string home = directory(agent);
    process::Command command{
        .argv = {halpd_, "--listen", endpoints_[agent], "--state-dir", home + "/state", "--cache-dir",
                 home + "/cache", "--admin", sockets_[agent], "--profile", profile_, "--swarm", "halp-bench"},
        .environment = {{"HOME", home}},
        .error_file = home + "/stderr"};
    if (agent > 0) command.argv.insert(command.argv.end(), {"--join", endpoints_[0]});
    return command;
}

bool Agents::start() {
    for (std::size_t i = 0; i < size(); ++i) std::filesystem::create_directories(directory(i) + "/cache");
    first_exec_ = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < size(); ++i) {
        Result<process::ChildProcess> child = process::ChildProcess::start(command(i));
        if (!child) {
            progress(child.error().message);
            return false;
        }
        processes_.push_back(std::move(child).value());
    }
    return true;
}

std::chrono::nanoseconds Agents::cpu() const {
    std::chrono::nanoseconds sum{0};
    for (const process::ChildProcess& process : processes_) sum += cpu_time(process.pid());
    return sum;
}

Agents::Usage Agents::memory() const {
    Usage usage;
    constexpr double mebibyte = 1 << 20;
    for (const process::ChildProcess& process : processes_) {
        const Memory memory = memory_of(process.pid());
        const double rss = static_cast<double>(memory.rss_bytes) / mebibyte;
        usage.rss_mib_mean += rss / static_cast<double>(size());
        usage.rss_mib_max = std::max(usage.rss_mib_max, rss);
        usage.pss_mib_mean += static_cast<double>(memory.pss_bytes) / mebibyte / static_cast<double>(size());
    }
    return usage;
}

std::string Agents::first_failure() {
    for (std::size_t i = 0; i < processes_.size(); ++i)
        if (!processes_[i].running())
            return endpoints_[i] + ": " + process::read_whole_file(directory(i) + "/stderr");
    return {};
}

}  // namespace halp::bench
