// Attacks that use the nodes: what a stranger says makes them dial somebody else.
#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "tools/bench/hostile/dial_count.h"
#include "tools/bench/hostile/gossip_speaker.h"
#include "tools/bench/hostile/hostile_rows.h"

namespace halp::bench {
namespace {

using std::chrono::seconds;

constexpr seconds counted_for{15};

// Nodes are not on loopback there, and a speaker is on another machine.
constexpr const char* far_nodes = "10.77.0.";
const Endpoint far_speaker{"10.5.0.1", 7777};
bool have_far_network() {
    static const bool there = add_local_network("10.0.0.1", "255.0.0.0");
    return there;
}

// One frame with 120 endpoints of one host, to one node of eight.
bool dials(const HostileBenchOptions& options, Report& report) {
    constexpr std::uint16_t first = 1000, behind = 1120;
    VictimPlan plan = victim_plan(options);
    plan.nodes = 8;
    VictimSwarm swarm{plan};
    auto count = DialCount::begin(first, behind);
    if (!count || !swarm.start()) return false;
    std::vector<Endpoint> made_up;
    for (std::uint16_t port = first; port < behind; ++port) made_up.push_back({"127.88.0.1", port});
    GossipSpeaker speaker{{"127.66.0.1", 7777}};
    const std::string frame = speaker.news_of(made_up, 1);
    if (!speaker.say(swarm.endpoint(victim), frame)) return false;
    std::this_thread::sleep_for(counted_for);
    const DialCount::Figures figures = count->look();
    report.add({.what = "one frame of 120 endpoints, 8 nodes: dials in 15 s",
                .value = static_cast<double>(figures.dials),
                .unit = ""});
    report.add({.what = "one frame of 120 endpoints: bytes for a byte",
                .value = static_cast<double>(figures.bytes) / static_cast<double>(frame.size()),
                .unit = "x",
                .bar = limits::amplification});
    report.add({.what = "one frame of 120 endpoints: dials per node and target",
                .value = static_cast<double>(figures.most_of_one()) / static_cast<double>(swarm.size()),
                .unit = "",
                .bar = limits::dials_per_node_and_target});
    return true;
}

// A speaker of another network names what only the machine of the node has, and names.
bool special_addresses(const HostileBenchOptions& options, Report& report) {
    constexpr std::uint16_t first = 6000;
    constexpr std::array hosts{"127.0.0.1",        "::1",        "localhost",  "LOCALHOST", "localhost.",
                               "::ffff:127.0.0.1", "127.1",      "0.0.0.0",    "::",        "::ffff:0.0.0.0",
                               "::1%lo",           "2130706433", "0x7f000001", "224.0.0.1", "255.255.255.255"};
    VictimPlan plan = victim_plan(options);
    plan.nodes = 3;
    plan.network = far_nodes;
    VictimSwarm swarm{plan};
    auto count = DialCount::begin(first, first + static_cast<std::uint16_t>(hosts.size()));
    if (!count || !have_far_network() || !swarm.start()) return false;
    GossipSpeaker speaker{far_speaker};
    std::vector<Endpoint> named;
    std::uint16_t port = first;
    for (const char* host : hosts) named.push_back({host, port++});
    if (!speaker.say(swarm.endpoint(victim), speaker.news_of(named, 1))) return false;
    std::this_thread::sleep_for(seconds{6});
    report.add({.what = "loopback and its like, said by another machine: dials",
                .value = static_cast<double>(count->look().dials),
                .unit = "",
                .bar = 0});
    return true;
}

// Frames and inserts full of names, each of another one.
bool name_all(const VictimSwarm& swarm, GossipSpeaker& speaker) {
    constexpr int frames = 25, names_a_frame = 120, inserts = 20;
    int number = 0;
    for (int i = 0; i < frames; ++i) {
        std::vector<Endpoint> named;
        for (int k = 0; k < names_a_frame; ++k)
            named.push_back({"name" + std::to_string(++number) + ".example", 3451});
        if (!speaker.say(swarm.endpoint(victim), speaker.news_of(named, 1))) return false;
        gossip::Message hello = speaker.message(gossip::Kind::exchange);
        hello.hello.self = speaker.id({"self" + std::to_string(i) + ".example", 3451});
        if (!speaker.say(swarm.endpoint(victim), speaker.frame(hello))) return false;
    }
    for (int i = 0; i < inserts; ++i) {
        const std::string query = "insert halp chat\n" + std::to_string(seconds_now()) + " text" +
                                  std::to_string(i) + ".example 3451\n\n";
        if (!speaker.say(swarm.endpoint(victim), query)) return false;
    }
    return true;
}

// That a seed's name is asked for shows that questions are seen at all.
bool names(const HostileBenchOptions& options, Report& report) {
    if (!options.own_network || !take_place_of_name_servers()) return false;
    VictimPlan plan = victim_plan(options);
    plan.nodes = 3;
    plan.network = far_nodes;
    VictimSwarm swarm{plan};
    auto count = DialCount::begin(1, 2);
    if (!count || !have_far_network() || !swarm.start()) return false;
    VictimPlan asking = victim_plan(options);
    asking.nodes = 1;
    asking.network = "127.78.0.";
    asking.arguments = {"--join", "seed.example:3451"};
    bool asked = false;
    {
        VictimSwarm control{asking};
        asked = control.start_again(0, false) &&
                comes_true([&] { return count->look().questions > 0; }, seconds{10}) && control.stop(0);
    }
    if (!asked) return false;
    const std::size_t before = count->look().questions;
    GossipSpeaker speaker{far_speaker};
    if (!name_all(swarm, speaker)) return false;
    std::this_thread::sleep_for(counted_for);
    report.add({.what = "3000 names in frames, 20 in inserts: questions for names",
                .value = static_cast<double>(count->look().questions - before),
                .unit = "",
                .bar = limits::questions_for_names});
    return true;
}

constexpr std::array rows{HostileRow{"dials", dials}, HostileRow{"special-addresses", special_addresses},
                          HostileRow{"names", names}};

}  // namespace

std::span<const HostileRow> dial_rows() { return rows; }

}  // namespace halp::bench
