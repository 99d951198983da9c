#include "overlay/node/grave_saver.h"

#include <algorithm>
#include <chrono>
#include <optional>

namespace halp {

namespace {

constexpr Duration between_saves = std::chrono::seconds{2};  // many nodes die at once
constexpr Duration first_retry = std::chrono::seconds{1};
constexpr Duration longest_retry = std::chrono::seconds{60};
constexpr Duration between_complaints = std::chrono::seconds{60};
constexpr std::size_t looked_at_once = 8;  // after a start; others have their turn, one a period

// Those worth a look first: acquaintances, then nodes that this one had reached, then the latest.
bool worth_more(const GraveLine& a, const GraveLine& b) {
    const auto rank = [](const GraveLine& line) {
        return (line.known != CacheLine::not_proved ? 2 : 0) + (line.proved ? 1 : 0);
    };
    if (rank(a) != rank(b)) return rank(a) > rank(b);
    if (a.buried != b.buried) return a.buried > b.buried;
    return a.endpoint < b.endpoint;
}

}  // namespace

void GraveSaver::load() {
    Result<std::string> content = parts_.environment.state.read(std::string{GraveFile::name});
    if (!content) {
        if (content.error().code != ErrorCode::not_found)
            parts_.observer.note(StorageFailed{content.error().message});
        return;
    }
    GraveFile read = GraveFile::parse(parts_.options.swarm, *content);
    std::ranges::sort(read.graves, worth_more);
    const Instant now = parts_.environment.clock.now();
    const UnixSeconds wall = parts_.environment.clock.wall();
    for (const GraveLine& line : read.graves) take(line, now, wall);
    std::size_t looked_at = 0;
    for (const GraveLine& line : read.graves) {
        if (looked_at == looked_at_once || !line.proved) break;
        if (line.left) continue;
        parts_.view.dispute(parts_.endpoints.intern(line.endpoint), now);
        ++looked_at;
    }
    others_ = std::move(read.others);
    written_ = std::move(content).value();
}

// A time ahead of this clock counts as now, as with lines of the cache.
void GraveSaver::take(const GraveLine& line, Instant now, UnixSeconds wall) {
    const auto instant = [&](UnixSeconds when) {
        return now - std::chrono::seconds{std::max<std::int64_t>(0, count(wall) - count(when))};
    };
    const EndpointId id = parts_.endpoints.intern(line.endpoint);
    if (parts_.gossip.is_self(id)) return;
    PeerView::Grave grave{.endpoint = id, .incarnation = line.version, .buried = instant(line.buried)};
    grave.met = line.proved;
    grave.left = line.left;
    if (line.known != CacheLine::not_proved) grave.known_since = instant(line.known);
    parts_.view.remember_grave(grave, now);
}

void GraveSaver::on_event(const Event& event) {
    const Instant now = parts_.environment.clock.now();
    if (const auto* buried = std::get_if<PeerBuried>(&event))
        save_by(now + patience(buried->peer));
    else if (const auto* left = std::get_if<PeerLeft>(&event))
        save_by(now + patience(left->peer));
    else if (std::holds_alternative<PeerProved>(event) && !written_.empty())
        save_by(now + parts_.options.save_learned);  // it may be back
}

// That of a proved node before its line leaves the cache. Of others strangers can invent many.
Duration GraveSaver::patience(const Endpoint& node) const {
    const std::optional<Peer> peer = parts_.view.find(parts_.endpoints.intern(node));
    return peer && peer->met ? parts_.options.save_acknowledged : parts_.options.save_learned;
}

void GraveSaver::save_by(Instant when) { due_ = std::min(due_, std::max(when, earliest_)); }

void GraveSaver::on_wakeup() {
    const Instant now = parts_.environment.clock.now();
    if (now < due_) return;
    static_cast<void>(flush());  // a failure is noted, and tried again
}

bool GraveSaver::flush() {
    const Instant now = parts_.environment.clock.now();
    due_ = no_deadline;
    std::string text = file().format(parts_.options.swarm);
    if (text == written_) return true;
    const std::string name{GraveFile::name};
    Storage& state = parts_.environment.state;
    const Result<void> done = text.empty() ? state.remove(name) : state.replace(name, text);
    if (!done) {
        failed(done.error(), now);
        return false;
    }
    written_ = std::move(text);
    earliest_ = now + between_saves;
    retry_ = Duration{0};
    return true;
}

void GraveSaver::failed(const Error& error, Instant now) {
    retry_ = retry_ == Duration{0} ? first_retry : std::min(2 * retry_, longest_retry);
    due_ = now + retry_;
    if (complained_ != never && now - complained_ < between_complaints) return;
    complained_ = now;
    parts_.observer.note(StorageFailed{"the dead nodes of `halp` are not saved: " + error.message});
}

GraveFile GraveSaver::file() const {
    const Instant now = parts_.environment.clock.now();
    const UnixSeconds wall = parts_.environment.clock.wall();
    const auto seconds = [&](Instant when) {
        const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - when).count();
        return UnixSeconds{std::max<std::int64_t>(0, count(wall) - age)};
    };
    GraveFile file;
    file.others = others_;
    for (const Peer& peer : parts_.view.all()) {
        if (!peer.dead() || peer.original) continue;
        GraveLine& line = file.graves.emplace_back();
        line.endpoint = parts_.endpoints.at(peer.endpoint);
        line.version = peer.incarnation;
        line.buried = seconds(peer.buried);
        line.proved = peer.met;
        line.left = peer.left;
        if (peer.met && peer.known_since != never) line.known = seconds(peer.known_since);
    }
    std::ranges::sort(file.graves, worth_more);
    return file;
}

}  // namespace halp
