// One node with one thread and with two, under the load of two client processes.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tools/bench/dht_bench.h"
#include "tools/bench/dht_daemon.h"
#include "tools/bench/dht_load.h"
#include "tools/bench/proc_stats.h"

namespace halp::bench {
namespace {

constexpr std::size_t clients = 2;
constexpr unsigned cores_to_judge = 4;  // two for the node, one for each client

using Load = std::function<LoadResult(DhtLoad&, std::size_t client)>;

bool read_whole(int fd, void* to, std::size_t bytes) {
    return ::read(fd, to, bytes) == static_cast<ssize_t>(bytes);  // at most PIPE_BUF: all or nothing
}
bool write_whole(int fd, const void* from, std::size_t bytes) {
    return ::write(fd, from, bytes) == static_cast<ssize_t>(bytes);
}

// A client process. It connects, says so, waits for the word to begin, and answers with its result.
class Client {
public:
    Client(const DhtDaemon& daemon, const Load& load, std::size_t number) {
        if (::pipe(go_.data()) != 0 || ::pipe(said_.data()) != 0) return;
        pid_ = ::fork();
        if (pid_ == 0) work(daemon, load, number);
    }
    ~Client() {
        for (const int fd : {go_[0], go_[1], said_[0], said_[1]})
            if (fd >= 0) ::close(fd);
        if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    [[nodiscard]] bool ready() {
        char connected = 0;
        return pid_ > 0 && read_whole(said_[0], &connected, 1) && connected == 'y';
    }
    [[nodiscard]] bool go() { return write_whole(go_[1], "g", 1); }
    [[nodiscard]] std::optional<LoadResult> result() {
        LoadResult result;
        if (!read_whole(said_[0], &result, sizeof result) || result.failed > 0) return std::nullopt;
        return result;
    }

private:
    [[noreturn]] void work(const DhtDaemon& daemon, const Load& load, std::size_t number) {
        ::close(go_[1]);  // so that the end of the parent is seen
        ::close(said_[0]);
        DhtLoad client(daemon.endpoint(), daemon.pid());
        const bool connected = client.connect() && write_whole(said_[1], "y", 1);
        char word = 0;
        if (!connected || !read_whole(go_[0], &word, 1)) ::_exit(EXIT_FAILURE);
        const LoadResult result = load(client, number);
        ::_exit(write_whole(said_[1], &result, sizeof result) ? EXIT_SUCCESS : EXIT_FAILURE);
    }

    std::array<int, 2> go_{-1, -1}, said_{-1, -1};
    pid_t pid_ = -1;
};

struct Rates {
    std::vector<double> per_s, node_us;
};

// The requests of all clients in the time of the slowest.
bool run(const DhtDaemon& daemon, const Load& load, Rates& rates) {
    std::array<std::optional<Client>, clients> processes;
    for (std::size_t i = 0; i < clients; ++i) processes[i].emplace(daemon, load, i);
    if (!std::ranges::all_of(processes, [](auto& client) { return client->ready(); })) return false;
    const auto cpu_before = cpu_time(daemon.pid());
    if (!std::ranges::all_of(processes, [](auto& client) { return client->go(); })) return false;
    double longest_s = 0, done = 0;
    for (auto& client : processes) {
        const auto result = client->result();
        if (!result) return false;
        longest_s = std::max(longest_s, result->wall_s);
        done += static_cast<double>(result->done);
    }
    const std::chrono::duration<double, std::micro> cpu = cpu_time(daemon.pid()) - cpu_before;
    rates.per_s.push_back(done / longest_s);
    rates.node_us.push_back(cpu.count() / done);
    return true;
}

struct Measured {
    Rates put, get;
};

bool measure_node(const DhtBenchOptions& options, std::size_t threads, Measured& measured) {
    const auto daemon =
        DhtDaemon::start(options.halpd, {"dht.engine=memory", "dht.threads=" + std::to_string(threads)});
    if (!daemon) return false;
    const std::size_t share = options.records / clients;
    const Load put = [&](DhtLoad& client, std::size_t number) {
        return client.put(number * share, share, options.in_flight);
    };
    const Load get = [&](DhtLoad& client, std::size_t) {
        return client.get(share * clients, share, options.in_flight);
    };
    return run(*daemon, put, measured.put) && run(*daemon, get, measured.get);
}

void add(Report& report, const std::string& what, const Rates& one, const Rates& two) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < one.per_s.size(); ++i) ratios.push_back(two.per_s[i] / one.per_s[i]);
    for (const auto& [threads, rates] : {std::pair{"1 thread", &one}, std::pair{"2 threads", &two}}) {
        const std::string name = what + ", " + threads + ", two client processes";
        report.add_runs({.what = name + ", per second", .unit = "/s"}, rates->per_s);
        report.add_runs({.what = "  CPU of the node", .unit = "us"}, rates->node_us);
    }
    Figure ratio{.what = "  " + what + " with 2 threads against 1", .unit = "", .at_least = true};
    if (std::thread::hardware_concurrency() >= cores_to_judge) ratio.bar = 1.5;
    report.add_runs(std::move(ratio), std::move(ratios));
}

}  // namespace

bool measure_threads(const DhtBenchOptions& options, Report& report) {
    progress("Put and Get with one and with two threads");
    Measured one, two;
    for (std::size_t i = 0; i < options.repetitions; ++i)
        if (!measure_node(options, 1, one) || !measure_node(options, 2, two)) return false;
    add(report, "Put", one.put, two.put);
    add(report, "Get", one.get, two.get);
    if (std::thread::hardware_concurrency() < cores_to_judge)
        report.remark(
            "Threads: fewer than four cores, on which two threads and two clients share what there is; the "
            "ratio is not judged.");
    return true;
}

}  // namespace halp::bench
