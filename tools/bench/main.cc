// halp-bench: benchmarks of real daemons and of their parts (tools/bench/README.md).
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>

#include "tools/bench/bare_server.h"
#include "tools/bench/dht_bench.h"
#include "tools/bench/dns_bench.h"
#include "tools/bench/hostile/hostile_bench.h"
#include "tools/bench/micro_bench.h"
#include "tools/bench/report.h"
#include "tools/bench/sim_bench.h"
#include "tools/bench/swarm_bench.h"
#include "tools/bench/text_bench.h"
#include "tools/program/arguments.h"
#include "tools/program/on_interrupt.h"
#include "tools/program/program_start.h"
#include "tools/program/standard_output.h"

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

// 0 if everything was measured and met its bar, else 1.
int finish(bool measured, const Report& report, bool as_json) {
    report.print(as_json);
    return measured && report.within_bars() ? 0 : 1;
}

constexpr int exit_usage = 2;

struct Typed {
    std::string halpd, self;
    bool as_json = false;
    TextBenchOptions text;
    SwarmBenchOptions swarm;
    int idle_s = static_cast<int>(swarm.idle.count()), pause_s = static_cast<int>(swarm.settle.count());
    bool no_failures = false, host_network = false;
    DhtBenchOptions dht;
    DnsBenchOptions dns;
    SimBenchOptions sim;
    HostileBenchOptions hostile;
    int attack_s = static_cast<int>(hostile.attack_for.count());
};

void add_text(Arguments& to, TextBenchOptions& options) {
    to.option("--entries", &options.entries, "hosts in the label asked for").shows_default();
    to.option("--clients", &options.clients, "clients at a time, each in a thread").shows_default();
    to.option("--queries", &options.queries, "queries of each measurement").shows_default();
    to.option("--repeat", &options.repetitions, "measurements; the median counts").shows_default();
    to.flag("--bare", options.bare, "measure a bare libevent server in the same run, for the ratio");
}

void add_swarm(Arguments& to, Typed& typed) {
    SwarmBenchOptions& options = typed.swarm;
    to.option("--nodes", &options.nodes, "sizes of the swarms").shows_default();
    to.option("--repeat", &options.repetitions, "swarms started to measure joining; the median counts")
        .shows_default();
    to.option("--idle", &typed.idle_s, "seconds to watch an idle swarm; 0: not at all").shows_default();
    to.option("--settle", &typed.pause_s, "seconds between joining and idling").shows_default();
    to.option("--port", &options.port, "of every agent, on its own 127.x.y.z").shows_default();
    to.flag("--no-failures", typed.no_failures, "kill nobody");
    to.flag("--host-network", typed.host_network, "no network namespace of its own; traffic is then not counted");
}

void add_dht(Arguments& to, DhtBenchOptions& options) {
    to.option("--records", &options.records, "in the channel").shows_default();
    to.option("--in-flight", &options.in_flight, "requests under way at a time").shows_default();
    to.option("--repeat", &options.repetitions, "measurements; the median counts").shows_default();
    to.option("--only", &options.only, "parts of it; memory, latency and disk begin with memory")
        .one_of({"memory", "latency", "disk", "dumps", "legacy", "redis", "threads", "mirror", "redistribution",
                 "nodes"});
    to.flag("--quick", options.quick, "a fifth of the records, each thing once: under 20 seconds");
}

void add_dns(Arguments& to, DnsBenchOptions& options) {
    to.option("--entries", &options.entries, "hosts in the label asked for").shows_default();
    to.option("--queries", &options.queries, "questions of each measurement").shows_default();
    to.option("--repeat", &options.repetitions, "measurements; the median counts").shows_default();
}

void add_sim(Arguments& to, SimBenchOptions& options) {
    to.flag("--quick", options.quick, "10^5 nodes at most and few periods: half a minute");
    to.option("--repeat", &options.repetitions, "runs of each kind; the median counts").shows_default();
    to.option("--seed", &options.seed, "of the swarms").shows_default();
}

void add_hostile(Arguments& to, Typed& typed) {
    HostileBenchOptions& options = typed.hostile;
    to.option("--only", &options.only, "attacks to run; else all").one_of(hostile_row_names());
    to.option("--seconds", &typed.attack_s, "of each attack that is watched").whole_between(1, 600).shows_default();
    to.option("--port", &options.port, "of every node, on its own 127.77.0.x").shows_default();
}

