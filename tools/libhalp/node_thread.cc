#include "tools/libhalp/node_thread.h"

#include <event2/event.h>
#include <sys/eventfd.h>

#include <algorithm>

#include "overlay/libevent/loop_calls.h"
#include "tools/libhalp/cache_backend.h"
#include "tools/libhalp/endpoint_list.h"
#include "tools/libhalp/memory_storage.h"
#include "tools/libhalp/signals_held.h"

namespace halp::lib {
namespace {

constexpr Duration drain_patience = std::chrono::milliseconds{500};
constexpr Duration leave_patience = std::chrono::seconds{4};

Result<OverlayOptions> options_of(const NodeSettings& settings) {
    const std::string& profile = settings.profile;
    if (!profile.empty() && profile != "local" && profile != "lan" && profile != "wan")
        return Error{ErrorCode::invalid, "The profile is local, lan or wan, not `" + profile + "`."};
    OverlayOptions options = OverlayOptions::for_profile(profile == "local" ? Profile::local
                                                         : profile == "wan" ? Profile::wan
                                                                            : Profile::lan);
    if (!settings.swarm.empty()) options.swarm = settings.swarm;
    if (!settings.advertise.empty()) {
        auto advertised = Endpoint::parse(settings.advertise);
        if (!advertised) return Error{ErrorCode::invalid, "advertise: " + advertised.error().message};
        options.advertise = std::move(*advertised);
    }
    if (!settings.join.empty()) {
        auto seeds = parse_endpoint_list(settings.join, "join");
        if (!seeds) return seeds.error();
        options.seeds = std::move(*seeds);
    }
    return options;
}

// Port 0 takes any free port.
Result<Endpoint> listen_address(const std::string& text) {
    const bool any_port = text.ends_with(":0");
    auto parsed = Endpoint::parse(any_port ? text.substr(0, text.size() - 1) + "1" : text);
    if (!parsed) return Error{ErrorCode::invalid, "listen: " + parsed.error().message};
    Endpoint address = std::move(*parsed);
    if (any_port) address.port = 0;
    return address;
}

}  // namespace

Result<std::unique_ptr<NodeThread>> NodeThread::start(const NodeSettings& settings, Mailbox& mailbox) {
    std::unique_ptr<NodeThread> thread{new NodeThread{mailbox}};
    thread->bell_ = Descriptor{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    if (!thread->bell_)
        return Error{ErrorCode::full, "An eventfd could not be opened; the process may have too many open files."};
    std::promise<Result<void>> started;
    {
        const SignalsHeld held;  // signals are for the application's threads
        thread->thread_ = std::thread{[&] { thread->run(settings, started); }};
    }
    if (auto opened = started.get_future().get(); !opened) return opened.error();
    return thread;
}

NodeThread::~NodeThread() {
    if (node_) {
        post([this] {
            leaving_ = true;
            world_->call_after(leave_patience, [this] { finish(); });
            node_->leave();
        });
    }
    if (thread_.joinable()) thread_.join();
}

void NodeThread::post(std::function<void()> call) {
    const std::lock_guard guard{mutex_};
    calls_.push_back(std::move(call));
    // It fails only when it has been rung 2^64 times.
    static_cast<void>(::eventfd_write(bell_.get(), 1));
}

void NodeThread::run_calls() {
    std::vector<std::function<void()>> calls;
    {
        const std::lock_guard guard{mutex_};
        eventfd_t rings = 0;
        // Nothing to read when nobody has rung.
        static_cast<void>(::eventfd_read(bell_.get(), &rings));
        calls.swap(calls_);
    }
    for (const auto& call : calls) call();
}

void NodeThread::run(const NodeSettings& settings, std::promise<Result<void>>& started) {
    Result<void> opened = open(settings);
    const bool good = opened.has_value();
    if (good) node_->start();
    started.set_value(std::move(opened));  // the other thread goes on; `settings` may be gone
    if (good) world_->run();
    const auto destroy = std::move(node_);
    interfaces_.reset();
    if (bell_event_) event_free(bell_event_);
}

Result<void> NodeThread::open(const NodeSettings& settings) {
    auto options = options_of(settings);
    if (!options) return options.error();
    auto address = listen_address(settings.listen);
    if (!address) return address.error();
    if (auto opened = open_storage(settings); !opened) return opened;
    files_ = std::make_unique<FileBudget>();  // the limit of open files is the application's: it is not raised
    world_ = std::make_unique<LibeventWorld>(WorldLimits{}, nullptr, files_.get());
    auto listening = world_->listen(*address);
    if (!listening) return listening.error();
    interfaces_ = std::make_unique<InterfaceWatch>(
        world_->base(), [this](const auto&, const auto& now) { node_->set_own_addresses(now); });
    OverlayOptions chosen = std::move(*options);
    chosen.listen_port = listening->port;
    chosen.own_addresses = interfaces_->addresses();
    if (address->host != "::" && address->host != "0.0.0.0") chosen.listening = *listening;
    endpoints_ = std::make_unique<EndpointTable>();
    node_ = std::make_unique<OverlayNode>(OverlayEnvironment{world_->environment(), *cache_, *state_, *this},
                                          *endpoints_, std::move(chosen));
    world_->attach(*node_);
    bell_event_ = new_event(
        world_->base(), bell_.get(), EV_READ | EV_PERSIST,
        [](int, short, void* self) { static_cast<NodeThread*>(self)->run_calls(); }, this);
    if (halp::watch(bell_event_)) return {};
    return Error{ErrorCode::full, "The kernel watches no more descriptors of this user."};
}

Result<void> NodeThread::open_storage(const NodeSettings& settings) {
    const auto directory = cache_directory_or_usual(settings.cache_dir);
    if (!directory) return directory.error();
    auto cache = FileStorage::open(*directory, IfMissing::create);
    if (!cache) return cache.error();
    cache_ = std::move(*cache);
    state_ = std::make_unique<MemoryStorage>();
    if (settings.state_dir.empty()) return {};
    auto state = FileStorage::open(settings.state_dir, IfMissing::create);
    if (!state) return state.error();
    state_ = std::move(*state);
    return {};
}

void NodeThread::finish() {
    static_cast<void>(node_->flush());  // nobody is left to hear that the cache could not be written
    world_->stop_when_quiet(drain_patience);
}

std::vector<Update> NodeThread::list(Id id, const Label& label) {
    std::vector<Update> updates{{id, Update::Kind::begin}};
    for (const ListedHost& host : node_->hosts(label, 0, node_->host_count(label)))
        updates.push_back({id, Update::Kind::host, host_of(host)});
    updates.push_back({id, Update::Kind::complete});
    return updates;
}

// ---- events ----

void NodeThread::note(const Event& event) {
    const Label& nodes = Label::halp();
    match(
        event, [&](const EntryLearned& e) { tell(e.label, e.endpoint, true); },
        [&](const EntryMoved& e) { tell(e.label, e.endpoint, true); },
        [&](const EntryForgotten& e) { tell(e.label, e.endpoint, false); },
        [&](const PeerJoined& e) { tell(nodes, e.peer, true); },
        [&](const NodeListed& e) { tell(nodes, e.peer, true); },
        [&](const NodeUnlisted& e) { tell(nodes, e.peer, false); },
        [&](const PeerBuried& e) { tell(nodes, e.peer, false); },
        [&](const PeerLeft& e) { tell(nodes, e.peer, false); },
        [&](const PeerExpired& e) { tell(nodes, e.peer, false); },
        // The node's handler is still running: continue in the next turn of the loop.
        [&](const LeaveDone&) {
            if (leaving_) world_->call_after(Duration{0}, [this] { finish(); });
        },
        [](const auto&) {});
}

void NodeThread::tell(const Label& label, const Endpoint& endpoint, bool listed) {
    const auto [first, last] = watches.equal_range(label);
    if (first == last) return;
    const std::optional<ListedHost> now = listed ? node_->listed(label, endpoint) : std::nullopt;
    Host host{endpoint};
    if (now) host = host_of(*now);
    // What finds no room is told by the list that comes anew (NodeBackend::step).
    for (auto watch = first; watch != last; ++watch)
        mailbox_.put({watch->second, listed ? Update::Kind::host : Update::Kind::gone, host});
}

}  // namespace halp::lib
