#include "tools/halpd/dht_service.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "config/yaml_reader.h"
#include "overlay/dht/wire/neo_credentials.h"
#include "overlay/libevent/limits.h"
#include "store/label.h"
#include "store/records/hash_range.h"

namespace halp {
namespace {

bool is_loopback(const std::string& host) {
    return host == "::1" || host.starts_with("127.") || host == "localhost";
}

// Splits "admin, ops" and drops the spaces around the names.
std::set<std::string, std::less<>> names_in(std::string_view list) {
    std::set<std::string, std::less<>> names;
    while (!list.empty()) {
        std::string_view name = list.substr(0, list.find(','));
        list.remove_prefix(std::min(name.size() + 1, list.size()));
        while (name.starts_with(' ')) name.remove_prefix(1);
        while (name.ends_with(' ')) name.remove_suffix(1);
        if (!name.empty()) names.emplace(name);
    }
    return names;
}

// Each thread beside the daemon's has an equal part of the files that records may use, and the daemon has so many
// less. Returns the part.
std::size_t lend_files(FileBudget& files, std::size_t threads) {
    constexpr std::size_t for_a_loop = 8;  // what the loop of a thread and its inbox need
    const std::size_t part = files.most(FileUse::records) / threads;
    const std::size_t lent = files.lend((threads - 1) * part) / (threads - 1);
    return lent - std::min(for_a_loop, lent / 2);
}

}  // namespace

Result<std::unique_ptr<DhtService>> DhtService::open(const config::DhtSettings& settings,
                                                     const config::Directories& directories, LibeventWorld& world,
                                                     InputAccount& input, Log& log, ShortageLog& shortages) {
    std::unique_ptr<DhtService> service{new DhtService(settings, directories, world, input, log, shortages)};
    Result<neo::Credentials> credentials = service->read_credentials();
    if (!credentials) return credentials.error();
    if (Result<void> opened = service->open_store(); !opened) return opened.error();
    service->make_node(*credentials);
    if (Result<void> listening = service->listen(); !listening) return listening.error();
    if (Result<void> legacy = service->open_legacy(shortages); !legacy) return legacy.error();
    if (service->workers_) service->start_workers(*credentials);
    service->node_->run_redistribution();  // goes on with what was interrupted
    if (settings.test_client)
        log.write(LogLevel::warn, "dht_test_client",
                  "whoever reaches " + service->listening_.text() +
                      " may change every record: the clients admin and test with 128 zero bytes are taken "
                      "(dht.test_client)");
    if (settings.statistics_interval > Duration{0}) service->log_period();
    return service;
}

DhtService::DhtService(const config::DhtSettings& settings, const config::Directories& directories,
                       LibeventWorld& world, InputAccount& input, Log& log, ShortageLog& shortages)
    : settings_(settings),
      data_dir_(directories.dht_data),
      credentials_file_(directories.dht_credentials),
      log_file_(directories.log_file),
      input_(input),
      log_(log),
      world_(limits_for_streaming(connections_per_thread()), world.base(), &world.files(), &world.output()),
      dht_log_(log, world_.clock()) {
    shortages.watch(world_, "for records");
    if (settings_.threads == 1) return;
    // A message may be as long with several threads as with one.
    const auto part = [&](std::size_t bytes) {
        return std::max(bytes / settings_.threads, settings_.message_bytes_max + (std::size_t{1} << 20));
    };
    workers_ = std::make_unique<DhtWorkers>(
        world_, settings_.threads,
        WorkerLimits{limits_for_streaming(connections_per_thread()), lend_files(world.files(), settings_.threads),
                     part(input.bytes_max()), part(world.output().bytes_max())},
        dht_log_, shortages);
}

std::size_t DhtService::connections_per_thread() const {
    return (settings_.connections_max + settings_.threads - 1) / settings_.threads;
}

DhtService::~DhtService() = default;

Result<neo::Credentials> DhtService::read_credentials() {
    const Result<NamedText> text = config::open_config_file(credentials_file_, neo::credentials_bytes_max);
    if (!text && settings_.test_client && text.error().code == ErrorCode::not_found) {
        credentials_warning_.clear();
        return neo::Credentials::for_tests();
    }
    if (!text)
        return Error{text.error().code,
                     text.error().message +
                         "; write a line NAME:KEY for each DHT client, KEY being 256 hex digits (dht.credentials)"};
    // Whoever can write there gives himself a key.
    const std::string changeable = changeable_by_others(credentials_file_, text->access);
    if (!changeable.empty()) return Error{ErrorCode::refused, changeable + " (dht.credentials)"};
    const std::string readable = readable_by_others(credentials_file_, text->access);
    if (!readable.empty()) log_.write(LogLevel::warn, "dht_credentials_readable", readable + " (dht.credentials)");
    Result<neo::Credentials> credentials = neo::Credentials::parse(text->text);
    if (!credentials)
        return Error{credentials.error().code, credentials_file_ + ": " + credentials.error().message};
    if (settings_.test_client)
        for (const char* name : {"admin", "test"}) credentials->set({name, {}});
    credentials_warning_ = readable;
    return credentials;
}

DhtNodeOptions DhtService::neo_options() const {
    DhtNodeOptions options;
    options.range = journal_->state().own;
    options.connections_max = connections_per_thread();
    options.session.message_bytes_max = settings_.message_bytes_max;
    options.session.handshake_timeout = settings_.handshake_timeout;
    options.handlers.value_bytes_max = settings_.message_bytes_max;
    options.permissions.remove_channels = names_in(settings_.admins);
    options.request_times = settings_.request_times;
    options.redistributes = !workers_;
    return options;
}

void DhtService::make_node(const neo::Credentials& credentials) {
    DhtNodeOptions options = neo_options();
    options.journal = &*journal_;
    if (finds_range() || hands_over())
        options.auto_range = {finds_range(), settings_.range_alone_after, settings_.range_look_interval};
    take_names(credentials);
    options.credentials = credentials;
    desk_.emplace(*store_);
    Environment environment = world_.environment();
    environment.input = &input_;
    DhtObserver& observer = workers_ ? static_cast<DhtObserver&>(workers_->door(DhtProtocol::neo)) : dht_log_;
    node_ = std::make_unique<DhtNode>(environment, *desk_, std::move(options), &observer);
    attach(world_, DhtProtocol::neo, *node_);
}

void DhtService::attach(LibeventWorld& world, DhtProtocol protocol, DhtNode& node) {
    if (!workers_) return world.attach(node);
    DhtDoor& door = workers_->door(protocol);
    door.lead_to(node);
    world.attach(door);
    world.on_accepted(
        [this, protocol](int fd, const SocketAddress& source) { return workers_->pass_on(protocol, fd, source); });
}

void DhtService::start_workers(const neo::Credentials& credentials) {
    workers_->on_records_changed([this] {
        node_->records_changed();
        if (legacy_) legacy_->records_changed();
    });
    const auto neo = [&](std::size_t) {
        DhtNodeOptions options = neo_options();
        options.credentials = credentials;
        return options;
    };
    const auto legacy = [&](std::size_t thread) {
        return legacy_ ? std::optional{legacy_options(thread)} : std::nullopt;
    };
    workers_->open(neo, legacy);
    workers_->start();
    log_.write(LogLevel::info, "dht_threads",
               std::to_string(settings_.threads) +
                   " threads answer DHT clients; this node refuses to redistribute (dht.threads)");
}

namespace {

Result<Endpoint> listen_at(LibeventWorld& world, const config::ListenAddress& address, std::string_view setting) {
    Result<Endpoint> listening = world.listen(Endpoint{address.host, address.port});
    if (listening) return listening;
    Error error = listening.error();
    constexpr std::string_view flag = "--listen";
    const auto at = error.message.rfind(flag);
    if (at != std::string::npos) error.message.replace(at, flag.size(), setting);
    return error;
}

}  // namespace

Result<void> DhtService::listen() {
    Result<Endpoint> listening = listen_at(world_, settings_.listen, "dht.listen");
    if (!listening) return listening.error();
    listening_ = std::move(*listening);
    return {};
}

Result<void> DhtService::open_legacy(ShortageLog& shortages) {
    if (!settings_.legacy) return {};
    legacy_world_.emplace(limits_for_streaming(connections_per_thread()), world_.base(), &world_.files(),
                          &world_.output());
    shortages.watch(*legacy_world_, "for records by legacy");
    Environment environment = legacy_world_->environment();
    environment.input = &input_;
    DhtObserver& observer = workers_ ? static_cast<DhtObserver&>(workers_->door(DhtProtocol::legacy)) : dht_log_;
    legacy_ = std::make_unique<DhtNode>(environment, *node_, legacy_options(0), &observer);
    attach(*legacy_world_, DhtProtocol::legacy, *legacy_);
    Result<Endpoint> listening = listen_at(*legacy_world_, settings_.legacy_listen, "dht.legacy_listen");
    if (!listening) return listening.error();
    legacy_listening_ = std::move(*listening);
    if (!is_loopback(legacy_listening_->host))
        log_.write(LogLevel::warn, "dht_legacy_open",
                   "whoever reaches " + legacy_listening_->text() +
                       " may change every record: the legacy protocol knows no credentials (dht.legacy_listen)");
    return {};
}

DhtNodeOptions DhtService::legacy_options(std::size_t thread) const {
    DhtNodeOptions options;
    options.protocol = DhtProtocol::legacy;
    options.connections_max = connections_per_thread();
    options.redistributes = !workers_;
    if (workers_)
        options.connections_elsewhere = [workers = workers_.get(), thread] {
            return workers->open_elsewhere(DhtProtocol::legacy, thread);
        };
    options.request_times = settings_.request_times;
    options.session.handshake_timeout = settings_.handshake_timeout;
    options.legacy.address = settings_.legacy_listen.host;
    options.legacy.port = settings_.legacy_listen.port;
    options.legacy.flush_interval = settings_.legacy_flush_interval;
    options.legacy.batch_bytes = settings_.batch_bytes;
    options.legacy.value_bytes_max = settings_.batch_bytes - legacy::batch_overhead;
    return options;
}

// ---- announcing ----

std::optional<Endpoint> DhtService::reachable_at(const NodeStatus& overlay) const {
    if (settings_.advertise) return settings_.advertise;
    if (!settings_.listen.wildcard()) {
        // A loopback address means another machine to each member of a swarm, unless the swarm is on loopback.
        const bool all_here = overlay.self && is_loopback(overlay.self->host);
        if (is_loopback(listening_.host) && !all_here) return std::nullopt;
        return listening_;
    }
    if (!overlay.self) return std::nullopt;
    return Endpoint{overlay.self->host, listening_.port};
}

// The nodes of the label are reached by legacy at the port that the original counts with.
void DhtService::tell_nodes(const OverlayNode& overlay) {
    constexpr std::size_t nodes_max = 10000;
    AutoRange* const range = node_->auto_range();
    if (!range) return;
    const auto by_legacy = [](const Endpoint& neo) {
        return Endpoint{neo.host, static_cast<std::uint16_t>(neo.port - config::DhtSettings::neo_above_legacy)};
    };
    std::vector<Endpoint> others;
    for (const ListedHost& host : overlay.hosts(*Label::parse("dht"), 0, nodes_max))
        if (host.endpoint.port > config::DhtSettings::neo_above_legacy && !host.own)
            others.push_back(by_legacy(host.endpoint));
    range->set_nodes(std::move(others), announced_ ? std::optional{by_legacy(*announced_)} : std::nullopt);
}

void DhtService::announce_in(OverlayNode& overlay) {
    tell_nodes(overlay);
    const Label label = *Label::parse("dht");
    const std::optional<Endpoint> reachable = reachable_at(overlay.status());
    const std::vector<OwnAnnouncement> own = overlay.announcements();
    const bool stands = reachable && std::ranges::any_of(own, [&](const OwnAnnouncement& one) {
                            return one.label == label && one.endpoint == *reachable;
                        });
    if (stands && announced_ == reachable) return;
    // Not withdrawn: it was not announced any more.
    if (announced_ && announced_ != reachable && !overlay.withdraw(label, *announced_)) announced_.reset();
    announced_.reset();
    if (!reachable) return;
    if (const Result<void> done = overlay.announce(label, *reachable); !done) return;  // tried again soon
    announced_ = reachable;
    log_.write(LogLevel::info, "dht_announced", "announced under the label dht as " + reachable->text(),
               Json::object().set("endpoint", reachable->text()));
}

Result<void> DhtService::reload_credentials() {
    Result<neo::Credentials> credentials = read_credentials();
    if (!credentials) return credentials.error();
    take_names(*credentials);
    alone([&] {
        node_->set_credentials(*credentials);
        if (workers_) workers_->for_each([&](DhtWorker& worker) { worker.node().set_credentials(*credentials); });
    });
    return {};
}

Result<void> DhtService::set_range_of_nodes(const HashRange& range) {
    return alone([&] {
        Result<void> changed = node_->set_range(range);
        if (!changed || !workers_) return changed;
        workers_->for_each([&](DhtWorker& worker) {
            if (const Result<void> follows = worker.node().set_range(range); !follows) changed = follows;
        });
        return changed;
    });
}

Result<void> DhtService::reload_range(const config::DhtSettings& fresh) {
    if (finds_range()) return {};
    if (fresh.range_min == settings_.range_min && fresh.range_max == settings_.range_max) return {};
    const HashRange range = HashRange::make(fresh.range_min, fresh.range_max).value();
    Result<void> changed = dumps_ ? dumps_->narrow_to(range) : Result<void>{};
    if (changed) changed = set_range_of_nodes(range);
    range_trouble_ =
        changed ? std::nullopt : std::optional{"the range could not be changed: " + changed.error().message};
    if (!changed) return changed;
    settings_.range_min = fresh.range_min;
    settings_.range_max = fresh.range_max;
    return {};
}

// ---- shutdown ----

bool DhtService::begin_hand_over() {
    if (!hands_over() || node_->range().empty()) return false;
    log_.write(LogLevel::info, "dht_handing_over", "handing the range and its records to another node");
    node_->auto_range()->leave(settings_.leave_timeout);
    return true;
}

std::string DhtService::hand_over_failure() const {
    if (node_->auto_range()->handed_over()) return {};
    const HashRange own = node_->range();
    const std::uint64_t records = store_->total().records;
    const bool lost = commits_.empty() && !dumps_;
    return "the keys of " + key_text(Key{own.min()}) + " to " + key_text(Key{own.max()}) + ", " +
           std::to_string(records) + (records == 1 ? " record" : " records") +
           ", were not handed over: " + node_->auto_range()->status().trouble +
           (lost ? ". The memory engine loses them (dht.engine, dht.dumps)" : ". They are kept in " + data_dir_);
}

Result<void> DhtService::drain() {
    stop_listening();
    node_->redistribution().stop();
    return alone([this]() -> Result<void> {
        const Result<void> kept = commit_everything();
        if (!kept) dht_log_.note(DhtStoreFailed{kept.error().message});
        node_->records_changed();
        node_->disconnect_all();
        if (legacy_) legacy_->disconnect_all();
        if (workers_) workers_->disconnect_all();
        if (!dumps_) return kept;
        while (store_->sweeping())
            if (const Result<void> slice = store_->commit(); !slice) return slice;
        return dumps_->write(*store_);
    });
}

Result<void> DhtService::commit_everything() {
    Result<void> kept;
    for (std::size_t i = 0; i < commits_.size(); ++i) {
        Result<void> committed = commits_[i]->commit_all();
        if (const Result<void> synced = commits_[i]->store().sync(); committed) committed = synced;
        if (workers_) workers_->share(i).distribute();
        if (!committed) kept = committed;
    }
    return kept;
}

bool DhtService::quiet() const {
    if (!world_.quiet() || (legacy_world_ && !legacy_world_->quiet())) return false;
    return !workers_ || workers_->alone([this] { return workers_->quiet(); });
}

}  // namespace halp
