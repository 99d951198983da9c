#include "tools/libhalp/handle.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "tools/libhalp/cache_backend.h"
#include "tools/libhalp/daemon_backend.h"
#include "tools/libhalp/node_backend.h"

namespace halp::lib {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds timeout_usual{10'000};

std::string text_of(const char* text) { return text == nullptr ? "" : text; }

Result<std::unique_ptr<Backend>> find_daemon(const halp_options& options, milliseconds timeout, Poller& poller) {
    std::vector<std::string> places = daemon_sockets();
    if (options.socket != nullptr) places = {options.socket};
    std::optional<Error> why;
    std::string tried;
    for (const std::string& place : places) {
        tried += (tried.empty() ? "" : ", ") + place;
        auto daemon = std::make_unique<DaemonBackend>(place, timeout, poller);
        const auto answers = daemon->probe();
        if (answers) return std::unique_ptr<Backend>{std::move(daemon)};
        // A daemon that refuses us is told rather than one that is not there.
        if (!why || why->code == ErrorCode::unreachable) why = answers.error();
    }
    if (why->code == ErrorCode::unreachable && places.size() > 1)
        return Error{ErrorCode::unreachable, "No daemon listens at any of " + tried + ": start `halpd &`."};
    return *why;
}

Result<std::unique_ptr<Backend>> open_cache(const halp_options& options, milliseconds timeout, Poller& poller) {
    CacheSettings settings;
    settings.directory = text_of(options.cache_dir);
    settings.timeout = timeout;
    if (options.announce_every_ms > 0) settings.announce_every = milliseconds{options.announce_every_ms};
    if (options.poll_every_ms > 0) settings.poll_every = milliseconds{options.poll_every_ms};
    return CacheBackend::open(std::move(settings), poller);
}

Result<std::unique_ptr<Backend>> open_node(const halp_options& options, Poller& poller) {
    NodeSettings settings;
    settings.cache_dir = text_of(options.cache_dir);
    settings.state_dir = text_of(options.state_dir);
    settings.listen = options.listen == nullptr ? "[::]:0" : options.listen;
    settings.advertise = text_of(options.advertise);
    settings.join = text_of(options.join);
    settings.swarm = text_of(options.swarm);
    settings.profile = text_of(options.profile);
    return NodeBackend::open(settings, poller);
}

}  // namespace

Result<std::unique_ptr<Handle>> Handle::open(const halp_options& options) {
    auto poller = Poller::make();
    if (!poller) return poller.error();
    const milliseconds timeout = options.timeout_ms > 0 ? milliseconds{options.timeout_ms} : timeout_usual;
    std::unique_ptr<Handle> handle{new Handle{std::move(*poller), timeout}};
    if (auto chosen = handle->choose_backend(options); !chosen) return chosen.error();
    return handle;
}

Result<void> Handle::choose_backend(const halp_options& options) {
    const auto use = [this](Result<std::unique_ptr<Backend>> made) -> Result<void> {
        if (!made) return made.error();
        backend_ = std::move(*made);
        return {};
    };
    switch (options.mode) {
        case HALP_AUTO: {
            const auto found = use(find_daemon(options, timeout_, *poller_));
            // A socket that was named is meant.
            const char* const variable = std::getenv("HALP_SOCKET");
            const bool named = options.socket != nullptr || (variable != nullptr && *variable != '\0');
            if (found || named) return found;
            return use(open_cache(options, timeout_, *poller_));
        }
        case HALP_DAEMON:
            return use(find_daemon(options, timeout_, *poller_));
        case HALP_CACHE:
            return use(open_cache(options, timeout_, *poller_));
        case HALP_NODE:
            return use(open_node(options, *poller_));
        default:
            return Error{ErrorCode::invalid, "The mode " + std::to_string(options.mode) + " is unknown."};
    }
}

Result<Id> Handle::announce(const AnnouncementWanted& wanted) {
    const Id id = ++last_id_;
    if (auto announced = backend_->announce(id, wanted); !announced) return announced.error();
    return id;
}

Result<Id> Handle::watch(const Label& label, halp_watch_callback callback, void* context) {
    const Id id = ++last_id_;
    watches_[id] = {label.text(), callback, context};
    if (auto watched = backend_->watch(id, label); !watched) {
        watches_.erase(id);
        return watched.error();
    }
    return id;
}

Result<void> Handle::cancel(Id id) {
    watches_.erase(id);
    return backend_->cancel(id);
}

int Handle::dispatch(int timeout_ms) {
    const auto began = SteadyClock::now();
    for (int told = 0, left = timeout_ms;;) {
        const std::vector<std::uint64_t> ready = poller_->wait(left);
        if (ready.empty()) return told;
        std::vector<Update> updates;
        backend_->step(ready, updates);
        told += tell(std::move(updates));
        if (told > 0 || timeout_ms == 0) return told;
        if (timeout_ms < 0) continue;
        const auto spent = std::chrono::duration_cast<milliseconds>(SteadyClock::now() - began).count();
        left = static_cast<int>(std::max<std::int64_t>(0, timeout_ms - spent));
    }
}

int Handle::tell(std::vector<Update> updates) {
    struct Telling {
        explicit Telling(bool& flag) : running(flag) { running = true; }
        ~Telling() { running = false; }
        bool& running;
    };
    const Telling telling{telling_};
    int told = 0;
    for (Update& update : updates) {
        const auto watch = watches_.find(update.watch);
        if (watch == watches_.end()) continue;
        for (const Update& one : watch->second.table.take(std::move(update))) told += tell_one(one) ? 1 : 0;
    }
    return told;
}

// The callback may end its watch, or others.
bool Handle::tell_one(const Update& update) {
    const auto found = watches_.find(update.watch);
    if (found == watches_.end()) return false;
    const std::string label = found->second.label;
    const halp_host host{update.host.endpoint.host.c_str(), update.host.endpoint.port, update.host.flags, 0,
                         update.host.seen_unix_s,           update.host.tags.c_str()};
    halp_event event{sizeof(halp_event), HALP_EVENT_HOST, update.watch, label.c_str(), &host};
    if (update.kind == Update::Kind::gone) event.kind = HALP_EVENT_GONE;
    if (update.kind == Update::Kind::complete) event.kind = HALP_EVENT_COMPLETE;
    if (update.kind == Update::Kind::lost) event.kind = HALP_EVENT_LOST;
    if (event.kind == HALP_EVENT_COMPLETE || event.kind == HALP_EVENT_LOST) event.host = nullptr;
    found->second.callback(found->second.context, &event);
    return true;
}

}  // namespace halp::lib
