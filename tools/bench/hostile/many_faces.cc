#include "tools/bench/hostile/many_faces.h"

#include <poll.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace halp::bench {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds between_calls{100};  // of each honest node
constexpr milliseconds patience{2000};
constexpr std::size_t told = 100;  // faces in one message
constexpr std::uint16_t first_port = 4000;

}  // namespace

ManyFaces::ManyFaces(std::vector<Endpoint> honest) : honest_(std::move(honest)) {
    for (std::size_t i = 0; i < hosts * ports; ++i) {
        const Endpoint self{"127.66." + std::to_string(i / ports) + ".1",
                            static_cast<std::uint16_t>(first_port + i % ports)};
        faces_.emplace_back(self, 1000 + i);
        if (auto listener = Wire::listen(self)) listeners_.push_back(std::move(*listener));
    }
    if (listening()) thread_ = std::jthread{[this](const std::stop_token& over) { speak(over); }};
}

std::string ManyFaces::frame(std::size_t face, gossip::Kind kind, bool poisoned) {
    gossip::Message message = faces_[face].message(kind);
    for (std::size_t i = 0; poisoned && i < told; ++i)
        message.peers.push_back(faces_[face].entry(faces_[(face + i) % faces_.size()].self(), seconds_now()));
    for (std::size_t i = 0; poisoned && i < honest_.size(); ++i) {
        message.peers.push_back(faces_[face].entry(honest_[i], 0xffffffff));
        message.peers.back().suspect = true;
    }
    return faces_[face].frame(message);
}

void ManyFaces::speak(const std::stop_token& over) {
    leave_processors_to_nodes();
    auto next_call = Steady::now();
    while (!over.stop_requested()) {
        if (Steady::now() >= next_call) {
            next_call = Steady::now() + between_calls;
            call_honest();
        }
        std::vector<pollfd> waiting;
        for (const Wire& listener : listeners_) waiting.push_back({listener.descriptor(), POLLIN, 0});
        for (const Connection& connection : connections_)
            waiting.push_back({connection.wire.descriptor(),
                               static_cast<short>(connection.called && !connection.sent ? POLLOUT : POLLIN), 0});
        ::poll(waiting.data(), waiting.size(), 10);
        std::erase_if(connections_, [this](Connection& connection) { return !serve(connection); });
        for (std::size_t face = 0; face < listeners_.size(); ++face)
            if ((waiting[face].revents & POLLIN) != 0)
                while (auto wire = listeners_[face].accept())
                    connections_.push_back({std::move(*wire), face, false, Steady::now()});
    }
}

void ManyFaces::call_honest() {
    for (const Endpoint& honest : honest_) {
        turn_ = (turn_ + 37) % faces_.size();
        if (auto wire = Wire::begin(faces_[turn_].self().host, honest))
            connections_.push_back({std::move(*wire), turn_, true, Steady::now()});
    }
}

bool ManyFaces::serve(Connection& connection) {
    if (Steady::now() - connection.since > patience) return false;
    if (connection.called && !connection.sent) {
        const bool news = turn_ % 2 == 0;
        const auto taken = connection.wire.send_some(
            frame(connection.face, news ? gossip::Kind::news : gossip::Kind::exchange, true));
        connection.sent = taken.value_or(0) > 0;
        return taken.has_value();
    }
    const auto bytes = connection.wire.receive_some();
    if (!bytes || bytes->empty()) return bytes.has_value();
    if (connection.called || bytes->size() < gossip::header_bytes) return !connection.called;
    const auto kind = static_cast<gossip::Kind>((*bytes)[2]);
    if (kind == gossip::Kind::ping)
        return connection.wire.send_some(frame(connection.face, gossip::Kind::pong, false)).has_value();
    if (kind == gossip::Kind::exchange)
        return connection.wire.send_some(frame(connection.face, gossip::Kind::answer, true)).has_value();
    return false;
}

}  // namespace halp::bench
