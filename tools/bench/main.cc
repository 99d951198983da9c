// halp-bench: measures real daemons and the parts they are made of. Figures and machine: tools/README.md.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "tools/bench/bare_server.h"
#include "tools/bench/dht_bench.h"
#include "tools/bench/micro_bench.h"
#include "tools/bench/report.h"
#include "tools/bench/sim_bench.h"
#include "tools/bench/swarm_bench.h"
#include "tools/bench/text_bench.h"

namespace halp::bench {
namespace {

std::string own_path() {
    std::array<char, 4096> path{};
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
    return {path.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
}

// As large as a real answer to `get`: ten lines.
std::string ten_lines() {
    std::string lines;
    for (int i = 0; i < 10; ++i)
        lines +=
            (i > 0 ? "\n" : "") + std::to_string(1700000000 - i) + " host" + std::to_string(i) + ".example 8080";
    return lines;
}

// 0 when all was measured and met its bar, 1 when something could not be measured or was above.
int finish(bool measured, const Report& report, bool as_json) {
    report.print(as_json);
    return measured && report.within_bars() ? 0 : 1;
}

void add_text(CLI::App& app, TextBenchOptions& options) {
    app.add_option("--entries", options.entries, "hosts in the label asked for")->capture_default_str();
    app.add_option("--clients", options.clients, "clients at a time, each in a thread")->capture_default_str();
    app.add_option("--queries", options.queries, "queries of each measurement")->capture_default_str();
    app.add_option("--repeat", options.repetitions, "measurements; the median counts")->capture_default_str();
    app.add_flag("--bare", options.bare, "measure a bare libevent server in the same run, for the ratio");
}

void add_swarm(CLI::App& app, SwarmBenchOptions& options, int& idle_s, int& settle_s, bool& host_network) {
    app.add_option("--nodes", options.nodes, "sizes of the swarms")->capture_default_str();
    app.add_option("--repeat", options.repetitions, "swarms started to measure joining; the median counts")
        ->capture_default_str();
    app.add_option("--idle", idle_s, "seconds to watch an idle swarm; 0: not at all")->capture_default_str();
    app.add_option("--settle", settle_s, "seconds between joining and idling")->capture_default_str();
    app.add_option("--port", options.port, "of every agent, on its own 127.x.y.z")->capture_default_str();
    app.add_flag("!--no-failures", options.failures, "kill nobody");
    app.add_flag("--host-network", host_network, "no network namespace of its own; traffic is then not counted");
}

void add_dht(CLI::App& app, DhtBenchOptions& options) {
    app.add_option("--records", options.records, "in the channel")->capture_default_str();
    app.add_option("--in-flight", options.in_flight, "requests under way at a time")->capture_default_str();
    app.add_option("--repeat", options.repetitions, "measurements; the median counts")->capture_default_str();
    app.add_option("--only", options.only, "parts of it; all but mirror begin with memory")
        ->check(CLI::IsMember({"memory", "latency", "disk", "mirror"}));
    app.add_flag("--quick", options.quick, "a fifth of the records, each thing once: under 20 seconds");
}

int run(int argc, char** argv) {
    CLI::App app{"Measures halpd. Prints figures beside the bars they are held to; exit code 1 when one is above."};
    app.require_subcommand(1);
    const std::string self = own_path();
    std::string halpd = self.substr(0, self.rfind('/') + 1) + "halpd";
    bool as_json = false;
    app.add_option("--halpd", halpd, "the daemon to measure")->capture_default_str();
    app.add_flag("--json", as_json, "one JSON object instead of a table");
    app.fallthrough();

    TextBenchOptions text;
    CLI::App* text_command = app.add_subcommand("text", "HALP text, one connection per query");
    add_text(*text_command, text);

    SwarmBenchOptions swarm;
    int idle_s = static_cast<int>(swarm.idle.count()), settle_s = static_cast<int>(swarm.settle.count());
    bool host_network = false;
    CLI::App* swarm_command = app.add_subcommand("swarm", "many real daemons on loopback");
    add_swarm(*swarm_command, swarm, idle_s, settle_s, host_network);

    DhtBenchOptions dht;
    CLI::App* dht_command = app.add_subcommand("dht", "records: one node, one client, loopback");
    add_dht(*dht_command, dht);

    CLI::App* micro_command =
        app.add_subcommand("micro", "data structures and codecs; takes --benchmark_... options");
    micro_command->fallthrough(false)->allow_extras();
    SimBenchOptions sim;
    CLI::App* sim_command = app.add_subcommand("sim", "the simulator of peer views, beside a bare program of its own");
    sim_command->add_flag("--quick", sim.quick, "10^5 nodes at most and few periods: half a minute");
    sim_command->add_option("--repeat", sim.repetitions, "runs of each kind; the median counts")->capture_default_str();
    sim_command->add_option("--seed", sim.seed, "of the swarms")->capture_default_str();

    CLI::App* bare_command = app.add_subcommand("bare-server", "the bare server that `text --bare` starts");

    CLI11_PARSE(app, argc, argv);
    if (*bare_command) return serve_bare(ten_lines());
    if (*micro_command) return run_micro_bench(micro_command->remaining());
    if (*text_command) {
        text.halpd = halpd;
        text.self = self;
        Report report{"HALP text over loopback, one connection per query"};
        const bool measured = run_text_bench(text, report);
        return finish(measured, report, as_json);
    }
    if (*sim_command) {
        Report report{"Simulated swarms of production peer views"};
        const bool measured = run_sim_bench(sim, report);
        return finish(measured, report, as_json);
    }
    if (*dht_command) {
        dht.halpd = halpd;
        Report report{"DHT: a real halpd and one client process over loopback, values of 100 bytes"};
        const bool measured = run_dht_bench(dht, report);
        return finish(measured, report, as_json);
    }
    swarm.halpd = halpd;
    swarm.idle = std::chrono::seconds{idle_s};
    swarm.settle = std::chrono::seconds{settle_s};
    swarm.own_network = !host_network;
    Report report{"Swarms of real halpd processes, one bootstrap"};
    const bool measured = run_swarm_bench(swarm, report);
    return finish(measured, report, as_json);
}

}  // namespace
}  // namespace halp::bench

int main(int argc, char** argv) { return halp::bench::run(argc, argv); }
