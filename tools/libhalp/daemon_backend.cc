#include "tools/libhalp/daemon_backend.h"

#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "tools/halp/daemon/usual_sockets.h"
#include "tools/libhalp/daemon_answers.h"
#include "tools/libhalp/include/halp/halp.h"

namespace halp::lib {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds pause_min{100}, pause_max{5000};
// More than two heartbeats of a stream: the daemon hangs.
constexpr std::chrono::seconds silence_max{40};
// A watch that is opened again is told everything anew.
constexpr Update::Kind told_first = Update::Kind::begin;

std::string from_environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::string json_text(std::string_view host) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : host) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && c != '"' && c != '\\') {
            out += c;
            continue;
        }
        out += "\\u00";
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out + '"';
}

Error no_answer() { return {ErrorCode::io, "The daemon's answer makes no sense; is it of another version?"}; }

// Nothing for an event of another kind, or one that makes no sense.
std::optional<Update> update_of(Id id, const cli::StreamEvent& event) {
    if (event.name == "initial_list_complete") return Update{id, Update::Kind::complete};
    const bool gone = event.name == "entry_forgotten";
    if (!gone && event.name != "entry" && event.name != "entry_learned") return std::nullopt;
    auto host = read_event_host(event.data);
    if (!host) return std::nullopt;
    return Update{id, gone ? Update::Kind::gone : Update::Kind::host, std::move(*host)};
}

}  // namespace

std::vector<std::string> daemon_sockets() {
    if (std::string named = from_environment("HALP_SOCKET"); !named.empty()) return {std::move(named)};
    return cli::usual_sockets(from_environment("HOME"), from_environment("XDG_RUNTIME_DIR"),
                              from_environment("XDG_STATE_HOME"));
}

Result<void> DaemonBackend::probe() {
    const auto answer = calls_.call("GET", "/version");
    return answer ? Result<void>{} : answer.error();
}

int DaemonBackend::mode() const { return HALP_DAEMON; }

Result<HostPage> DaemonBackend::lookup(const Label& label, const PageWanted& wanted) {
    target_.assign("/v1/labels/").append(cli::percent_encoded(label.text()));
    target_.append("?first=").append(std::to_string(wanted.first));
    target_.append("&count=").append(std::to_string(wanted.count));
    if (!wanted.tag.empty()) target_.append("&tag=").append(cli::percent_encoded(wanted.tag));
    const auto answer = calls_.call("GET", target_);
    if (!answer) return answer.error();
    auto page = read_hosts(*answer);
    if (!page) return no_answer();
    return std::move(*page);
}

Result<HostPage> DaemonBackend::labels(const Label& directory, const PageWanted& wanted) {
    const auto answer =
        calls_.call("GET", "/v1/labels?directory=" + cli::percent_encoded(directory.text()) +
                               "&first=" + std::to_string(wanted.first) + "&count=" + std::to_string(wanted.count));
    if (!answer) return answer.error();
    auto page = read_labels(*answer);
    if (!page) return no_answer();
    return std::move(*page);
}

Result<void> DaemonBackend::confirm(const Label& label, const Endpoint& endpoint, bool worked) {
    const auto answer =
        calls_.call("POST", "/v1/labels/" + cli::percent_encoded(label.text()) + "/confirm",
                    "{\"host\":" + json_text(endpoint.host) + ",\"port\":" + std::to_string(endpoint.port) +
                        ",\"worked\":" + (worked ? "true}" : "false}"));
    return answer ? Result<void>{} : answer.error();
}

std::optional<Endpoint> DaemonBackend::own_dht_node() {
    const auto answer = calls_.call("GET", "/v1/dht");
    return answer ? read_dht_node(*answer) : std::nullopt;
}

// ---- streams ----

Result<void> DaemonBackend::announce(Id id, const AnnouncementWanted& wanted) {
    std::string target =
        "/v1/announce?label=" + cli::percent_encoded(wanted.label.text()) + "&port=" + std::to_string(wanted.port);
    if (wanted.host) target += "&host=" + cli::percent_encoded(*wanted.host);
    if (!wanted.tags.empty()) target += "&tags=" + cli::percent_encoded(wanted.tags);
    return keep(id, false, target);
}

