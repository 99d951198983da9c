#include "tools/bench/hostile/gossip_speaker.h"

#include <chrono>
#include <utility>

#include "store/hash.h"
#include "tools/bench/hostile/wire.h"

namespace halp::bench {

GossipSpeaker::GossipSpeaker(Endpoint self, std::uint64_t number) : self_(std::move(self)), number_(number) {}

gossip::Message GossipSpeaker::message(gossip::Kind kind) {
    gossip::Message message;
    message.kind = kind;
    message.hello.swarm = fnv1a("halp");
    message.hello.node = number_;
    message.hello.self = id(self_);
    message.hello.port = self_.port;
    message.hello.incarnation = seconds_now();
    return message;
}

gossip::Entry GossipSpeaker::entry(const Endpoint& endpoint, std::uint32_t version) {
    gossip::Entry entry;
    entry.endpoint = id(endpoint);
    entry.incarnation = version;
    return entry;
}

std::string GossipSpeaker::news_of(const std::vector<Endpoint>& nodes, std::uint32_t version) {
    gossip::Message news = message(gossip::Kind::news);
    for (const Endpoint& node : nodes) news.peers.push_back(entry(node, version));
    return frame(news);
}

bool GossipSpeaker::say(const Endpoint& to, const std::string& frame) const {
    std::optional<Wire> wire = Wire::open(self_.host, to, std::chrono::seconds{2});
    if (!wire || !wire->send_all(frame)) return false;
    wire->half_close();
    wire->drain();
    return true;
}

std::uint32_t seconds_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

}  // namespace halp::bench
