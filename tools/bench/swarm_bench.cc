#include "tools/bench/swarm_bench.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>

#include "tools/bench/agents.h"
#include "tools/bench/proc_stats.h"
#include "tools/bench/swarm_observer.h"
#include "tools/halp/daemon/admin_client.h"

namespace halp::bench {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds patience{60};
constexpr std::size_t announcements = 5;  // in each swarm

double since_s(Steady::time_point began) { return std::chrono::duration<double>(Steady::now() - began).count(); }

std::string of_agents(const std::string& what, std::size_t count) {
    return what + ", N = " + std::to_string(count);
}

// A running swarm and what its members list under `halp`.
struct Swarm {
    Swarm(const SwarmBenchOptions& options, std::size_t count, const std::string& profile)
        : agents(options.halpd, count, profile, options.port),
          members(agents.sockets(), "halp", agents.endpoints()) {}

    [[nodiscard]] bool all_know_all() const {
        for (std::size_t i = 0; i < members.agents(); ++i) {
            const AgentWatch& watch = members.agent(i);
            const std::size_t itself = watch.lists(i) ? 1 : 0;
            if (watch.count() - itself < members.agents() - 1) return false;
        }
        return true;
    }
    // Seconds from the first exec; nothing when it took too long, the reason is on stderr.
    std::optional<double> assemble() {
        if (!agents.start()) return std::nullopt;
        if (members.watch_until([this] { return all_know_all(); }, patience)) return since_s(agents.first_exec());
        const std::string failure = agents.first_failure();
        std::size_t fewest = members.agents();
        for (std::size_t i = 0; i < members.agents(); ++i) fewest = std::min(fewest, members.agent(i).count());
        progress("the swarm did not come together; the loneliest agent lists " + std::to_string(fewest) +
                 (failure.empty() ? "" : "; ended: " + failure));
        return std::nullopt;
    }
    // Survivors drop everybody marked as ignored.
    [[nodiscard]] bool dead_forgotten() const {
        for (std::size_t i = 0; i < members.agents(); ++i)
            for (std::size_t dead = 0; dead < members.agents() && !members.ignored(i); ++dead)
                if (members.ignored(dead) && members.agent(i).lists(dead)) return false;
        return true;
    }
    // Living agents that some living agent does not list.
    [[nodiscard]] std::size_t living_missed() const {
        std::vector<bool> missed(members.agents(), false);
        for (std::size_t i = 0; i < members.agents(); ++i)
            for (std::size_t j = 0; j < members.agents(); ++j)
                if (i != j && !members.ignored(i) && !members.ignored(j) && !members.agent(i).lists(j))
                    missed[j] = true;
        return static_cast<std::size_t>(std::count(missed.begin(), missed.end(), true));
    }