Result<void> DaemonBackend::watch(Id id, const Label& label) {
    return keep(id, true, "/v1/events?label=" + cli::percent_encoded(label.text()));
}

Result<void> DaemonBackend::cancel(Id id) {
    if (kept_.erase(id) == 0) return Error{ErrorCode::not_found, "There is no such watch or announcement."};
    set_timer();
    return {};
}

// Waits for the answer, so that a refusal is told at once.
Result<void> DaemonBackend::keep(Id id, bool watches, const std::string& target) {
    auto kept = std::make_unique<Kept>(Kept{watches, DaemonStream{socket_, target}});
    if (auto opened = kept->stream.open(); !opened) return opened;
    const auto now = SteadyClock::now();
    const auto take = [&](const cli::StreamEvent& event) {
        if (auto update = update_of(id, event)) kept->early.push_back(std::move(*update));
    };
    if (watches) kept->early.push_back({id, told_first});
    while (!kept->stream.answered()) {
        if (!wait_for(kept->stream.fd(), POLLIN, now + timeout_))
            return Error{ErrorCode::timed_out, "The daemon at " + socket_ + " did not answer in time."};
        if (auto read = kept->stream.read(take); !read) return read;
    }
    if (auto added = poller_.add(kept->stream.fd(), id); !added) return added;
    kept->open = true;
    kept->pause = pause_min;
    // The first list may be here already. Nothing makes the descriptor readable again for it.
    kept->next = kept->early.empty() ? now + silence_max : now;
    kept_[id] = std::move(kept);
    set_timer();
    return {};
}

void DaemonBackend::step(const std::vector<std::uint64_t>& ready, std::vector<Update>& updates) {
    const auto now = SteadyClock::now();
    for (const std::uint64_t token : ready)
        if (const auto found = kept_.find(token); found != kept_.end()) read(token, *found->second, updates);
    for (auto& [id, kept] : kept_) {
        if (kept->next > now) continue;
        if (!kept->early.empty()) {
            std::ranges::move(kept->early, std::back_inserter(updates));
            kept->early.clear();
            kept->next = now + silence_max;
        } else if (kept->stream.fd() >= 0) {
            lose(id, *kept, updates);  // it was silent for too long
        } else {
            open_again(id, *kept, updates);
        }
    }
    set_timer();
}

void DaemonBackend::read(Id id, Kept& kept, std::vector<Update>& updates) {
    std::ranges::move(kept.early, std::back_inserter(updates));
    kept.early.clear();
    const auto take = [&](const cli::StreamEvent& event) {
        if (auto update = update_of(id, event)) updates.push_back(std::move(*update));
    };
    const std::size_t had = updates.size();
    const Result<void> read = kept.stream.read(take);
    if (kept.stream.answered() && !kept.open) {
        kept.open = true;
        if (kept.watches) updates.insert(updates.begin() + static_cast<std::ptrdiff_t>(had), {id, told_first});
    }
    if (!read) return lose(id, kept, updates);
    if (kept.open) kept.pause = pause_min;
    kept.next = SteadyClock::now() + silence_max;
}

void DaemonBackend::lose(Id id, Kept& kept, std::vector<Update>& updates) {
    if (kept.open && kept.watches) updates.push_back({id, Update::Kind::lost});
    kept.open = false;
    kept.stream.close();
    kept.next = SteadyClock::now() + kept.pause;
    kept.pause = std::min(kept.pause * 2, pause_max);
}

void DaemonBackend::open_again(Id id, Kept& kept, std::vector<Update>& updates) {
    if (kept.stream.open() && poller_.add(kept.stream.fd(), id)) {
        kept.next = SteadyClock::now() + timeout_;
        return;
    }
    lose(id, kept, updates);
}

void DaemonBackend::set_timer() {
    auto next = Poller::no_time;
    for (const auto& [id, kept] : kept_) next = std::min(next, kept->next);
    poller_.wake_at(next);
}

}  // namespace halp::lib
