// Attacks on the time of a node: few bytes that cause much work.
#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "tools/bench/hostile/gossip_speaker.h"
#include "tools/bench/hostile/hostile_rows.h"
#include "tools/bench/hostile/wire.h"

namespace halp::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds patience{2};

// `count` words of two letters, each behind `before` and in front of `behind`.
std::string words(std::size_t count, const std::string& before, const std::string& behind) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i)
        all += before + static_cast<char>('a' + i / 26) + static_cast<char>('a' + i % 26) + behind;
    return all;
}

// 4.5 kB: 455 labels x 455 hosts.
std::string product() { return "insert" + words(455, " ", "") + words(455, "\n0 ", " 1"); }

// Strangers of whom nobody reads the answer.
Attack::Part inserts(Endpoint to, const std::string& from, milliseconds every) {
    return [to = std::move(to), from, every, query = product()](const std::stop_token& over) {
        while (!over.stop_requested()) {
            std::optional<Wire> wire = Wire::open(from, to, patience);
            if (wire && wire->send_all(query)) wire->half_close();
            std::this_thread::sleep_for(every);
        }
    };
}

bool insert_product(const HostileBenchOptions& options, Report& report) {
    VictimSwarm swarm{victim_plan(options)};
    if (!swarm.start()) return false;
    Attack attack;
    for (int i = 0; i < 4; ++i)
        attack.add(inserts(swarm.endpoint(victim), "127.66." + std::to_string(i) + ".1", milliseconds{50}));
    report_watched(report, "inserts, 455 labels x 455 hosts", watch(swarm, options.attack_for));
    return true;
}

bool insert_rate(const HostileBenchOptions& options, Report& report) {
    VictimSwarm swarm{victim_plan(options)};
    if (!swarm.start()) return false;
    Attack attack;
    attack.add(inserts(swarm.endpoint(victim), "127.66.0.1", milliseconds{200}));
    report_watched(report, "the same, 22 kB/s of one address", watch(swarm, options.attack_for));
    return true;
}

// 64 labels x 256 hosts, so that whoever asks for everything gets much.
bool fill(const VictimSwarm& swarm, GossipSpeaker& speaker) {
    for (int part = 0; part < 16; ++part) {
        gossip::Message news = speaker.message(gossip::Kind::news);
        for (int label = 0; label < 64; ++label) {
            gossip::LabelEntries entries{*Label::parse("f" + std::to_string(label)), {}};
            const std::string network = "10." + std::to_string(label) + "." + std::to_string(part) + ".";
            for (int host = 0; host < 16; ++host)
                entries.entries.push_back(speaker.entry({network + std::to_string(host), 80}, 1));
            news.labels.push_back(std::move(entries));
        }
        if (!speaker.say(swarm.endpoint(victim), speaker.frame(news))) return false;
    }
    return true;
}

// Whole pieces of 64 KiB of exchanges that ask for every label, on four connections; nobody reads.
Attack::Part pipelines(const VictimSwarm& swarm, GossipSpeaker& speaker) {
    gossip::Message exchange = speaker.message(gossip::Kind::exchange);
    exchange.hello.self = no_endpoint;
    exchange.hello.all_labels = true;
    const std::string one = speaker.frame(exchange);
    std::string many;
    while (many.size() + one.size() <= 65536) many += one;
    return [to = swarm.endpoint(victim), from = speaker.self().host, many](const std::stop_token& over) {
        while (!over.stop_requested()) {
            std::array<std::optional<Wire>, 4> wires;
            for (auto& wire : wires) wire = Wire::open(from, to, patience);
            for (auto& wire : wires)
                if (wire && !wire->send_all(many)) wire.reset();  // it was ended meanwhile
            std::this_thread::sleep_for(milliseconds{200});
        }
    };
}

bool gossip_pipeline(const HostileBenchOptions& options, Report& report) {
    VictimSwarm swarm{victim_plan(options)};
    GossipSpeaker speaker{{"127.66.0.1", 7777}};
    if (!swarm.start() || !fill(swarm, speaker)) return false;
    Attack attack;
    attack.add(pipelines(swarm, speaker));
    report_watched(report, "1500 exchanges in one write", watch(swarm, options.attack_for));
    return true;
}

constexpr std::array rows{
    HostileRow{"insert-product", insert_product},
    HostileRow{"insert-rate", insert_rate},
    HostileRow{"gossip-pipeline", gossip_pipeline},
};

}  // namespace

std::span<const HostileRow> work_rows() { return rows; }

}  // namespace halp::bench
