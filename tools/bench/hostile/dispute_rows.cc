// Attacks that speak for others: withdrawals of what others announce, versions at their end, leaves of others.
#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "tools/bench/blocking_client.h"
#include "tools/bench/hostile/gossip_speaker.h"
#include "tools/bench/hostile/hostile_rows.h"

namespace halp::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

constexpr std::size_t owner = 2;
constexpr seconds between{1};
constexpr double two_periods_s = 2;

double seconds_since(Steady::time_point began) {
    return std::chrono::duration<double>(Steady::now() - began).count();
}

std::uint32_t newest_believed() { return seconds_now() + 366U * 86400; }
constexpr std::uint32_t last_version = 0xffffffff;

// The same frames to all nodes but the owner, once a second.
Attack::Part told_to_others(const VictimSwarm& swarm, const Endpoint& as,
                            const std::function<gossip::Message(GossipSpeaker&)>& message) {
    std::vector<Endpoint> others;
    for (std::size_t i = 0; i < swarm.size(); ++i)
        if (i != owner) others.push_back(swarm.endpoint(i));
    return [others, as, message](const std::stop_token& over) {
        GossipSpeaker speaker{as};
        while (!over.stop_requested()) {
            const std::string frame = speaker.frame(message(speaker));
            // A node may end the connection: then it has not believed it.
            for (const Endpoint& node : others)
                if (!speaker.say(node, frame)) continue;
            std::this_thread::sleep_for(between);
        }
    };
}

// How long some other node did not show it at a stretch, while the attack went on.
double longest_absence_s(const VictimSwarm& swarm, std::chrono::seconds attack_for,
                         const std::function<bool(std::size_t)>& shows) {
    std::vector<Steady::time_point> seen(swarm.size(), Steady::now());
    double longest = 0;
    const auto until = Steady::now() + attack_for;
    while (Steady::now() < until) {
        for (std::size_t node = 0; node < swarm.size(); ++node) {
            if (node == owner) continue;
            if (shows(node))
                seen[node] = Steady::now();
            else
                longest = std::max(longest, seconds_since(seen[node]));
        }
        std::this_thread::sleep_for(milliseconds{30});
    }
    return longest;
}

bool lists_owner(const VictimSwarm& swarm, std::size_t node) {
    const std::string text = swarm.endpoint(owner).text();
    return std::ranges::any_of(
        swarm.peers(node), [&](const VictimSwarm::Peer& peer) { return peer.endpoint == text && peer.listed(); });
}

void report_absence(Report& report, const std::string& attack, double longest_s) {
    report.add({.what = attack + ": longest absence", .value = longest_s, .unit = "s", .bar = two_periods_s});
}

bool withdraw(const HostileBenchOptions& options, Report& report) {
    VictimSwarm swarm{victim_plan(options)};
    const Endpoint item{"127.9.9.9", 5222};
    const auto shows = [&](std::size_t node) {
        const auto answer = process::text_query(swarm.endpoint(node), "get chat", seconds{2});
        return answer && answer->find("127.9.9.9 5222") != std::string::npos;
    };
    if (!swarm.start() || !swarm.announce(owner, "chat", item)) return false;
    for (std::size_t node = 0; node < swarm.size(); ++node)
        if (!comes_true([&] { return shows(node); }, seconds{5})) return false;
    Attack attack;
    attack.add(told_to_others(swarm, {"127.66.0.1", 7777}, [&](GossipSpeaker& speaker) {
        gossip::Message news = speaker.message(gossip::Kind::news);
        news.labels.push_back({*Label::parse("chat"), {speaker.entry(item, newest_believed())}});
        news.labels.back().entries.back().withdrawn = true;
        return news;
    }));
    report_absence(report, "its announcement is withdrawn by a stranger",
                   longest_absence_s(swarm, options.attack_for, shows));
    return true;
}

// Afterwards a leave of the node itself must still count.
bool versions(const HostileBenchOptions& options, Report& report) {
    VictimSwarm swarm{victim_plan(options)};
    if (!swarm.start()) return false;
    const auto shows = [&](std::size_t node) { return lists_owner(swarm, node); };
    Attack attack;
    attack.add(told_to_others(swarm, {"127.66.0.1", 7777}, [&](GossipSpeaker& speaker) {
        gossip::Message news = speaker.message(gossip::Kind::news);
        for (const std::uint32_t version : {newest_believed(), last_version}) {
            news.peers.push_back(speaker.entry(swarm.endpoint(owner), version));
            news.peers.back().withdrawn = true;
        }
        return news;
    }));
    report_absence(report, "a stranger says with the last version that it left",
                   longest_absence_s(swarm, options.attack_for, shows));
    const auto forgotten = [&] {
        for (std::size_t node = 0; node < swarm.size(); ++node)
            if (node != owner && shows(node)) return false;
        return true;
    };
    const auto began = Steady::now();
    if (!swarm.begin_stop(owner)) return false;
    const double heard_s = comes_true(forgotten, seconds{10}) ? seconds_since(began) : 1e3;
    if (!swarm.stop(owner)) return false;
    report.add({.what = "the node itself leaves then: all have heard it",
                .value = heard_s,
                .unit = "s",
                .bar = two_periods_s});
    return true;
}

// A leave from the node's own host, as another program of that machine can send it.
bool leave(const HostileBenchOptions& options, Report& report) {
    VictimSwarm swarm{victim_plan(options)};
    if (!swarm.start()) return false;
    Attack attack;
    attack.add(told_to_others(swarm, swarm.endpoint(owner), [](GossipSpeaker& speaker) {
        gossip::Message goodbye = speaker.message(gossip::Kind::leave);
        goodbye.hello.leaving = true;
        goodbye.hello.incarnation = newest_believed();
        return goodbye;
    }));
    report_absence(
        report, "another program of its host says that it leaves",
        longest_absence_s(swarm, options.attack_for, [&](std::size_t node) { return lists_owner(swarm, node); }));
    return true;
}

constexpr std::array rows{HostileRow{"withdraw", withdraw}, HostileRow{"versions", versions},
                          HostileRow{"leave", leave}};

}  // namespace

std::span<const HostileRow> dispute_rows() { return rows; }

}  // namespace halp::bench
