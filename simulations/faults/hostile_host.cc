#include "simulations/faults/hostile_host.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "overlay/gossip/wire/gossip_codec.h"
#include "store/hash.h"

namespace halp::sim {

namespace {

using gossip::Kind;

constexpr std::uint32_t year_and_day_s = 366 * 86400;
constexpr std::uint32_t last_version = 0xffffffff;
constexpr std::size_t table_max = 4096;  // endpoints that it has made up before it forgets them

}  // namespace

HostileHost::HostileHost(Environment& env, const Endpoint& self, const Step& step, Duration period, Look look)
    : env_(env), self_(self), step_(step), period_(period), look_(std::move(look)), number_(env.random.next()) {}

void HostileHost::start() { env_.alarm.wake_at(env_.clock.now()); }

void HostileHost::on_wakeup() {
    for (const StreamId call : std::exchange(calls_, {})) env_.transport.abort(call);
    known_ = look_();
    if (table_.size() > table_max) table_ = EndpointTable{};
    ++rounds_;
    if (step_.kind == StepKind::made_up_nodes || step_.kind == StepKind::made_up_graves) make_up();
    for (const Endpoint& node : known_.nodes) speak_to(node);
    env_.alarm.wake_at(env_.clock.now() + period_);
}

void HostileHost::speak_to(const Endpoint& node) {
    const StreamId call = env_.transport.connect(node);
    calls_.push_back(call);
    env_.transport.write(call, step_.kind == StepKind::insert_flood ? inserts() : encode(lie(), table_));
}

std::uint32_t HostileHost::newest_believed() const {
    return static_cast<std::uint32_t>(count(env_.clock.wall())) + year_and_day_s;
}

gossip::Message HostileHost::message(Kind kind) {
    gossip::Message message;
    message.kind = kind;
    message.hello.swarm = fnv1a("halp");
    message.hello.node = number_;
    message.hello.self = table_.intern(self_);
    message.hello.port = self_.port;
    message.hello.incarnation = static_cast<std::uint32_t>(count(env_.clock.wall()));
    return message;
}

gossip::Entry HostileHost::entry(const Endpoint& endpoint, std::uint32_t version, bool withdrawn) {
    gossip::Entry entry;
    entry.endpoint = table_.intern(endpoint);
    entry.incarnation = version;
    entry.withdrawn = withdrawn;
    return entry;
}

// Every other round it says hello as a node does, so that it is listed and called.
gossip::Message HostileHost::lie() {
    gossip::Message said = message(rounds_ % 2 == 0 ? Kind::exchange : Kind::news);
    switch (step_.kind) {
        case StepKind::made_up_nodes:
        case StepKind::made_up_graves:
            add_made_up(said);
            break;
        case StepKind::false_versions:
            add_false_versions(said);
            break;
        case StepKind::false_withdrawals:
            add_false_withdrawals(said);
            break;
        case StepKind::false_leave:
            said = message(Kind::leave);
            said.hello.self = table_.intern(known_.slandered);
            said.hello.port = known_.slandered.port;
            said.hello.incarnation = newest_believed();
            said.hello.leaving = true;
            break;
        default:
            break;
    }
    return said;
}

// Graves are first told of as nodes, in the round before.
void HostileHost::make_up() {
    const bool buries = step_.kind == StepKind::made_up_graves && rounds_ % 2 == 1;
    if (buries || step_.amount == 0) return;
    made_up_.clear();
    for (std::int64_t i = 0; i < std::min<std::int64_t>(step_.amount, gossip::peers_per_message_max); ++i) {
        const std::uint64_t number = env_.random.next();
        made_up_.push_back({"10." + std::to_string(200 + number % 50) + "." + std::to_string(number >> 8 & 255) +
                                "." + std::to_string(number >> 16 & 255),
                            3451});
    }
}

void HostileHost::add_made_up(gossip::Message& message) {
    const bool buries = step_.kind == StepKind::made_up_graves && rounds_ % 2 == 1;
    for (const Endpoint& nobody : made_up_)
        message.peers.push_back(entry(nobody, message.hello.incarnation, buries));
}

// Not of a dead node: that it lives, nobody could refute.
void HostileHost::add_false_versions(gossip::Message& message) {
    if (!known_.slandered_lives) return;
    message.peers.push_back(entry(known_.slandered, newest_believed(), rounds_ % 3 == 0));
    message.peers.push_back(entry(known_.slandered, last_version, rounds_ % 3 == 1));
    message.peers.back().suspect = true;
}

void HostileHost::add_false_withdrawals(gossip::Message& message) {
    for (const OwnAnnouncement& item : known_.items) {
        if (message.labels.size() >= gossip::labels_per_message_max) return;
        const std::uint32_t version = rounds_ % 2 == 0 ? newest_believed() : last_version;
        message.labels.push_back({item.label, {entry(item.endpoint, version, true)}});
    }
}

std::string HostileHost::inserts() {
    std::string query = "insert halp";
    for (int i = 0; i < 10; ++i) query += " hostile" + std::to_string(env_.random.below(400));
    for (std::int64_t i = 0; i < step_.amount; ++i)
        query += "\n" + std::to_string(count(env_.clock.wall())) + " 10.199." +
                 std::to_string(env_.random.below(200)) + "." + std::to_string(i) + " 3451";
    return query;
}

std::string HostileHost::reply(Kind to) {
    gossip::Message said;
    if (to == Kind::ping)
        said = message(Kind::pong);
    else if (to == Kind::exchange)
        said = message(Kind::answer);
    else if (to == Kind::try_for)
        said = message(Kind::verdict);
    else
        return {};
    if (step_.kind == StepKind::false_witness) said.observed = table_.intern(known_.slandered);
    if (step_.kind == StepKind::made_up_nodes || step_.kind == StepKind::made_up_graves) {
        said.reachable = true;  // whoever is asked about
        if (to == Kind::exchange) add_made_up(said);
    }
    return encode(said, table_);
}

void HostileHost::on_bytes(StreamId stream, Bytes bytes) {
    const auto served = served_.find(stream);
    if (served == served_.end()) return;  // an answer to its own call
    std::string& request = served->second;
    request += bytes;
    const auto size = gossip::frame_size(request);
    if (std::holds_alternative<std::size_t>(size) && request.size() < std::get<std::size_t>(size)) return;
    if (std::holds_alternative<gossip::DecodeError>(size) &&
        std::get<gossip::DecodeError>(size) == gossip::DecodeError::need_more)
        return;
    const bool gossips = std::holds_alternative<std::size_t>(size);
    const std::string answer = gossips ? reply(static_cast<Kind>(request[2])) : std::string{};
    served_.erase(served);
    if (!answer.empty()) env_.transport.write(stream, answer);
    env_.transport.close(stream);
}

void HostileHost::on_end(StreamId stream) {
    served_.erase(stream);
    std::erase(calls_, stream);
    env_.transport.close(stream);
}

void HostileHost::on_closed(StreamId stream) {
    served_.erase(stream);
    std::erase(calls_, stream);
}

}  // namespace halp::sim