    Agents agents;
    SwarmObserver members;
};

struct Spread {
    double half_ms = 0, all_ms = 0;
};

// Announces on one agent and watches it arrive at all; the clock starts before the request is sent.
std::optional<Spread> spread_once(SwarmObserver& labels, const Agents& agents, std::size_t host,
                                  std::size_t on_agent) {
    const cli::AdminClient announcer{agents.sockets()[on_agent], patience};
    const std::string body = R"({"host":"192.0.2.)" + std::to_string(host + 1) + R"(","port":80})";
    std::optional<double> half_ms;
    const auto began = Steady::now();
    // The call waits for its answer, so it runs beside the watching.
    // The observers see whether it arrived.
    std::thread call{[&] { static_cast<void>(announcer.call(cli::Method::put, "/v1/labels/bench", body)); }};
    const auto reached = [&] {
        std::size_t count = 0;
        for (std::size_t i = 0; i < labels.agents(); ++i) count += labels.agent(i).lists(host) ? 1U : 0U;
        if (!half_ms && count * 2 >= labels.agents()) half_ms = since_s(began) * 1000;
        return count == labels.agents();
    };
    const bool all = labels.watch_until(reached, patience);
    const double all_ms = since_s(began) * 1000;
    call.join();
    if (!all) {
        progress("an announcement did not reach everybody");
        return std::nullopt;
    }
    return Spread{half_ms.value_or(all_ms), all_ms};
}

bool measure_announcements(Swarm& swarm, std::vector<double>& half_ms, std::vector<double>& all_ms) {
    std::vector<std::string> hosts;
    for (std::size_t i = 0; i < announcements; ++i) hosts.push_back("192.0.2." + std::to_string(i + 1) + ":80");
    SwarmObserver labels{swarm.agents.sockets(), "bench", hosts};
    const auto subscribed = [&] {
        for (std::size_t i = 0; i < labels.agents(); ++i)
            if (!labels.agent(i).complete()) return false;
        return true;
    };
    if (!labels.watch_until(subscribed, patience)) {
        progress("an agent does not tell what it lists");
        return false;
    }
    for (std::size_t i = 0; i < announcements; ++i) {
        labels.watch_until([] { return false; }, milliseconds{500});  // quiet in between
        const std::optional<Spread> spread =
            spread_once(labels, swarm.agents, i, (i * 31 + 7) % swarm.agents.size());
        if (!spread) return false;
        half_ms.push_back(spread->half_ms);
        all_ms.push_back(spread->all_ms);
    }
    return true;
}

// Profile local: joining, announcing.
bool measure_joining(const SwarmBenchOptions& options, std::size_t count, bool counted, Report& report) {
    std::vector<double> join_s, join_kb, half_ms, all_ms;
    for (std::size_t run = 0; run < options.repetitions; ++run) {
        progress(of_agents("joining, run " + std::to_string(run + 1), count));
        const std::uint64_t before = loopback_bytes().value_or(0);
        Swarm swarm{options, count, "local"};
        const std::optional<double> took = swarm.assemble();
        if (!took) return false;
        join_s.push_back(*took);
        join_kb.push_back(static_cast<double>(loopback_bytes().value_or(0) - before) / 1000 /
                          static_cast<double>(count));
        swarm.members.watch_until([] { return false; }, seconds{1});
        swarm.members.disconnect_all();
        if (!measure_announcements(swarm, half_ms, all_ms)) return false;
    }
    Figure joined{.what = of_agents("all know all, local", count), .unit = "s"};
    if (count == 50) joined.bar = 1.0, joined.rival = "serf 1.09, memberlist 1.11";
    if (count == 100) joined.bar = 2.0, joined.rival = "serf 2.66";
    report.add_runs(std::move(joined), std::move(join_s));
    if (counted)
        report.add_runs({.what = of_agents("traffic until then, per agent", count), .unit = "kB"},
                        std::move(join_kb));
    report.add_runs({.what = of_agents("announcement reaches half, local", count), .unit = "ms"},
                    std::move(half_ms));
    Figure reached{.what = of_agents("announcement reaches all, local", count), .unit = "ms"};
    if (count == 100) reached.bar = 100, reached.rival = "serf 696, OpenDHT 34";
    report.add_runs(std::move(reached), std::move(all_ms));
    return true;
}

void measure_memory(Swarm& swarm, Report& report) {
    const std::size_t count = swarm.agents.size();
    const Agents::Usage usage = swarm.agents.memory();
    Figure rss{.what = of_agents("RSS per agent, mean", count), .value = usage.rss_mib_mean, .unit = "MiB"};
    if (count == 50) rss.bar = 7, rss.rival = "OpenDHT 11.0, serf 14.9";
    report.add(std::move(rss));
    report.add({.what = of_agents("RSS per agent, largest", count), .value = usage.rss_mib_max, .unit = "MiB"});
    report.add({.what = of_agents("PSS per agent, mean", count), .value = usage.pss_mib_mean, .unit = "MiB"});
}

// Nobody watches meanwhile: a watched agent is not idle.
void measure_idling(const SwarmBenchOptions& options, Swarm& swarm, bool counted, Report& report) {
    const std::size_t count = swarm.agents.size();
    const double agents = static_cast<double>(count);
    progress(of_agents("idling for " + std::to_string(options.idle.count()) + " s", count));
    swarm.members.disconnect_all();
    std::this_thread::sleep_for(seconds{2});
    const auto cpu_before = swarm.agents.cpu();
    const std::uint64_t bytes_before = loopback_bytes().value_or(0);
    const auto began = Steady::now();
    std::this_thread::sleep_for(options.idle);
    const double span_s = since_s(began);
    const double cpu_s = std::chrono::duration<double>(swarm.agents.cpu() - cpu_before).count();
    const double kilobytes = static_cast<double>(loopback_bytes().value_or(0) - bytes_before) / 1000;

    Figure cpu{.what = of_agents("idle CPU per agent and minute, lan", count),
               .value = cpu_s / agents * 60 / span_s,
               .unit = "s"};
    Figure traffic{.what = of_agents("idle traffic per agent, lan", count),
                   .value = kilobytes / agents / span_s,
                   .unit = "kB/s"};
    if (count == 50) {
        cpu.bar = 0.06, cpu.rival = "serf 0.077, memberlist 0.066";
        traffic.bar = 1.5, traffic.rival = "serf 0.31";
    }
    report.add(std::move(cpu));
    if (counted) report.add(std::move(traffic));
}

// kill -9 of some agents at once; seconds until no survivor lists any of them.
std::optional<double> kill_and_watch(Swarm& swarm, const std::vector<std::size_t>& victims) {
    for (const std::size_t victim : victims) swarm.members.ignore(victim);
    const auto began = Steady::now();
    for (const std::size_t victim : victims) swarm.agents.kill(victim);
    if (!swarm.members.watch_until([&] { return swarm.dead_forgotten(); }, patience)) {
        progress("somebody still lists the dead after a minute");
        return std::nullopt;
    }
    return since_s(began);
}

bool measure_killing(Swarm& swarm, Report& report) {
    const std::size_t count = swarm.agents.size();
    progress(of_agents("kill -9", count));
    if (!swarm.members.watch_until([&] { return swarm.all_know_all(); }, patience)) {
        progress("the swarm fell apart while it was idle");
        return false;
    }
    std::vector<double> one_s;
    for (std::size_t run = 0; run < 3; ++run) {
        const std::optional<double> took = kill_and_watch(swarm, {count / 2 + run});
        if (!took) return false;
        one_s.push_back(*took);
        swarm.members.watch_until([] { return false; }, seconds{5});
    }
    Figure one{.what = of_agents("kill -9 of one, all have dropped it, lan", count), .unit = "s"};
    if (count == 100) one.bar = 5, one.rival = "serf 10.2";
    report.add_runs(std::move(one), std::move(one_s));

    std::vector<std::size_t> half;
    for (std::size_t i = 0; i < count && half.size() < count / 2; ++i)
        if (!swarm.members.ignored(i) && i % 2 == 0) half.push_back(i);
    for (std::size_t i = 1; i < count && half.size() < count / 2; i += 2)
        if (!swarm.members.ignored(i)) half.push_back(i);
    const std::optional<double> took = kill_and_watch(swarm, half);
    if (!took) return false;
    report.add(
        {.what = of_agents("kill -9 of half, all have dropped them, lan", count), .value = *took, .unit = "s"});
    report.add({.what = of_agents("living agents not listed by all at that moment", count),
                .value = static_cast<double>(swarm.living_missed()),
                .unit = ""});
    return true;
}

// Profile lan: memory, idling, dying.
bool measure_running(const SwarmBenchOptions& options, std::size_t count, bool counted, Report& report) {
    if (options.idle.count() == 0 && !options.failures) return true;
    progress(of_agents("a swarm with profile lan", count));
    Swarm swarm{options, count, "lan"};
    const std::optional<double> took = swarm.assemble();
    if (!took) return false;
    report.add({.what = of_agents("all know all, lan", count), .value = *took, .unit = "s"});
    swarm.members.disconnect_all();
    std::this_thread::sleep_for(options.settle);
    measure_memory(swarm, report);
    if (options.idle.count() > 0) measure_idling(options, swarm, counted, report);
    const std::string failure = swarm.agents.first_failure();
    if (!failure.empty()) progress("an agent ended by itself: " + failure);
    return failure.empty() && (!options.failures || measure_killing(swarm, report));
}

}  // namespace

bool run_swarm_bench(const SwarmBenchOptions& options, Report& report) {
    const bool counted = options.own_network && enter_own_network();
    if (!counted)
        report.remark(
            "No network namespace of our own, so traffic was not counted (needs root or user namespaces).");
    bool well = true;
    for (const std::size_t count : options.nodes) {
        well = measure_joining(options, count, counted, report) && well;
        well = measure_running(options, count, counted, report) && well;
    }
    return well;
}

}  // namespace halp::bench
