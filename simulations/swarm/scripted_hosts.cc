#include "simulations/swarm/scripted_hosts.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "overlay/event.h"
#include "overlay/gossip/wire/gossip_codec.h"
#include "overlay/text/text_client.h"
#include "overlay/text/text_codec.h"
#include "store/overloaded.h"

namespace halp::sim {
namespace {

constexpr std::size_t peers_told = 15;  // the default of a node
constexpr std::string_view names_label = "labels";

}  // namespace

// ---- the original ----

OriginalHost::OriginalHost(OverlayEnvironment& environment, const Endpoint& self, const Endpoint& seed)
    : environment_(environment), self_(self), seed_(seed) {}

void OriginalHost::start() {
    load();
    merge("halp", {environment_.clock.wall(), seed_.host, seed_.port});
    const std::string when = std::to_string(count(environment_.clock.wall()));
    queries_ = {"get halp", "get labels",
                "insert halp\n" + when + " " + self_.host + " " + std::to_string(self_.port)};
    query_next();
}

void OriginalHost::query_next() {
    received_.clear();
    if (!queries_.empty()) stream_ = environment_.transport.connect(seed_);
}

void OriginalHost::on_connected(StreamId stream, const Endpoint&) {
    if (stream == stream_ && !queries_.empty()) environment_.transport.write(stream, queries_.front());
}

// Without a server the original goes on.
void OriginalHost::on_connect_failed(StreamId, ConnectFailure) { queries_.clear(); }

void OriginalHost::on_bytes(StreamId stream, Bytes bytes) {
    if (stream == stream_) {
        if (received_.size() + bytes.size() <= text_answer_bytes_max) received_ += bytes;
        return;
    }
    // The original takes one recv(4096) as the whole query.
    const std::string reply = answer(bytes.substr(0, text_head_bytes_max));
    if (!reply.empty()) environment_.transport.write(stream, reply);
    environment_.transport.close(stream);
}

void OriginalHost::on_end(StreamId stream) {
    environment_.transport.close(stream);
    if (stream != stream_) return;
    stream_ = {};
    take_answer();
    queries_.pop_front();
    query_next();
}

void OriginalHost::on_closed(StreamId stream) {
    if (stream != stream_) return;
    stream_ = {};
    queries_.clear();
}

void OriginalHost::take_answer() {
    const std::string& asked = queries_.front();
    TextLines lines{received_};
    if (asked == "get labels")
        for (std::string_view line; lines.next(line);)
            if (const auto name = parse_name_line(line))
                merge(std::string{names_label}, {name->stated, name->name});
    if (asked == "get halp")
        for (std::string_view line; lines.next(line);)
            if (const auto host = parse_host_line(line))
                merge("halp", {host->stated, host->endpoint.host, host->endpoint.port});
}

std::string OriginalHost::answer(std::string_view query) {
    const TextQuery parsed = parse_text_query(query);
    if (const auto* get = std::get_if<TextGet>(&parsed)) {
        std::string out = lines_of(get->label.text(), get->first, get->count);
        list_in_directories(get->label.text());
        return out;
    }
    if (const auto* insert = std::get_if<TextInsert>(&parsed)) {
        std::string out;
        for (const Label& label : insert->labels) {
            TextLines lines{insert->entries};
            for (std::string_view line; lines.next(line);) {
                const auto host = parse_host_line(line);
                append_insert_reply(out, host.has_value(), label, line);
                if (!host) continue;
                merge(label.text(), {host->stated, host->endpoint.host, host->endpoint.port});
                environment_.observer.note(EntryLearned{label, host->endpoint, LearnedFrom::text});
            }
            list_in_directories(label.text());
        }
        return out;
    }
    return std::holds_alternative<TextOverlong>(parsed) ? "" : std::string{text_refusal};
}

std::string OriginalHost::lines_of(const std::string& label, std::size_t first, std::size_t wanted) const {
    const auto found = labels_.find(label);
    if (found == labels_.end()) return {};
    std::string out;
    const std::vector<Line>& lines = found->second;
    for (std::size_t i = first; i < lines.size() && i - first < wanted; ++i) {
        if (lines[i].port == 0)
            append_name_line(out, lines[i].seen, lines[i].host);
        else
            append_host_line(out, lines[i].seen, {lines[i].host, lines[i].port});
    }
    return out;
}

// Keeps the later time. A new address is placed behind those of equal time.
void OriginalHost::merge(const std::string& label, Line line) {
    if (!labels_.contains(label) && labels_.size() >= labels_max) return;
    std::vector<Line>& lines = labels_[label];
    const auto known =
        std::ranges::find_if(lines, [&](const Line& l) { return l.host == line.host && l.port == line.port; });
    if (known != lines.end()) {
        if (count(known->seen) >= count(line.seen)) return;
        lines.erase(known);
    }
    const auto behind =
        std::ranges::find_if(lines, [&](const Line& l) { return count(l.seen) < count(line.seen); });
    lines.insert(behind, std::move(line));
    if (lines.size() > lines_max) lines.pop_back();
    save(label);
}

void OriginalHost::list_in_directories(const std::string& label) {
    const UnixSeconds now = environment_.clock.wall();
    const std::size_t slash = label.find('/');
    merge(std::string{names_label}, {now, label.substr(0, slash)});
    for (std::size_t at = slash; at != std::string::npos && at + 1 < label.size();) {
        const std::size_t next = label.find('/', at + 1);
        merge(label.substr(0, at + 1), {now, label.substr(at + 1, next - at - 1)});
        at = next;
    }
}

void OriginalHost::save(const std::string& label) {
    std::string file = label;
    std::ranges::replace(file, '/', '~');
    // The original exits when the disk is full; this one goes on without the file.
    static_cast<void>(environment_.cache.replace(file, lines_of(label, 0, lines_max)));
}

void OriginalHost::load() {
    const Result<std::vector<std::string>> files = environment_.cache.list();
    if (!files) return;
    for (const std::string& file : *files) {
        const Result<std::string> content = environment_.cache.read(file);
        if (!content) continue;
        std::string label = file;
        std::ranges::replace(label, '~', '/');
        const bool names = label == names_label || label.ends_with('/');
        TextLines lines{*content};
        for (std::string_view line; lines.next(line);) {
            if (names) {
                if (const auto name = parse_name_line(line)) merge(label, {name->stated, name->name});
            } else if (const auto host = parse_host_line(line)) {
                merge(label, {host->stated, host->endpoint.host, host->endpoint.port});
            }
        }
    }
}

void OriginalHost::insert(const Label& label, const Endpoint& endpoint) {
    merge(label.text(), {environment_.clock.wall(), endpoint.host, endpoint.port});
    list_in_directories(label.text());
    environment_.observer.note(EntryLearned{label, endpoint, LearnedFrom::application});
}

bool OriginalHost::has(const Label& label, const Endpoint& endpoint) const {
    const auto found = labels_.find(label.text());
    return found != labels_.end() && std::ranges::any_of(found->second, [&](const Line& l) {
               return l.host == endpoint.host && l.port == endpoint.port;
           });
}

// ---- the attacker ----

AttackerHost::AttackerHost(Environment& environment, EndpointTable& endpoints, const AttackPlan& plan,
                           const Endpoint& self)
    : environment_(environment),
      endpoints_(endpoints),
      plan_(plan),
      self_(self),
      node_(environment.random.next()) {}

void AttackerHost::start() {
    const auto period = static_cast<std::uint64_t>(plan_.period.count());
    environment_.alarm.wake_at(environment_.clock.now() +
                               Duration{static_cast<Duration::rep>(environment_.random.below(period))});
}

void AttackerHost::on_wakeup() {
    for (std::size_t i = 0; i < plan_.pushes && !plan_.victims.empty(); ++i) {
        const Endpoint& victim = plan_.victims[environment_.random.below(plan_.victims.size())];
        const StreamId stream = environment_.transport.connect(victim);
        received_[stream];
        environment_.transport.write(stream, gossip::encode(message(gossip::Kind::exchange), endpoints_));
    }
    environment_.alarm.wake_at(environment_.clock.now() + plan_.period);
}

gossip::Message AttackerHost::message(gossip::Kind kind) {
    const auto incarnation = static_cast<std::uint32_t>(count(environment_.clock.wall()));
    gossip::Message m;
    m.kind = kind;
    m.hello.swarm = plan_.swarm;
    m.hello.node = node_;
    m.hello.self = endpoints_.intern(self_);
    m.hello.port = self_.port;
    m.hello.incarnation = incarnation;
    if (kind != gossip::Kind::exchange && kind != gossip::Kind::answer) return m;
    std::vector<std::size_t> told;
    for (std::size_t i = 0; i < peers_told; ++i) {
        const std::size_t at = environment_.random.below(plan_.attackers.size());
        if (std::ranges::find(told, at) != told.end() || plan_.attackers[at] == self_) continue;
        told.push_back(at);
        gossip::Entry entry;
        entry.endpoint = endpoints_.intern(plan_.attackers[at]);
        entry.incarnation = incarnation;
        m.peers.push_back(entry);
    }
    return m;
}

void AttackerHost::on_accept(StreamId stream, const Endpoint&) { received_[stream]; }
void AttackerHost::on_connected(StreamId, const Endpoint&) {}
void AttackerHost::on_connect_failed(StreamId stream, ConnectFailure) { received_.erase(stream); }

void AttackerHost::on_bytes(StreamId stream, Bytes bytes) {
    std::string& received = received_[stream];
    received += bytes;
    while (!received.empty()) {
        const auto size = gossip::frame_size(received);
        const auto* whole = std::get_if<std::size_t>(&size);
        if (!whole && std::get<gossip::DecodeError>(size) == gossip::DecodeError::need_more) return;
        if (whole && received.size() < *whole) return;
        const auto decoded =
            whole ? gossip::decode(Bytes{received}.substr(0, *whole), endpoints_)
                  : std::variant<gossip::Message, gossip::DecodeError>{gossip::DecodeError::bad_magic};
        if (const auto* m = std::get_if<gossip::Message>(&decoded)) {
            received.erase(0, *whole);
            if (reply(stream, *m)) continue;
            received_.erase(stream);
            return environment_.transport.close(stream);
        }
        received_.erase(stream);
        return environment_.transport.abort(stream);
    }
}

bool AttackerHost::reply(StreamId stream, const gossip::Message& to) {
    gossip::Message out;
    if (to.kind == gossip::Kind::exchange) {
        out = message(gossip::Kind::answer);
    } else if (to.kind == gossip::Kind::ping) {
        out = message(gossip::Kind::pong);
    } else if (to.kind == gossip::Kind::try_for) {
        out = message(gossip::Kind::verdict);
        out.target = to.target;
        out.reachable = to.target != no_endpoint &&
                        std::ranges::find(plan_.attackers, endpoints_.at(to.target)) != plan_.attackers.end();
    } else {
        return to.kind != gossip::Kind::answer;  // the answer to an exchange that this attacker opened
    }
    environment_.transport.write(stream, gossip::encode(out, endpoints_));
    return true;
}

void AttackerHost::on_end(StreamId stream) {
    received_.erase(stream);
    environment_.transport.close(stream);
}
void AttackerHost::on_closed(StreamId stream) { received_.erase(stream); }

// ---- the stranger ----

void StrangerHost::on_wakeup() {
    if (!plan_.victims.empty()) {
        const StreamId stream =
            environment_.transport.connect(plan_.victims[environment_.random.below(plan_.victims.size())]);
        environment_.transport.write(stream, insert());
    }
    environment_.alarm.wake_at(environment_.clock.now() +
                               Duration{1'000'000 / static_cast<Duration::rep>(plan_.rate)});
}

std::string StrangerHost::insert() {
    std::string out = "insert junk" + std::to_string(environment_.random.below(plan_.labels));
    for (std::size_t i = 0; i < plan_.entries; ++i)
        out += "\n" + std::to_string(count(environment_.clock.wall())) + " made-up-" +
               std::to_string(plan_.made_up++) + ".example 80";
    return out;
}

}  // namespace halp::sim
