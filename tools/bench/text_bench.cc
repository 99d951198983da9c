#include "tools/bench/text_bench.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "store/endpoint.h"
#include "tools/bench/blocking_client.h"
#include "tools/bench/proc_stats.h"
#include "tools/program/child_process.h"

namespace halp::bench {

namespace {

using Steady = std::chrono::steady_clock;

std::string line_of(std::size_t i, std::time_t seen) {
    return std::to_string(seen) + " host" + std::to_string(i) + ".example 8080";
}

struct Server {
    process::ChildProcess process;
    Endpoint endpoint;
};

std::optional<Server> start(process::Command command) {
    Result<process::ChildProcess> child = process::ChildProcess::start(command);
    if (!child) {
        progress(child.error().message);
        return std::nullopt;
    }
    for (int tries = 0; tries < 3000 && child->running(); ++tries) {
        const Result<Endpoint> at = Endpoint::parse(process::listening_address(command.error_file));
        if (at) return Server{std::move(child).value(), *at};
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    progress(command.argv[0] + " did not start: " + process::read_whole_file(command.error_file));
    return std::nullopt;
}

// A daemon whose label `bench` comes from its cache with that many hosts.
std::optional<Server> start_loaded(const TextBenchOptions& options, const std::string& directory,
                                   std::size_t entries) {
    std::filesystem::create_directories(directory + "/cache");
    {
        std::ofstream file{directory + "/cache/bench", std::ios::binary};
        const std::time_t now = std::time(nullptr);
        for (std::size_t i = 0; i < entries; ++i)
            file << (i > 0 ? "\n" : "") << line_of(i, now - static_cast<std::time_t>(i));
    }
    std::optional<Server> server =
        start({.argv = {options.halpd, "--listen", "127.0.0.1:0", "--state-dir", directory + "/state",
                        "--cache-dir", directory + "/cache", "--admin", directory + "/halpd.sock", "--set",
                        "labels.default.entries_max=" + std::to_string(std::max<std::size_t>(entries + 1000, 4096)),
                        "--set", "limits.bytes_max=" + std::to_string(std::size_t{1} << 30)},
               .environment = {{"HOME", directory}},
               .error_file = directory + "/stderr"});
    if (!server) return server;
    const std::string last = "get bench[" + std::to_string(entries - 1) + ":" + std::to_string(entries) + "]\n";
    const Result<std::string> answer = process::text_query(server->endpoint, last);
    if (answer && !answer->empty()) return server;
    progress("halpd does not hold all " + std::to_string(entries) + " entries: cannot measure");
    return std::nullopt;
}

struct Measured {
    double cpu_us = 0;  // of the server, per query
    double per_s = 0;
    double p50_us = 0, p99_us = 0;
    std::size_t failed = 0;
};

using MakeQuery = std::function<std::string(std::size_t)>;

struct ClientResult {
    std::vector<double> latencies_us;
    std::size_t failed = 0;
};

ClientResult ask_often(const Endpoint& server, const MakeQuery& make, std::size_t first, std::size_t count) {
    ClientResult result;
    result.latencies_us.reserve(count);
    for (std::size_t i = first; i < first + count; ++i) {
        const std::string query = make(i);
        const auto began = Steady::now();
        const Result<std::string> answer = process::text_query(server, query);
        result.latencies_us.push_back(std::chrono::duration<double, std::micro>(Steady::now() - began).count());
        if (!answer || answer->empty()) ++result.failed;
    }
    return result;
}

Measured measure(const Server& server, const MakeQuery& make, std::size_t clients, std::size_t queries) {
    const std::size_t each = std::max<std::size_t>(1, queries / clients);
    ask_often(server.endpoint, make, 0, std::min<std::size_t>(500, each));  // warm
    std::vector<ClientResult> results(clients);
    std::vector<std::thread> threads;
    const auto cpu_before = cpu_time(server.process.pid());
    const auto began = Steady::now();
    for (std::size_t c = 0; c < clients; ++c)
        threads.emplace_back([&, c] { results[c] = ask_often(server.endpoint, make, c * each, each); });
    for (std::thread& thread : threads) thread.join();
    const double wall_s = std::chrono::duration<double>(Steady::now() - began).count();
    const auto cpu = cpu_time(server.process.pid()) - cpu_before;

    Measured measured;
    std::vector<double> all;
    for (const ClientResult& result : results) {
        all.insert(all.end(), result.latencies_us.begin(), result.latencies_us.end());
        measured.failed += result.failed;
    }
    const double total = static_cast<double>(all.size());
    measured.cpu_us = std::chrono::duration<double, std::micro>(cpu).count() / total;
    measured.per_s = total / wall_s;
    measured.p50_us = percentile(all, 0.5);
    measured.p99_us = percentile(std::move(all), 0.99);
    return measured;
}

// The bar and the rivals of one case, where the issue names any.
Figure cpu_figure(const std::string& name, bool is_get, std::size_t entries, std::size_t clients) {
    Figure figure{.what = name + ", server CPU", .unit = "us"};
    if (is_get && entries == 10 && clients == 1) {
        figure.bar = 35;
        figure.rival = "original 260 us, bare libevent 22-29 us";
    }
    return figure;
}

// Returns the median of the server's CPU time per query.
double measure_case(const TextBenchOptions& options, const Server& server, const std::string& name,
                    const MakeQuery& make, std::size_t clients, const Figure& cpu, Report& report) {
    std::vector<double> cpu_us, per_s, p50_us, p99_us;
    std::size_t failed = 0;
    for (std::size_t run = 0; run < options.repetitions; ++run) {
        const Measured measured = measure(server, make, clients, options.queries);
        cpu_us.push_back(measured.cpu_us);
        per_s.push_back(measured.per_s);
        p50_us.push_back(measured.p50_us);
        p99_us.push_back(measured.p99_us);
        failed += measured.failed;
    }
    const double result = median(cpu_us);
    report.add_runs(cpu, std::move(cpu_us));
    report.add_runs({.what = name + ", queries per second", .unit = "/s"}, std::move(per_s));
    report.add_runs({.what = name + ", latency p50", .unit = "us"}, std::move(p50_us));
    report.add_runs({.what = name + ", latency p99", .unit = "us"}, std::move(p99_us));
    if (failed > 0) report.remark(name + ": " + std::to_string(failed) + " queries were not answered.");
    return result;
}

struct Costs {
    double get = 0, insert = 0;  // one client
};

bool measure_daemon(const TextBenchOptions& options, std::size_t entries, Report& report, Costs& costs) {
    const process::TemporaryDirectory directory;
    const std::optional<Server> server = start_loaded(options, directory.path(), entries);
    if (!server) return false;
    const std::time_t now = std::time(nullptr);
    const MakeQuery get = [](std::size_t) { return std::string{"get bench\n"}; };
    // Refreshes one host after the other, each time a little later: the order of the list changes every time.
    const MakeQuery insert = [=](std::size_t i) {
        return "insert bench\n" + line_of(i * 7919 % entries, now + static_cast<std::time_t>(i % 1000));
    };
    for (const std::size_t clients : options.clients) {
        const std::string rest =
            ", " + std::to_string(entries) + " entries, " + std::to_string(clients) + " client(s)";
        progress("get and insert" + rest);
        const double get_us = measure_case(options, *server, "get" + rest, get, clients,
                                           cpu_figure("get" + rest, true, entries, clients), report);
        const double insert_us = measure_case(options, *server, "insert" + rest, insert, clients,
                                              cpu_figure("insert" + rest, false, entries, clients), report);
        if (clients == 1) costs = {get_us, insert_us};
    }
    report.add({.what = "memory of halpd, " + std::to_string(entries) + " entries",
                .value = static_cast<double>(memory_of(server->process.pid()).rss_bytes) / (1 << 20),
                .unit = "MiB"});
    return true;
}

bool measure_bare(const TextBenchOptions& options, Report& report, double& cpu_us) {
    const process::TemporaryDirectory directory;
    const std::optional<Server> server =
        start({.argv = {options.self, "bare-server"}, .error_file = directory.path() + "/stderr"});
    if (!server) return false;
    const std::string name = "bare libevent, 10 lines, 1 client";
    progress(name);
    cpu_us = measure_case(
        options, *server, name, [](std::size_t) { return std::string{"get bench\n"}; }, 1,
        {.what = name + ", server CPU", .unit = "us"}, report);
    return true;
}

}  // namespace

bool run_text_bench(const TextBenchOptions& options, Report& report) {
    std::vector<Costs> costs(options.entries.size());
    for (std::size_t i = 0; i < options.entries.size(); ++i)
        if (!measure_daemon(options, options.entries[i], report, costs[i])) return false;
    const bool one_client = std::find(options.clients.begin(), options.clients.end(), 1U) != options.clients.end();
    if (costs.size() > 1 && one_client) {
        const std::string rest =
            ", " + std::to_string(options.entries.back()) + " against " + std::to_string(options.entries.front());
        report.add({.what = "get" + rest, .value = costs.back().get / costs.front().get, .unit = "x", .bar = 2});
        report.add(
            {.what = "insert" + rest, .value = costs.back().insert / costs.front().insert, .unit = "x", .bar = 2});
    }
    double bare_us = 0;
    if (options.bare && !measure_bare(options, report, bare_us)) return false;
    if (bare_us > 0 && one_client)
        report.add(
            {.what = "get against bare libevent, server CPU", .value = costs.front().get / bare_us, .unit = "x"});
    return true;
}

}  // namespace halp::bench
