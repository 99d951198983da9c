#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "tools/halp/daemon/top.h"
#include "tools/halp/interrupt.h"
#include "tools/halp/output/json_report.h"
#include "tools/halp/output/printed_text.h"
#include "tools/halp/verbs.h"
#include "tools/program/durations.h"

namespace halp::cli {
namespace {

Endpoint endpoint_of(const CommandLine& command) { return {command.host, command.port}; }

ExitCode get(const WithDaemon& world) {
    const auto listing = world.daemon.list(world.command.label, world.command.tag);
    if (!listing) return world.console.fail(listing.error());
    show_listing(world.command, world.console, *listing, "daemon", world.clock.wall());
    if (!listing->empty()) return ExitCode::ok;
    const std::string tagged = world.command.tag.empty() ? "" : " with the tag `" + world.command.tag + "`";
    world.console.say("the daemon knows nothing under `" + world.command.label.text() + "`" + tagged + ".");
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
        const std::string unit = world.console.style().terminal ? "" : "_S_AGO";
        std::vector<std::vector<std::string>> rows = {
            {"PEER", "ROLE", "STATE", "CONFIRMED" + unit, "REACHED" + unit}};
        for (const KnownPeer& peer : report->peers)
            rows.push_back({harmless(peer.endpoint.text()), harmless(peer.role), state_of(peer),
                            age_words(world.console, peer.age_s),
                            peer.proved_age_s ? age_words(world.console, *peer.proved_age_s) : "never"});
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

// Strangers have asked for more than their share.
void add_work(std::vector<std::vector<std::string>>& rows, const StatusReport& status) {
    if (status.places_taken > 0)
        rows.push_back({"places short", std::to_string(status.places_taken) + " silent connections were closed"});
    if (status.input_dropped > 0)
        rows.push_back({"input dropped", std::to_string(status.input_dropped) + " connections kept too much"});
    if (status.readers_cut > 0)
        rows.push_back({"output dropped", std::to_string(status.readers_cut) + " connections read too slowly"});
    if (status.turns_cut == 0) return;
    rows.push_back({"work put off", std::to_string(status.turns_cut) + " turns; " +
                                        std::to_string(status.sources_waiting) + " addresses wait now"});
}

// What strangers said of others, and what full tables, locks and the log have cost.
void add_limits(std::vector<std::vector<std::string>>& rows, const StatusReport& status) {
    const auto add = [&](const char* name, std::initializer_list<std::pair<std::uint64_t, const char*>> parts) {
        std::string all;
        for (const auto& [count, what] : parts)
            if (count > 0) all += (all.empty() ? "" : ", ") + std::to_string(count) + " " + what;
        if (!all.empty()) rows.push_back({name, all});
    };
    add("disputes", {{status.withdrawals_waiting, "withdrawals wait"},
                     {status.withdrawals_refuted, "withdrawals refuted"},
                     {status.withdrawals_no_room, "without room"},
                     {status.leaves_refuted, "leaves refuted"},
                     {status.leaves_no_room, "leaves not looked at"},
                     {status.versions_unproved, "versions not proved"}});
    add("collisions",
        {{status.contested, "messages of nodes at this address"}, {status.numbers_shared, "copies of this node"}});
    add("tables full", {{status.lists_evicted, "items evicted"}, {status.lists_refused, "refused"}});
    add("host cache", {{status.cache_bad_lines, "bad lines skipped"}});
    add("locks of others", {{status.locks_put_off, "saves put off"}, {status.locks_passed_over, "passed over"}});
    add("log lines", {{status.log_lines_held_back, "held back"}, {status.log_lines_lost, "lost"}});
}

// Forgotten early; tools/halpd/README.md says what each is.
void add_room(std::vector<std::vector<std::string>>& rows, const StatusReport& status) {
    std::string all;
    for (const auto& [what, items] : status.no_room_for) {
        std::string name = what;
        std::ranges::replace(name, '_', ' ');
        all += (all.empty() ? "" : ", ") + std::to_string(items) + " " + name;
    }
    if (!all.empty()) rows.push_back({"no room for", all});
}

// Others have named more nodes than answer there.
void add_hearsay(std::vector<std::vector<std::string>>& rows, const StatusReport& status) {
    if (status.hearsay_held == 0) return;
    rows.push_back({"hearsay", std::to_string(status.hearsay_dials) + " calls to nodes that others named, " +
                                   std::to_string(status.hearsay_held) + " held back"});
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
    for (const std::string& service : report->failing_services)
        rows.push_back({"service fails", harmless(service)});
    add_work(rows, *report);
    add_room(rows, *report);
    add_limits(rows, *report);
    add_hearsay(rows, *report);
    add_records(rows, *report);
    for (const auto& [label, endpoint] : report->own)
        rows.push_back({"announces", harmless(label + " " + endpoint.text())});
    world.console.block(table(rows));
    return ExitCode::ok;
}

Duration patience(const CommandLine& command, Duration fallback) {
    return command.timeout_s ? Duration{static_cast<std::int64_t>(std::ceil(*command.timeout_s * 1e6))} : fallback;
}

// Why a seed was not joined. The daemon goes on trying in all cases: a name may lead elsewhere tomorrow.
struct JoinFailure {
    ExitCode code;
    std::string sentence;
    bool may_pass = false;  // at the next try, if the node is just starting
};

JoinFailure failure_of(const KnownSeed& seed) {
    const std::string where = seed.endpoint.text();
    const std::string& why = seed.outcome;
    if (why == "other_swarm")
        return {ExitCode::refused, where + " belongs to another swarm; compare --swarm of both"};
    if (why == "itself") return {ExitCode::failed, where + " is this node itself; join another one"};
    if (why == "name_unknown")
        return {ExitCode::failed, "the host name of " + where + " is unknown; check its spelling"};
    if (why == "text_only")
        return {ExitCode::failed,
                where +
                    " speaks HALP text only: an original server cannot be joined, but `halp insert "
                    "halp HOST PORT` has its lists read"};
    if (why == "not_halp") return {ExitCode::failed, where + " is no HALP node; check the port"};
    if (why == "leaving") return {ExitCode::failed, where + " is just leaving its swarm"};
    if (why == "refused")
        return {ExitCode::failed, "nothing listens on " + where + "; check the port, or start halpd there", true};
    if (why == "unreachable")
        return {ExitCode::failed, "there is no way to " + where + "; check the address and the network", true};
    if (why == "silent") return {ExitCode::timed_out, where + " takes connections, but does not answer", true};
    return {ExitCode::timed_out, where + " has not answered yet", true};
}

KnownSeed seed_in(const std::vector<KnownSeed>& seeds, const Endpoint& wanted) {
    for (const KnownSeed& seed : seeds)
        if (seed.endpoint == wanted) return seed;
    return {wanted, "", "untried", "", false, 0};
}

std::size_t listed_nodes(const PeerReport& report) {
    return static_cast<std::size_t>(
        std::ranges::count_if(report.peers, [](const KnownPeer& peer) { return peer.role != "grave"; }));
}

ExitCode say_joined(const WithDaemon& world, const KnownSeed& seed) {
    const auto report = world.daemon.peers();
    const std::size_t nodes = report ? listed_nodes(*report) : 0;
    if (world.console.style().json)
        world.console.line(json_of_join(seed.endpoint, seed.reached, seed.outcome, nodes));
    else if (seed.reached)
        world.console.block("Joined " + seed.endpoint.text() + "; nodes known: " + std::to_string(nodes) + ".\n");
    if (seed.reached) return ExitCode::ok;
    const JoinFailure failure = failure_of(seed);
    return world.console.fail(failure.code, failure.sentence + ". The daemon keeps trying; `halp join --undo " +
                                                seed.endpoint.text() + "` ends that.");
}

ExitCode undo_join(const WithDaemon& world, const Endpoint& seed) {
    if (const auto done = world.daemon.unjoin(seed); !done) return world.console.fail(done.error());
    if (world.console.style().json)
        world.console.line(json_of_unjoin(seed));
    else
        world.console.block("The daemon no longer tries " + seed.text() + ".\n");
    return ExitCode::ok;
}

ExitCode join(const WithDaemon& world) {
    const Endpoint wanted = endpoint_of(world.command);
    if (world.command.undo) return undo_join(world, wanted);
    const auto before = world.daemon.seeds();
    if (!before) return world.console.fail(before.error());
    const std::uint64_t tries_before = seed_in(*before, wanted).tries;
    if (auto asked = world.daemon.join(wanted); !asked) return world.console.fail(asked.error());
    const Instant began = world.clock.now();
    const Instant deadline = began + patience(world.command, std::chrono::seconds{5});
    while (true) {
        const auto seeds = world.daemon.seeds();
        if (!seeds) return world.console.fail(seeds.error());
        const KnownSeed seed = seed_in(*seeds, wanted);
        const bool tried = seed.tries > tries_before && seed.outcome != "answered";
        // A node that is just being started gets a second.
        const bool long_enough = !failure_of(seed).may_pass || world.clock.now() - began > std::chrono::seconds{1};
        if (seed.reached || (tried && long_enough) || world.clock.now() >= deadline) return say_joined(world, seed);
        interrupt::nap(std::chrono::milliseconds{50});
    }
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
        case Verb::top:
            return run_top(world);
        case Verb::doctor:
        case Verb::demo:
        case Verb::dht:
        case Verb::store:
            break;
    }
    return ExitCode::failed;
}

}  // namespace halp::cli
