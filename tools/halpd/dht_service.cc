#include "tools/halpd/dht_service.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "config/choice_names.h"
#include "config/typed_value.h"
#include "config/yaml_reader.h"
#include "overlay/dht/wire/neo_credentials.h"
#include "overlay/libevent/limits.h"
#include "store/label.h"
#include "store/records/hash_range.h"
#include "store/records/lmdb_store.h"
#include "store/records/memory_store.h"
#include "store/records/tcm_dump.h"
#include "tools/program/broken_page.h"
#include "tools/program/escaped_text.h"

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

LmdbOptions store_options(const config::DhtSettings& settings) {
    LmdbOptions options;
    options.durability =
        settings.durability == config::DhtDurability::power ? Durability::power : Durability::process;
    options.gather = settings.flush_interval;
    options.map_bytes_max = settings.bytes_max;
    return options;
}

// The enumerations have the same order.
TcmRules dump_rules(const config::DhtSettings& settings, const HashRange& range) {
    TcmRules rules;
    rules.value_bytes_max = settings.dump_value_bytes_max;
    rules.empty_values = static_cast<EmptyValues>(settings.dump_empty_values);
    rules.bad_records = static_cast<BadRecords>(settings.dump_bad_records);
    rules.out_of_range = static_cast<OutOfRange>(settings.dump_out_of_range);
    rules.abort_after_all_out_of_range = settings.dump_out_of_range_max;
    rules.range = range;
    return rules;
}

}  // namespace