void add_verbs(Arguments& arguments, Typed& typed) {
    arguments.needs_a_verb();
    arguments.option("--halpd", &typed.halpd, "the daemon to measure").shows_default();
    arguments.flag("--json", typed.as_json, "one JSON object instead of a table");
    arguments.options_anywhere();
    add_text(arguments.verb("text", "HALP text, one connection per query"), typed.text);
    add_swarm(arguments.verb("swarm", "many real daemons on loopback"), typed);
    add_dht(arguments.verb("dht", "records: one node, one client, loopback"), typed.dht);
    add_dns(arguments.verb("dns", "DNS by UDP, beside HALP text"), typed.dns);
    add_hostile(arguments.verb("hostile", "attacks of strangers on real daemons; under 3 minutes"), typed);
    arguments.verb("micro", "data structures and codecs; takes --benchmark_... options").passes_all_on();
    add_sim(arguments.verb("sim", "the simulator of peer views, beside a bare program of its own"), typed.sim);
    arguments.verb("bare-server", "the bare server that `text --bare` starts");
}

template <class Options>
int measure(const char* title, bool (*run)(const Options&, Report&), const Options& options, bool as_json) {
    Report report{title};
    const OnInterrupt interrupt{[&] {
        report.print(as_json);
        progress("interrupted: these are not all figures");
    }};
    const bool measured = run(options, report);
    return finish(measured, report, as_json);
}

int run_text(Typed& typed) {
    typed.text.halpd = typed.halpd;
    typed.text.self = typed.self;
    return measure("HALP text over loopback, one connection per query", run_text_bench, typed.text, typed.as_json);
}

int run_dht(Typed& typed) {
    typed.dht.halpd = typed.halpd;
    return measure("DHT: a real halpd and one client process over loopback, values of 100 bytes", run_dht_bench,
                   typed.dht, typed.as_json);
}

int run_dns(Typed& typed) {
    typed.dns.halpd = typed.halpd;
    return measure("DNS over loopback: one client, 16 questions under way", run_dns_bench, typed.dns,
                   typed.as_json);
}

int run_swarm(Typed& typed) {
    typed.swarm.halpd = typed.halpd;
    typed.swarm.idle = std::chrono::seconds{typed.idle_s};
    typed.swarm.settle = std::chrono::seconds{typed.pause_s};
    typed.swarm.failures = !typed.no_failures;
    typed.swarm.own_network = !typed.host_network;
    return measure("Swarms of real halpd processes, one bootstrap", run_swarm_bench, typed.swarm, typed.as_json);
}

int run_hostile(Typed& typed) {
    typed.hostile.halpd = typed.halpd;
    typed.hostile.attack_for = std::chrono::seconds{typed.attack_s};
    typed.hostile.halp = typed.self.substr(0, typed.self.rfind('/') + 1) + "halp";
    return measure("Attacks on real halpd processes, beside their limits", run_hostile_bench, typed.hostile,
                   typed.as_json);
}

int run(int argc, char** argv) {
    Typed typed;
    typed.self = own_path();
    typed.halpd = typed.self.substr(0, typed.self.rfind('/') + 1) + "halpd";
    Arguments arguments(
        "halp-bench",
        "Measures halpd. Prints figures beside the bars they are held to; exit code 1 when one is above.");
    add_verbs(arguments, typed);
    if (const auto end = arguments.parse(argc, argv)) {
        if (end->mistake)
            std::fprintf(stderr, "halp-bench: %s\n", end->text.c_str());
        else
            std::fputs(end->text.c_str(), stdout);
        return end->mistake ? exit_usage : 0;
    }
    const std::string& verb = arguments.chosen()->name();
    if (verb == "bare-server") return serve_bare(ten_lines());
    if (verb == "micro") return run_micro_bench(arguments.chosen()->unknown());
    if (verb == "text") return run_text(typed);
    if (verb == "dns") return run_dns(typed);
    if (verb == "sim")
        return measure("Simulated swarms of production peer views", run_sim_bench, typed.sim, typed.as_json);
    if (verb == "hostile") return run_hostile(typed);
    return verb == "dht" ? run_dht(typed) : run_swarm(typed);
}

}  // namespace
}  // namespace halp::bench

int main(int argc, char** argv) {
    halp::begin_program("halp-bench");
    return halp::with_output_written(halp::bench::run(argc, argv), "halp-bench");
}
