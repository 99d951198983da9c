#include <algorithm>
#include <chrono>
#include <cmath>

#include "overlay/text/text_client.h"
#include "tools/halp/output/json_report.h"
#include "tools/halp/output/printed_text.h"
#include "tools/halp/verbs.h"
#include "tools/program/durations.h"
#include "tools/program/json.h"

namespace halp::cli {
namespace {

// The exit code for an error of the cache directory, where "unreachable" does not mean a missing daemon.
ExitCode fail(const Standalone& world, const Error& error) {
    const ExitCode code = exit_code_of(error.code);
    return world.console.fail(code == ExitCode::no_daemon ? ExitCode::failed : code, error.message);
}

// The message and the exit code for an empty label.
ExitCode explain_nothing(const Standalone& world, bool any_server, const RoundOutcome& outcome) {
    const std::string& label = world.command.label.text();
    if (!any_server) {
        world.console.say(
            "nothing is cached under `" + label +
            "`, and no HALP server is known to ask. Name one: " + "`halp insert halp HOST PORT`, or run halpd.");
        return ExitCode::nothing_found;
    }
    if (outcome.answered == 0) {
        const bool time = outcome.timed_out > 0;
        return world.console.fail(time ? ExitCode::timed_out : ExitCode::failed,
                                  std::string{"no HALP server "} + (time ? "answered in time" : "can be reached") +
                                      " (" + std::to_string(outcome.tried) + " tried); -v says why.");
    }
    world.console.say("nobody asked knows a host under `" + label + "`.");
    return ExitCode::nothing_found;
}

ExitCode get(const Standalone& world) {
    if (!world.command.tag.empty())
        return world.console.fail(ExitCode::no_daemon,
                                  "tags are known to a running halpd only; HALP text and the cache have none.");
    TimedAsker asker{world.asker, world.clock, round_limits(world.command)};
    ServerRound round{world.cache, asker, [&](const std::string& text) { world.console.detail(text); }};
    if (auto begun = round.begin(); !begun) return fail(world, begun.error());
    const bool any_server = round.any_known();
    const auto outcome = round.fetch(world.command.label);
    if (!outcome) return fail(world, outcome.error());
    const auto file = world.cache.load(world.command.label);
    if (!file) return fail(world, file.error());
    const Listing listing = listing_of(world.command.label, *file, world.clock.wall());
    show_listing(world.command, world.console, listing, "cache", world.clock.wall());
    if (listing.empty()) return explain_nothing(world, any_server, *outcome);
    if (any_server && outcome->answered == 0) world.console.say("no HALP server answered; this is from the cache.");
    return ExitCode::ok;
}

ExitCode insert(const Standalone& world) {
    const CommandLine& command = world.command;
    const UnixSeconds now = world.clock.wall();
    const UnixSeconds seen = stated_time(command, now);
    CacheFile news;
    news.lines.push_back({seen, Endpoint{command.host, command.port}});
    if (auto kept = world.cache.merge(command.label, news); !kept) return fail(world, kept.error());
    if (auto listed = world.cache.mention(command.label, now); !listed) return fail(world, listed.error());
    const Endpoint endpoint{command.host, command.port};
    if (world.console.style().json)
        world.console.line(json_of_insert(command.label, endpoint, seen, "cache"));
    else
        world.console.block(inserted_words(command, seen));
    return ExitCode::ok;
}

ExitCode bcast(const Standalone& world) {
    TimedAsker asker{world.asker, world.clock, round_limits(world.command)};
    ServerRound round{world.cache, asker, [&](const std::string& text) { world.console.detail(text); }};
    if (auto begun = round.begin(); !begun) return fail(world, begun.error());
    if (auto refreshed = round.refresh(); !refreshed) return fail(world, refreshed.error());
    const UnixSeconds seen = stated_time(world.command, world.clock.wall());
    return send_insert(world.command, world.console, asker, round.servers(), seen, false);
}

ExitCode clear(const Standalone& world) {
    const auto cleared = world.cache.clear(world.command.label);
    if (!cleared) return fail(world, cleared.error());
    if (world.console.style().json)
        world.console.line(json_of_clear(world.command.label, *cleared, "cache"));
    else if (*cleared)
        world.console.block(cleared_words(world.command.label));
    if (*cleared) return ExitCode::ok;
    world.console.say("nothing is cached under `" + world.command.label.text() + "`.");
    return ExitCode::nothing_found;
}

ExitCode nuke(const Standalone& world) {
    const auto cleared = world.cache.clear_all();
    if (!cleared) return fail(world, cleared.error());
    if (world.console.style().json)
        world.console.line(json_of_clear(std::nullopt, true, "cache"));
    else
        world.console.block(nuked_words());
    return ExitCode::ok;
}

ExitCode labels(const Standalone& world) {
    const auto file = world.cache.load(world.command.label);
    if (!file) return fail(world, file.error());
    const Listing listing = listing_of(world.command.label, *file, world.clock.wall());
    show_names(world.console, listing, "cache", world.clock.wall());
    if (!listing.empty()) return ExitCode::ok;
    const std::string& label = world.command.label.text();
    world.console.say((world.command.label == Label::labels() ? "no labels are cached"
                                                              : "no labels below `" + label + "` are cached") +
                      "; `halp get " + label + "` asks servers.");
    return ExitCode::nothing_found;
}

ServerReply insert_at(TimedAsker& asker, const Endpoint& server, const std::string& query) {
    const auto answer = asker.ask(server, query);
    if (!answer) return {server, std::nullopt, answer.error().message, false};
    return {server, *answer, "", parse_insert_answer(query, *answer).stored > 0};
}

ExitCode how_it_ended(const CommandLine& command, Console& console, const std::vector<ServerReply>& replies,
                      int sent, bool daemon_too, bool time_is_up) {
    if (sent > 0) return ExitCode::ok;
    if (daemon_too) return ExitCode::ok;  // the swarm hears of it from the daemon
    if (replies.empty() && !time_is_up) {
        console.say("no HALP server is known. Name one: `halp insert halp HOST PORT`.");
        return ExitCode::nothing_found;
    }
    const bool refused =
        std::ranges::any_of(replies, [](const ServerReply& reply) { return reply.answer.has_value(); });
    if (refused)
        return console.fail(ExitCode::refused, "no server took the host under `" + command.label.text() + "`.");
    return console.fail(time_is_up ? ExitCode::timed_out : ExitCode::failed, "no HALP server could be reached.");
}

}  // namespace

RoundLimits round_limits(const CommandLine& command) {
    RoundLimits limits;
    if (command.timeout_s) limits.all = Duration{static_cast<std::int64_t>(std::ceil(*command.timeout_s * 1e6))};
    limits.one = std::min(limits.one, limits.all);
    return limits;
}

UnixSeconds stated_time(const CommandLine& command, UnixSeconds now) {
    return UnixSeconds{std::max<std::int64_t>(0, count(now) - command.seconds)};
}

std::string inserted_words(const CommandLine& command, UnixSeconds seen) {
    return "'" + command.host + " " + std::to_string(command.port) + "' inserted to local cache under label '" +
           command.label.text() + "'\nTimestamp " + std::to_string(count(seen)) + "\n";
}

std::string cleared_words(const Label& label) { return "Contents of label '" + label.text() + "' deleted.\n"; }

std::string nuked_words() {
    return "All cache files deleted (does not include .allocation \nconfig or containing folder)\n";
}

void show_listing(const CommandLine& command, Console& console, const Listing& listing, const std::string& source,
                  UnixSeconds now) {
    if (console.style().json) {
        console.line(json_of_listing(listing, source));
        return;
    }
    if (listing.empty()) return;
    if (console.style().terminal && !command.unix_times) {
        std::vector<std::vector<std::string>> rows = {{"HOST", "PORT", "SEEN"}};
        if (listing.label.lists_names()) rows = {{"NAME", "SEEN"}};
        for (const ListedAt& host : listing.hosts)
            rows.push_back(
                {harmless(host.endpoint.host), std::to_string(host.endpoint.port), human_age(host.seen, now)});
        for (const NameAt& name : listing.names) rows.push_back({harmless(name.name), human_age(name.seen, now)});
        console.headed(table(rows));
        return;
    }
    std::string text;
    for (const ListedAt& host : listing.hosts)
        text += std::to_string(count(host.seen)) + " " + host.endpoint.host + " " +
                std::to_string(host.endpoint.port) + "\n";
    for (const NameAt& name : listing.names) text += std::to_string(count(name.seen)) + " " + name.name + "\n";
    console.block(text);
}

std::string seen_words(const Console& console, UnixSeconds seen, UnixSeconds now) {
    return console.style().terminal ? human_age(seen, now) : std::to_string(count(seen));
}

std::string age_words(const Console& console, double age_s) {
    return console.style().terminal ? human_age(age_s) : Json::fixed(age_s, 2).line();
}

void show_names(Console& console, const Listing& listing, const std::string& source, UnixSeconds now) {
    if (console.style().json) {
        console.line(json_of_listing(listing, source));
        return;
    }
    if (listing.names.empty()) return;
    const std::string prefix = listing.label == Label::labels() ? "" : listing.label.text();
    std::vector<std::vector<std::string>> rows = {{"LABEL", console.style().terminal ? "SEEN" : "SEEN_UNIX_S"}};
    for (const NameAt& name : listing.names)
        rows.push_back({harmless(prefix + name.name), seen_words(console, name.seen, now)});
    console.headed(table(rows));
}

ExitCode send_insert(const CommandLine& command, Console& console, TimedAsker& asker,
                     const std::vector<Endpoint>& servers, UnixSeconds seen, bool daemon_too) {
    const auto queries = insert_queries(command.label, {{seen, Endpoint{command.host, command.port}}});
    std::vector<ServerReply> replies;
    int sent = 0;
    if (!queries && !daemon_too) return console.fail(ExitCode::usage, queries.error().message);
    if (!queries) console.say(queries.error().message + " The daemon has it.");
    for (std::size_t i = 0; queries && i < servers.size() && sent < command.number && !asker.time_is_up(); ++i) {
        const ServerReply& reply = replies.emplace_back(insert_at(asker, servers[i], queries->front()));
        sent += reply.stored ? 1 : 0;
        if (!reply.answer) console.detail(reply.server.text() + ": " + reply.error);
        if (!reply.answer || console.style().json) continue;
        console.block("Server ('" + reply.server.host + "', " + std::to_string(reply.server.port) +
                      ") responded:\n\t" + *reply.answer + "\n");
    }
    if (console.style().json) {
        const Endpoint endpoint{command.host, command.port};
        console.line(json_of_bcast(command.label, endpoint, seen, replies, sent, command.number, daemon_too));
    } else {
        console.block(std::to_string(sent) + "/" + std::to_string(command.number) +
                      " messages sent successfully\n");
    }
    return how_it_ended(command, console, replies, sent, daemon_too, asker.time_is_up());
}

ExitCode run_standalone(const Standalone& world) {
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
        default:
            break;
    }
    return world.console.fail(ExitCode::no_daemon, "this needs a running halpd; start one with `halpd &`.");
}

}  // namespace halp::cli