Result<std::unique_ptr<DhtService>> DhtService::open(const config::DhtSettings& settings,
                                                     const config::Directories& directories, LibeventWorld& world,
                                                     InputAccount& input, Log& log, ShortageLog& shortages) {
    std::unique_ptr<DhtService> service{new DhtService(settings, directories, world, input, log, shortages)};
    Result<neo::Credentials> credentials = service->read_credentials();
    if (!credentials) return credentials.error();
    if (Result<void> opened = service->open_store(); !opened) return opened.error();
    service->make_node(std::move(*credentials));
    if (Result<void> listening = service->listen(); !listening) return listening.error();
    if (Result<void> legacy = service->open_legacy(shortages); !legacy) return legacy.error();
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
      world_(limits_for_streaming(settings.connections_max), world.base(), &world.files(), &world.output()),
      dht_log_(log, world_.clock()) {
    shortages.watch(world_, "for records");
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

// Ensures that no other process uses the data directory, which must exist.
Result<void> DhtService::lock_data() {
    const auto directory = FileStorage::open(data_dir_, IfMissing::create);
    if (!directory) return Error{directory.error().code, directory.error().message + " (dht.data_dir)"};
    const std::string warning = directory_of_others(data_dir_, (*directory)->access());
    if (!warning.empty()) log_.write(LogLevel::warn, "directory_of_others", warning + " (dht.data_dir)");
    Result<StateLock> lock = StateLock::acquire(data_dir_);
    if (!lock) return Error{lock.error().code, lock.error().message + " (dht.data_dir)"};
    lock_ = std::move(*lock);
    return {};
}

Result<void> DhtService::open_dumps() {
    if (Result<void> locked = lock_data(); !locked) return locked;
    RecordDumps& dumps = dumps_.emplace(data_dir_, log_);
    if (Result<void> kept = open_journal(); !kept) return kept;
    const TcmRules rules = dump_rules(settings_, journal_->state().held);
    const Result<HashRange> current = dumps.range();
    if (!current) return current.error();
    if (Result<void> loaded = dumps.load(rules, *store_); !loaded) return loaded;
    if (Result<void> set = store_->set_range(*current); !set) return set;
    return dumps.narrow_to(journal_->state().held);
}

// The range that a redistribution gave the node is kept until the settings have another. Without a directory of its
// own nothing is kept: neither records nor range.
Result<void> DhtService::open_journal() {
    const bool keeps = settings_.engine != config::DhtEngine::memory || settings_.dumps;
    if (keeps) {
        auto files = FileStorage::open(data_dir_, IfMissing::create);
        if (!files) return Error{files.error().code, files.error().message + " (dht.data_dir)"};
        range_file_ = std::move(*files);
    }
    Result<RangeJournal> journal = read_journal();
    if (!journal) return Error{journal.error().code, data_dir_ + "/" + journal.error().message};
    journal_ = std::move(*journal);
    const HashRange& own = journal_->state().own;
    if (!finds_range() && own != wanted_range())
        log_.write(LogLevel::info, "dht_range_kept",
                   "keeping the range that a redistribution gave this node, " + key_text(Key{own.min()}) + " to " +
                       key_text(Key{own.max()}) +
                       ", and not dht.range_min and dht.range_max, which have not changed since");
    if (journal_->settings_changed())
        log_.write(LogLevel::warn, "dht_range_from_settings",
                   "dht.range_min and dht.range_max have changed and replace the range that the node had");
    return {};
}

// A node that finds its range begins with none, or with the one that it had when it had a fixed range.
Result<RangeJournal> DhtService::read_journal() const {
    if (!finds_range()) return RangeJournal::open(range_file_.get(), wanted_range());
    HashRange kept;
    if (store_ && store_->total().records > 0) kept = store_->range();
    if (dumps_) {
        const Result<std::vector<std::string>> files = range_file_->list();
        if (!files) return files.error();
        const bool has_dumps = std::ranges::any_of(*files, [](const auto& name) { return name.ends_with(".tcm"); });
        const Result<HashRange> current = dumps_->range();
        if (!current) return current.error();
        if (has_dumps) kept = *current;
    }
    return RangeJournal::open_automatic(range_file_.get(), kept);
}

HashRange DhtService::wanted_range() const {
    if (finds_range()) return {};
    return HashRange::make(settings_.range_min, settings_.range_max).value();
}

// Records that this node does not serve any more are set aside before the first client comes. Of very many of them
// the rest is left to the running node.
Result<void> DhtService::begin_range() {
    constexpr Duration patience = std::chrono::seconds{2};
    if (Result<void> set = journal_->begin(*store_); !set) return set;
    if (!store_->sweeping()) return {};
    const Instant latest = world_.clock().now() + patience;
    while (store_->sweeping() && world_.clock().now() < latest)
        if (Result<void> slice = store_->commit(); !slice) return slice;
    if (!store_->sweeping()) dht_log_.note(DhtRangeChanged{store_->range(), store_->set_aside()});
    return {};
}

Result<void> DhtService::open_store() {
    if (settings_.engine == config::DhtEngine::memory) {
        MemoryStore::Limits limits;
        limits.bytes_max = settings_.bytes_max;
        if (!settings_.dumps)
            if (Result<void> kept = open_journal(); !kept) return kept;
        store_ = std::make_unique<MemoryStore>(limits);
        if (settings_.dumps)
            if (Result<void> loaded = open_dumps(); !loaded) return loaded;
        return begin_range();
    }
    return open_file();
}

// The file is read through a map of it. A page that cannot be had ends the process.
void DhtService::expect_broken_pages() const {
    end_on_broken_page(
        {SIGBUS},
        "halpd: a page of " + data_dir_ +
            "/records.lmdb cannot be read or written: the file was cut short while it was in use, or "
            "its disk is full or fails. Ending. Records in other pages are whole; the next start looks "
            "what is missing.",
        log_file_);
}

Result<void> DhtService::open_file() {
    expect_broken_pages();
    if (Result<void> locked = lock_data(); !locked) return locked;
    Result<std::unique_ptr<LmdbStore>> store =
        LmdbStore::open(data_dir_ + "/records.lmdb", store_options(settings_));
    if (!store) return Error{store.error().code, store.error().message + " (dht.data_dir)"};
    if (const std::string& repaired = (*store)->repaired(); !repaired.empty())
        log_.write(LogLevel::info, "dht_store_repaired", repaired);
    store_ = std::move(*store);
    if (Result<void> kept = open_journal(); !kept) return kept;
    if (Result<void> begun = begin_range(); !begun)
        return Error{begun.error().code, begun.error().message + " (dht.data_dir)"};
    std::unique_ptr<LmdbStore> file{static_cast<LmdbStore*>(store_.release())};
    auto commits = std::make_unique<CommitThread>(std::move(file), world_.base(), world_.clock(),
                                                  [this](const Result<void>& outcome) {
                                                      if (!outcome)
                                                          dht_log_.note(DhtStoreFailed{outcome.error().message});
                                                      node_->records_changed();
                                                  });
    commits_ = commits.get();
    store_ = std::move(commits);
    return {};
}

void DhtService::make_node(neo::Credentials credentials) {
    DhtNodeOptions options;
    options.journal = &*journal_;
    options.connections_max = settings_.connections_max;
    options.session.message_bytes_max = settings_.message_bytes_max;
    options.session.handshake_timeout = settings_.handshake_timeout;
    options.handlers.value_bytes_max = settings_.message_bytes_max;
    options.permissions.remove_channels = names_in(settings_.admins);
    options.request_times = settings_.request_times;
    if (finds_range() || hands_over())
        options.auto_range = {finds_range(), settings_.range_alone_after, settings_.range_look_interval};
    take_names(credentials);
    options.credentials = std::move(credentials);
    desk_.emplace(*store_);
    Environment environment = world_.environment();
    environment.input = &input_;
    node_ = std::make_unique<DhtNode>(environment, *desk_, std::move(options), &dht_log_);
    world_.attach(*node_);
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
    legacy_world_.emplace(limits_for_streaming(settings_.connections_max), world_.base(), &world_.files(),
                          &world_.output());
    shortages.watch(*legacy_world_, "for records by legacy");
    DhtNodeOptions options;
    options.protocol = DhtProtocol::legacy;
    options.connections_max = settings_.connections_max;
    options.request_times = settings_.request_times;
    options.session.handshake_timeout = settings_.handshake_timeout;
    options.legacy.address = settings_.legacy_listen.host;
    options.legacy.port = settings_.legacy_listen.port;
    options.legacy.flush_interval = settings_.legacy_flush_interval;
    options.legacy.batch_bytes = settings_.batch_bytes;
    options.legacy.value_bytes_max = settings_.batch_bytes - legacy::batch_overhead;
    Environment environment = legacy_world_->environment();
    environment.input = &input_;
    legacy_ = std::make_unique<DhtNode>(environment, *node_, std::move(options), &dht_log_);
    legacy_world_->attach(*legacy_);
    Result<Endpoint> listening = listen_at(*legacy_world_, settings_.legacy_listen, "dht.legacy_listen");
    if (!listening) return listening.error();
    legacy_listening_ = std::move(*listening);
    if (!is_loopback(legacy_listening_->host))
        log_.write(LogLevel::warn, "dht_legacy_open",
                   "whoever reaches " + legacy_listening_->text() +
                       " may change every record: the legacy protocol knows no credentials (dht.legacy_listen)");
    return {};
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
    node_->set_credentials(std::move(*credentials));
    return {};
}

Result<void> DhtService::reload_range(const config::DhtSettings& fresh) {
    if (finds_range()) return {};
    if (fresh.range_min == settings_.range_min && fresh.range_max == settings_.range_max) return {};
    const HashRange range = HashRange::make(fresh.range_min, fresh.range_max).value();
    Result<void> changed = dumps_ ? dumps_->narrow_to(range) : Result<void>{};
    if (changed) changed = node_->set_range(range);
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
    const bool lost = !commits_ && !dumps_;
    return "the keys of " + key_text(Key{own.min()}) + " to " + key_text(Key{own.max()}) + ", " +
           std::to_string(records) + (records == 1 ? " record" : " records") +
           ", were not handed over: " + node_->auto_range()->status().trouble +
           (lost ? ". The memory engine loses them (dht.engine, dht.dumps)" : ". They are kept in " + data_dir_);
}

Result<void> DhtService::drain() {
    stop_listening();
    node_->redistribution().stop();
    Result<void> kept;
    if (commits_) {
        kept = commits_->commit_all();
        if (const Result<void> synced = commits_->store().sync(); kept) kept = synced;
        if (!kept) dht_log_.note(DhtStoreFailed{kept.error().message});
    }
    node_->records_changed();
    node_->disconnect_all();
    if (legacy_) legacy_->disconnect_all();
    if (!dumps_) return kept;
    while (store_->sweeping())
        if (const Result<void> slice = store_->commit(); !slice) return slice;
    return dumps_->write(*store_);
}

// ---- status ----

// Why records cannot be kept as they should be; nothing when all is well.
std::optional<std::string> DhtService::trouble() const {
    if (commits_ && commits_->store().trouble()) return commits_->store().trouble();
    return range_trouble_;
}

Json DhtService::status() const {
    const DhtNodeStatus now = node_->status();
    const RecordCount total = store_->total();
    config::DhtSettings shown = settings_;
    Json object = Json::object();
    object.set("listening", listening_.text());
    object.set("announced", announced_ ? Json{announced_->text()} : Json{});
    object.set("engine", config::plain_text(config::value_of(shown.engine)));
    if (commits_) object.set("durability", config::plain_text(config::value_of(shown.durability)));
    object.set("range_min", key_text(Key{node_->range().min()}));
    object.set("range_max", key_text(Key{node_->range().max()}));
    const RecordCount aside = store_->set_aside();
    object.set("redistribution", redistribution_status());
    object.set("auto_range", auto_range_status());
    object.set("sweeping", store_->sweeping()).set("set_aside", aside.records);
    object.set("set_aside_bytes", aside.bytes);
    const std::optional<std::string> trouble = this->trouble();
    object.set("trouble", trouble ? Json{*trouble} : Json{});
    if (commits_) object.set("recoveries", commits_->store().recoveries());
    object.set("channels", store_->channel_count()).set("records", total.records);
    object.set("value_bytes", total.bytes).set("waiting_bytes", store_->waiting_bytes());
    object.set("credentials", clients_.size()).set("connections", now.connections);
    object.set("clients", now.clients).set("requests_active", now.requests_active);
    object.set("accepted", now.accepted).set("shed", now.shed);
    object.set("rejected", now.rejected).set("broken", now.broken);
    object.set("messages", now.messages).set("requests", now.requests);
    object.set("unsupported", now.unsupported).set("late_messages", now.late_messages);
    object.set("bytes_in", now.bytes_in).set("bytes_out", now.bytes_out);
    const DhtTotals totals = this->totals();
    object.set("requests_by_kind", requests_json(totals)).set("actions", actions_json(totals));
    object.set("sockets", status_of(world_.stats(), world_.limits()));
    object.set("legacy", legacy_ ? legacy_status() : Json{});
    return object.set("output_unsent", world_.stats().output_unsent);
}

DhtTotals DhtService::totals() const {
    const DhtNodeStatus neo = node_->status();
    DhtTotals all{neo.bytes_in, neo.bytes_out, desk_->actions(), store_->removed(), node_->request_counts(), {}};
    if (!legacy_) return all;
    const DhtNodeStatus legacy = legacy_->status();
    all.bytes_in += legacy.bytes_in;
    all.bytes_out += legacy.bytes_out;
    all.legacy = legacy_->request_counts();
    return all;
}

// The first call begins the first period.
void DhtService::log_period() {
    const Instant now = world_.clock().now();
    const DhtTotals totals = this->totals();
    if (period_begun_ != never) {
        const auto share = [this](std::size_t connections) {
            return Json::fixed(static_cast<double>(connections) / static_cast<double>(settings_.connections_max),
                               4);
        };
        const DhtTotals period = between(before_, totals);
        const RecordCount held = store_->total();
        const std::size_t neo = node_->status().connections, legacy = legacy_ ? legacy_->status().connections : 0;
        Json fields =
            Json::object({{"span_s", Json::fixed(static_cast<double>((now - period_begun_).count()) / 1e6, 1)}});
        fields.set("bytes_in", period.bytes_in).set("bytes_out", period.bytes_out);
        fields.set("connections", neo).set("connections_share", share(neo));
        fields.set("legacy_connections", legacy).set("legacy_connections_share", share(legacy));
        fields.set("records", held.records).set("value_bytes", held.bytes);
        log_statistics(period, fields, *store_, log_);
    }
    before_ = totals;
    period_begun_ = now;
    node_->begin_counting_period();
    if (legacy_) legacy_->begin_counting_period();
    world_.call_after(settings_.statistics_interval, [this] { log_period(); });
}

Json DhtService::redistribution_status() const {
    const RedistributionStatus now = node_->redistribution().status();
    if (!now.active && !now.taking_over) return Json{};
    Json object = Json::object(
        {{"gives", now.active}, {"takes", now.taking_over}, {"step", now.step}, {"records", now.records}});
    object.set("range_min", key_text(Key{now.part.min()})).set("range_max", key_text(Key{now.part.max()}));
    object.set("to", now.other.empty() ? Json{} : Json{now.other});
    return object.set("trouble", now.trouble.empty() ? Json{} : Json{now.trouble});
}

Json DhtService::auto_range_status() const {
    if (!node_->auto_range()) return Json{};
    const AutoRangeStatus now = node_->auto_range()->status();
    const auto range = [](const HashRange& one) {
        return Json::object({{"range_min", key_text(Key{one.min()})}, {"range_max", key_text(Key{one.max()})}});
    };
    Json missing = Json::array();
    for (const HashRange& one : now.missing) missing.push(range(one));
    Json object = Json::object({{"step", now.step}, {"nodes", now.nodes}, {"silent", now.silent}});
    object.set("missing", missing);
    object.set("overlap", now.overlapped ? range(now.overlap).set("node", now.overlapped->text()) : Json{});
    return object.set("trouble", now.trouble.empty() ? Json{} : Json{now.trouble});
}

Json DhtService::legacy_status() const {
    const DhtNodeStatus now = legacy_->status();
    Json object = Json::object();
    object.set("listening", legacy_listening_->text()).set("connections", now.connections);
    object.set("requests_active", now.requests_active).set("accepted", now.accepted).set("shed", now.shed);
    object.set("broken", now.broken).set("requests", now.requests).set("changes_dropped", now.changes_dropped);
    object.set("bytes_in", now.bytes_in).set("bytes_out", now.bytes_out);
    object.set("output_unsent", legacy_world_->stats().output_unsent);
    return object.set("sockets", status_of(legacy_world_->stats(), legacy_world_->limits()));
}

Json DhtService::credentials() const {
    Json warnings = Json::array();
    if (!credentials_warning_.empty()) warnings.push(credentials_warning_);
    return Json::object(
        {{"file", credentials_file_}, {"clients", Json::array_of(clients_)}, {"warnings", warnings}});
}

Result<Json> DhtService::channels(const std::string& after, std::size_t count) const {
    Json list = Json::array();
    const auto name = unescaped(after);
    const auto behind = name ? Channel::parse(*name) : Result<Channel>(name.error());
    if (!behind && !after.empty()) return behind.error();
    for (const Channel& channel : store_->channels(behind ? std::optional(*behind) : std::nullopt, count)) {
        const RecordCount held = store_->count(channel);
        Json one = Json::object();
        one.set("name", escaped(channel.name())).set("records", held.records).set("value_bytes", held.bytes);
        list.push(one);
    }
    return list;
}

}  // namespace halp
