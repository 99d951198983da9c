#include "tools/bench/proc_stats.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace halp::bench {

namespace {

// The number after `name` in a file of lines like `Rss:   1234 kB`.
std::uint64_t kilobytes_of(const std::string& path, const std::string& name) {
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(name)) return std::stoull(line.substr(name.size())) * 1024;
    return 0;
}

bool loopback_up() {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return false;
    ifreq request{};
    std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
    bool up = ::ioctl(socket, SIOCGIFFLAGS, &request) == 0;
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_RUNNING);
    up = up && ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
    ::close(socket);
    return up;
}

void write_file(const char* path, const std::string& text) { std::ofstream{path} << text; }

}  // namespace

std::chrono::nanoseconds cpu_time(pid_t pid) {
    std::chrono::nanoseconds sum{0};
    std::error_code gone;
    const std::filesystem::path tasks = "/proc/" + std::to_string(pid) + "/task";
    for (const auto& task : std::filesystem::directory_iterator{tasks, gone}) {
        std::ifstream file{task.path() / "schedstat"};
        std::chrono::nanoseconds::rep on_cpu = 0;
        if (file >> on_cpu) sum += std::chrono::nanoseconds{on_cpu};
    }
    return sum;
}

Memory memory_of(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/smaps_rollup";
    return {kilobytes_of(path, "Rss:"), kilobytes_of(path, "Pss:")};
}

std::optional<std::uint64_t> loopback_bytes() {
    std::ifstream file{"/proc/self/net/dev"};
    for (std::string line; std::getline(file, line);) {
        const std::size_t at = line.find("lo:");
        if (at == std::string::npos) continue;
        std::istringstream numbers{line.substr(at + 3)};
        std::uint64_t received = 0;
        if (numbers >> received) return received;
    }
    return std::nullopt;
}

bool enter_own_network() {
    const uid_t user = ::getuid();
    const gid_t group = ::getgid();
    if (::unshare(CLONE_NEWNET) != 0) {
        // Without privileges a user namespace may give us one that is ours alone.
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
        write_file("/proc/self/setgroups", "deny");
        write_file("/proc/self/uid_map", "0 " + std::to_string(user) + " 1");
        write_file("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
    }
    return loopback_up();
}

}  // namespace halp::bench
