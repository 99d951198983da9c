// What one witness and what a neighbour on the same machine can do.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "tools/bench/hostile/dial_count.h"
#include "tools/bench/hostile/gossip_speaker.h"
#include "tools/bench/hostile/hostile_rows.h"
#include "tools/bench/hostile/wire.h"

namespace halp::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double stall_ms_max = 100;

// Answers everybody who calls it, and says "you are `told`".
Attack::Part false_witness(const Endpoint& at, const Endpoint& told) {
    return [at, told](const std::stop_token& over) {
        const auto listener = Wire::listen(at);
        GossipSpeaker speaker{at, 99};
        while (listener && !over.stop_requested()) {
            std::this_thread::sleep_for(milliseconds{5});
            auto wire = listener->accept();
            if (!wire) continue;
            std::string request;
            while (request.size() < gossip::header_bytes && !over.stop_requested()) {
                const auto more = wire->receive_some();
                if (!more) break;
                request += *more;
            }
            if (request.size() < gossip::header_bytes) continue;
            const bool ping = static_cast<gossip::Kind>(request[2]) == gossip::Kind::ping;
            gossip::Message answer = speaker.message(ping ? gossip::Kind::pong : gossip::Kind::answer);
            answer.observed = speaker.id(told);
            if (!wire->send_all(speaker.frame(answer))) continue;
            std::this_thread::sleep_for(milliseconds{20});  // it reads before we close
        }
    };
}

// A node that does not know its address meets nobody but a stranger.
bool own_address(const HostileBenchOptions& options, Report& report) {
    const Endpoint stranger{"192.0.2.66", 4000}, told{"203.0.113.7", options.port};
    if (!add_local_network("192.0.2.1", "255.255.255.0")) return false;
    VictimPlan plan = victim_plan(options);
    plan.nodes = 1;
    plan.listen = "[::]:" + std::to_string(options.port);
    plan.arguments = {"--join", stranger.text()};
    VictimSwarm swarm{plan};
    Attack attack;
    attack.add(false_witness(stranger, told));
    if (!swarm.start()) return false;
    std::this_thread::sleep_for(seconds{4});
    const bool announces = swarm.put(0, "chat", R"({"port":5222})").find(told.host) != std::string::npos;
    const bool believes = swarm.status(0)["self"].text_or("").find(told.host) != std::string::npos;
    report.add({.what = "one stranger says \"you are ...\": services announced there",
                .value = announces ? 1.0 : 0.0,
                .unit = "",
                .bar = 0});
    report.add({.what = "one stranger says \"you are ...\": believed",
                .value = believes ? 1.0 : 0.0,
                .unit = "",
                .bar = 0});
    return true;
}

// Another program keeps the lock of the cache directory while hosts are saved there.
bool lock(const HostileBenchOptions& options, Report& report) {
    VictimSwarm swarm{victim_plan(options)};
    if (!swarm.start()) return false;
    const Wire directory{::open(swarm.cache(victim).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (directory.descriptor() < 0 || ::flock(directory.descriptor(), LOCK_EX | LOCK_NB) != 0) return false;
    Attack attack;
    attack.add([to = swarm.endpoint(victim)](const std::stop_token& over) {
        for (int i = 0; !over.stop_requested(); ++i) {
            std::optional<Wire> wire = Wire::open("127.66.0.1", to, seconds{2});
            if (wire && wire->send_all("insert x" + std::to_string(i % 50) + "\n" + std::to_string(seconds_now()) +
                                       " 127.9.9.9 80"))
                wire->drain();
            std::this_thread::sleep_for(milliseconds{100});
        }
    });
    const Watched watched = watch(swarm, options.attack_for);
    report.add({.what = "the cache is locked by another program: longest stall",
                .value = watched.longest_ms,
                .unit = "ms",
                .bar = stall_ms_max});
    return true;
}

constexpr std::array rows{HostileRow{"own-address", own_address}, HostileRow{"lock", lock}};

}  // namespace

std::span<const HostileRow> local_rows() { return rows; }

}  // namespace halp::bench
