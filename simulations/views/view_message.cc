#include "simulations/views/view_message.h"

#include <algorithm>
#include <functional>
#include <variant>

#include "overlay/gossip/wire/gossip_codec.h"
#include "store/hash.h"

namespace halp::sim {

void write_frame(std::string& out, SwarmEventKind kind, std::span<const Sighting> told, std::uint32_t sender,
                 std::uint32_t sent_at, const EndpointTable& endpoints) {
    gossip::Message m;
    m.kind = kind == SwarmEventKind::request ? gossip::Kind::exchange : gossip::Kind::answer;
    m.hello.swarm = fnv1a("halp");
    m.hello.node = sender;
    m.hello.self = EndpointId{sender};
    m.hello.port = endpoints.at(EndpointId{sender}).port;
    m.hello.incarnation = 1;
    for (const Sighting s : told) {
        if (s.endpoint() == EndpointId{sender}) continue;
        m.peers.push_back({.endpoint = s.endpoint(), .incarnation = 1, .age_ms = sent_at - s.stamp()});
    }
    out.clear();
    gossip::encode_to(out, m, endpoints);
}

std::size_t read_frame(const std::string& frame, std::uint32_t sent_at, EndpointTable& endpoints,
                       std::span<Sighting> told) {
    const auto decoded = gossip::decode(frame, endpoints);
    const auto* m = std::get_if<gossip::Message>(&decoded);
    assert(m && "the codec refuses its own frame");
    std::size_t count = 0;
    told[count++] = Sighting::of(sent_at, m->hello.self);
    for (const gossip::Entry& e : m->peers) told[count++] = Sighting::of(sent_at - e.age_ms, e.endpoint);
    std::sort(told.begin(), told.begin() + static_cast<std::ptrdiff_t>(count), std::greater{});
    return count;
}

}  // namespace halp::sim
