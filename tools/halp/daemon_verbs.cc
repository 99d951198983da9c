#include <cmath>

#include "tools/halp/interrupt.h"
#include "tools/halp/json_report.h"
#include "tools/halp/printed_text.h"
#include "tools/halp/verbs.h"
#include "tools/program/durations.h"

namespace halp::cli {
namespace {

Endpoint endpoint_of(const CommandLine& command) { return {command.host, command.port}; }

ExitCode get(const WithDaemon& world) {
    const auto listing = world.daemon.list(world.command.label);
    if (!listing) return world.console.fail(listing.error());
    show_listing(world.command, world.console, *listing, "daemon", world.clock.wall());
    if (!listing->empty()) return ExitCode::ok;
    world.console.say("the daemon knows nothing under `" + world.command.label.text() + "`.");
    return ExitCode::nothing_found;
}

ExitCode insert(const WithDaemon& world) {
    const UnixSeconds seen = stated_time(world.command, world.clock.wall());
    const auto done = world.daemon.insert(world.command.label, endpoint_of(world.command), seen);
    if (!done) return world.console.fail(done.error());
    if (world.console.style().json)
        world.console.line(json_of_insert(world.command.label, endpoint_of(world.command), seen, "daemon"));
    else
        world.console.block("'" + world.command.host + " " + std::to_string(world.command.port) +
                            "' inserted at the daemon under label '" + world.command.label.text() +
                            "'\nTimestamp " + std::to_string(count(seen)) + "\n");
    return ExitCode::ok;
}

ExitCode bcast(const WithDaemon& world) {
    const UnixSeconds seen = stated_time(world.command, world.clock.wall());
    const auto told = world.daemon.insert(world.command.label, endpoint_of(world.command), seen);
    if (!told) return world.console.fail(told.error());
    world.console.say("the daemon took it and tells its swarm; now HALP text to the servers it knows.");
    const auto halp = world.daemon.list(Label::halp());
    if (!halp) return world.console.fail(halp.error());
    std::vector<Endpoint> servers;
    for (const ListedAt& host : halp->hosts)
        if (!host.own) servers.push_back(host.endpoint);
    TimedAsker asker{world.asker, world.clock, round_limits(world.command)};
    return send_insert(world.command, world.console, asker, servers, seen, true);
}

ExitCode clear(const WithDaemon& world) {
    const auto cleared = world.daemon.clear(world.command.label);
    if (!cleared) return world.console.fail(cleared.error());
    if (world.console.style().json)
        world.console.line(json_of_clear(world.command.label, *cleared, "daemon"));
    else if (*cleared)
        world.console.block(cleared_words(world.command.label));
    if (*cleared) return ExitCode::ok;
    world.console.say("the daemon had nothing under `" + world.command.label.text() + "`.");
    return ExitCode::nothing_found;
}

ExitCode nuke(const WithDaemon& world) {
    const auto done = world.daemon.clear_all();
    if (!done) return world.console.fail(done.error());
    if (world.console.style().json)
        world.console.line(json_of_clear(std::nullopt, true, "daemon"));
    else
        world.console.block("The daemon has forgotten all labels, in memory and in its cache directory.\n");
    return ExitCode::ok;
}

ExitCode labels(const WithDaemon& world) {
    const auto listing = world.daemon.list(world.command.label);
    if (!listing) return world.console.fail(listing.error());
    show_names(world.console, *listing, "daemon", world.clock.wall());
    if (!listing->empty()) return ExitCode::ok;
    world.console.say(world.command.label == Label::labels()
                          ? "the daemon knows no labels."
                          : "the daemon knows no labels below `" + world.command.label.text() + "`.");
    return ExitCode::nothing_found;
}

// How the daemon fares with it now. When it was last reached stands beside it.
std::string state_of(const KnownPeer& peer) {
    if (peer.role == "grave") return peer.left ? "has left" : "given up";
    if (peer.role == "stalled") return "takes calls, does not answer";
    std::string state = peer.proved ? "reached" : "heard of";
    if (peer.failures > 0)
        state = std::to_string(peer.failures) + (peer.failures == 1 ? " call failed" : " calls failed in a row");
    return peer.original ? state + ", original" : state;
}

ExitCode peers(const WithDaemon& world) {
    const auto report = world.daemon.peers();
    if (!report) return world.console.fail(report.error());
    if (world.console.style().json) {
        world.console.line(report->json);
    } else if (!report->peers.empty()) {
        std::vector<std::vector<std::string>> rows = {{"PEER", "ROLE", "STATE", "CONFIRMED", "REACHED"}};
        for (const KnownPeer& peer : report->peers)
            rows.push_back({harmless(peer.endpoint.text()), harmless(peer.role), state_of(peer),
                            human_age(peer.age_s), peer.proved_age_s ? human_age(*peer.proved_age_s) : "never"});
        world.console.headed(table(rows));
    }
    if (!report->peers.empty()) return ExitCode::ok;
    world.console.say("the daemon knows no other node; introduce one: `halp join HOST:PORT`.");
    return ExitCode::nothing_found;
}

std::vector<std::vector<std::string>> status_rows(const StatusReport& status) {
    const auto number = [](std::uint64_t value) { return std::to_string(value); };
    return {
        {"halpd", status.version + ", pid " + std::to_string(status.pid) + (status.leaving ? ", leaving" : "")},
        {"running for", human_span(status.uptime_s)},
        {"swarm", harmless(status.swarm) + " (profile " + harmless(status.profile) + ")"},
        {"listening on", harmless(status.listening)},
        {"reached at", status.self.empty() ? "not known yet" : harmless(status.self)},
        {"peers", number(status.peers_listed) + " listed, " + number(status.peers_proved) + " reached, " +
                      number(status.anchors) + " anchors, " + number(status.graves) + " given up"},
        {"labels", number(status.labels) + " with " + number(status.entries) + " entries, " +
                       human_bytes(status.table_bytes)},
        {"health", std::to_string(status.health) + (status.health == 1 ? " (well)" : " (1 is well, 8 is sick)")},
        {"gossip rounds", number(status.rounds) + ", " + number(status.rounds_failed) + " failed"},
        {"HALP text", number(status.text_queries) + " queries, " + number(status.text_inserts) + " inserts, " +
                          number(status.text_bad) + " bad"},
        {"traffic", human_bytes(status.bytes_in) + " in, " + human_bytes(status.bytes_out) + " out"},
        {"state in", harmless(status.state_dir)},
        {"cache in", harmless(status.cache_dir)},
    };
}

void add_records(std::vector<std::vector<std::string>>& rows, const StatusReport& status) {
    if (!status.keeps_records) return;
    std::string kept = std::to_string(status.records) + " in " + std::to_string(status.channels) + " channels";
    if (status.records_aside > 0) kept += ", " + std::to_string(status.records_aside) + " set aside";
    rows.push_back({"records", kept});
    if (!status.record_trouble.empty()) rows.push_back({"", "not well: " + harmless(status.record_trouble)});
}

ExitCode status(const WithDaemon& world) {
    const auto report = world.daemon.status();
    if (!report) return world.console.fail(report.error());
    if (world.console.style().json) {
        world.console.line(report->json);
        return ExitCode::ok;
    }
    auto rows = status_rows(*report);
    add_records(rows, *report);
    for (const auto& [label, endpoint] : report->own)
        rows.push_back({"announces", harmless(label + " " + endpoint.text())});
    world.console.block(table(rows));
    return ExitCode::ok;
}

struct Reach {
    bool named = false;  // the very address joined was reached
    std::size_t proved = 0;
    std::size_t listed = 0;
};

Reach reach_of(const PeerReport& report, const Endpoint& seed) {
    Reach reach;
    for (const KnownPeer& peer : report.peers) {
        reach.listed += peer.role == "grave" ? 0 : 1;
        reach.proved += peer.proved ? 1 : 0;
        reach.named = reach.named || (peer.endpoint == seed && peer.proved);
    }
    return reach;
}

Duration patience(const CommandLine& command, Duration fallback) {
    return command.timeout_s ? Duration{static_cast<std::int64_t>(std::ceil(*command.timeout_s * 1e6))} : fallback;
}

ExitCode join(const WithDaemon& world) {
    const Endpoint seed = endpoint_of(world.command);
    const auto before = world.daemon.peers();
    if (!before) return world.console.fail(before.error());
    const std::size_t proved_before = reach_of(*before, seed).proved;
    if (auto asked = world.daemon.join(seed); !asked) return world.console.fail(asked.error());
    const Instant deadline = world.clock.now() + patience(world.command, std::chrono::seconds{5});
    Reach reach;
    bool joined = false;
    while (!joined && world.clock.now() < deadline) {
        const auto report = world.daemon.peers();
        if (!report) return world.console.fail(report.error());
        reach = reach_of(*report, seed);
        // A seed given by name is listed by its address. Any newly reached node therefore counts.
        joined = reach.named || reach.proved > proved_before;
        if (!joined) interrupt::nap(std::chrono::milliseconds{50});
    }
    if (world.console.style().json)
        world.console.line(json_of_join(seed, joined, reach.listed));
    else if (joined)
        world.console.block("Joined " + seed.text() + "; nodes known: " + std::to_string(reach.listed) + ".\n");
    if (joined) return ExitCode::ok;
    return world.console.fail(
        ExitCode::timed_out,
        seed.text() + " has not answered yet. The daemon keeps trying; " + "`halp peers` shows when it succeeds.");
}

ExitCode leave(const WithDaemon& world) {
    if (auto asked = world.daemon.leave(); !asked) return world.console.fail(asked.error());
    const Instant deadline = world.clock.now() + patience(world.command, std::chrono::seconds{12});
    while (probe_socket(world.daemon.socket_path())) {
        if (world.clock.now() >= deadline)
            return world.console.fail(ExitCode::timed_out, "the daemon is leaving, but has not ended yet.");
        interrupt::nap(std::chrono::milliseconds{20});
    }
    if (world.console.style().json)
        world.console.line(json_of_leave());
    else
        world.console.block("Left the swarm; the daemon has ended.\n");
    return ExitCode::ok;
}

ExitCode confirm(const WithDaemon& world) {
    const CommandLine& command = world.command;
    const Endpoint endpoint = endpoint_of(command);
    const auto done = world.daemon.confirm(command.label, endpoint, !command.failed);
    if (!done) return world.console.fail(done.error());
    if (world.console.style().json)
        world.console.line(json_of_confirm(command.label, endpoint, !command.failed));
    else
        world.console.block("Noted: " + endpoint.text() + " under '" + command.label.text() + "' " +
                            (command.failed ? "could not be reached.\n" : "was reached.\n"));
    return ExitCode::ok;
}

}  // namespace

ExitCode run_with_daemon(const WithDaemon& world) {
    switch (world.command.verb) {
        case Verb::get:
            return get(world);
        case Verb::insert:
            return insert(world);
        case Verb::bcast:
            return bcast(world);
        case Verb::clear:
            return clear(world);
        case Verb::nuke:
            return nuke(world);
        case Verb::labels:
            return labels(world);
        case Verb::peers:
            return peers(world);
        case Verb::status:
            return status(world);
        case Verb::join:
            return join(world);
        case Verb::leave:
            return leave(world);
        case Verb::confirm:
            return confirm(world);
        case Verb::watch:
            return run_watch(world);
        case Verb::announce:
            return run_announce(world);
        case Verb::demo:
        case Verb::dht:
        case Verb::store:
            break;
    }
    return ExitCode::failed;
}

}  // namespace halp::cli
