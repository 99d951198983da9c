#include "tools/halpd/daemon.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>
#include <utility>
#include <variant>

#include "config/choice_names.h"
#include "config/setting_table.h"
#include "config/typed_value.h"
#include "overlay/libevent/interfaces.h"
#include "store/files/file_access.h"
#include "tools/halpd/admin/event_text.h"
#include "tools/halpd/connection_limits.h"
#include "tools/halpd/start_pages.h"

namespace halp {
namespace {

constexpr Duration start_is_over = std::chrono::seconds{2};
constexpr Duration leave_patience = std::chrono::seconds{9};
// A predecessor leaves within 10 s. It needs a moment to hear that it is to leave.
constexpr Duration predecessor_patience = std::chrono::seconds{15};
constexpr Duration signal_patience = std::chrono::milliseconds{300};
constexpr Duration writers_patience = std::chrono::seconds{2};
constexpr Duration writers_pause = std::chrono::milliseconds{50};
constexpr Duration drain_patience = std::chrono::milliseconds{500};
constexpr Duration dht_announcement_pause = std::chrono::seconds{1};
constexpr Duration hand_over_pause = std::chrono::milliseconds{20};

// systemd sets JOURNAL_STREAM where stderr is the journal.
bool logs_to_journal() { return std::getenv("JOURNAL_STREAM") != nullptr && isatty(STDERR_FILENO) == 0; }

config::LogSettings log_settings(const config::Settings& settings, const config::Directories& directories) {
    config::LogSettings log = settings.log;
    log.file = directories.log_file;
    return log;
}

void mask_operator_signals(int how) {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGHUP, SIGUSR1, SIGUSR2}) sigaddset(&signals, signal);
    sigprocmask(how, &signals, nullptr);
}

std::string profile_name(Profile profile) { return config::plain_text(config::value_of(profile)); }

// Reading a long host cache needs as much again for a moment, and the allocator would keep it.
void give_back_memory() {
#ifdef __GLIBC__
    static_cast<void>(::malloc_trim(0));  // whether there was any
#endif
}

}  // namespace

void hold_operator_signals() { mask_operator_signals(SIG_BLOCK); }

Daemon::Daemon(config::LoadedSettings loaded, config::Directories directories, std::string version, Reload reload)
    : settings_(std::move(loaded.settings)),
      warnings_(std::move(loaded.warnings)),
      directories_(std::move(directories)),
      version_(std::move(version)),
      reload_(std::move(reload)),
      config_files_(std::move(loaded.files)),
      configured_services_(std::move(loaded.services)),
      log_(log_settings(settings_, directories_), logs_to_journal()),
      files_(FileBudget::raise()),
      input_(settings_.connections.input_bytes_max),
      world_(world_limits(settings_.connections), nullptr, &files_),
      shortages_(log_, world_.clock()),
      log_observer_(log_, world_.clock()) {
    files_.guarantee(FileUse::admin, 1);
    shortages_.watch(world_, "for gossip or HALP text");
    shortages_.watch(files_);
    shortages_.watch(input_);
}

Daemon::~Daemon() = default;

Result<void> Daemon::start() {
    handle_signals();  // the loop, which runs their handlers, begins when all below is done
    if (Result<void> opened = log_.reopen(); !opened) return opened;
    for (const std::string& warning : warnings_) log_.write(LogLevel::warn, "config_warning", warning);
    Result<ActivatedSockets> given = ActivatedSockets::take();
    if (!given) return given.error();
    sockets_ = std::move(*given);
    if (Result<void> opened = open_storage(); !opened) return opened;
    if (Result<void> listening = listen(); !listening) return listening;
    make_node();
    if (Result<void> opened = open_dht(); !opened) return opened;
    if (Result<void> opened = open_dns(); !opened) return opened;
    if (Result<void> opened = open_admin(); !opened) return opened;
    node_->start();
    give_back_memory();
    if (dht_) keep_dht_announced();
    services_->configure(configured_services_);
    say_who_it_is();
    const std::string where = "listening on " + listening_.text();
    if (dht_) std::fprintf(stderr, "serving records on %s\n", dht_->listening().text().c_str());
    if (dht_ && dht_->legacy_listening())
        std::fprintf(stderr, "serving records by legacy on %s\n", dht_->legacy_listening()->text().c_str());
    std::fprintf(stderr, "%s\n", where.c_str());
    service_manager_.ready(where);
    feed_watchdog();
    return_memory();
    world_.call_after(start_is_over, [] { static_cast<void>(drop_start_pages()); });  // how much it was
    return {};
}

Result<void> Daemon::open_storage() {
    Result<std::unique_ptr<FileStorage>> state = FileStorage::open(directories_.state, IfMissing::create);
    if (!state) return Error{state.error().code, state.error().message + " (--state-dir)"};
    const auto say = [this](const std::string& sentence) {
        log_.write(LogLevel::info, "waiting_for_predecessor", sentence);
    };
    Result<StateLock> lock = StateLock::acquire(directories_.state, {predecessor_patience, signal_patience, say});
    if (!lock) return lock.error();
    Result<std::unique_ptr<FileStorage>> cache = FileStorage::open(directories_.cache, IfMissing::create);
    if (!cache) return Error{cache.error().code, cache.error().message + " (--cache-dir)"};
    lock_ = std::move(*lock);
    state_ = std::move(*state);
    cache_ = std::move(*cache);
    for (FileStorage* storage : {state_.get(), cache_.get()}) {
        const std::string warning = directory_of_others(storage->directory(), storage->access());
        if (!warning.empty()) log_.write(LogLevel::warn, "directory_of_others", warning);
        storage->on_lock_passed_over(
            [this](const std::string& sentence) { shortages_.warn("lock_passed_over", sentence); });
    }
    return {};
}

// Who reads the log sees which node this is. The name of the swarm keeps strangers out; the log is the operator's.
void Daemon::say_who_it_is() {
    const std::string advertised = settings_.node.advertise ? settings_.node.advertise->text() : "";
    const std::string admin = directories_.admin_socket.empty() ? "off" : directories_.admin_socket;
    log_.write(LogLevel::info, "started",
               "halpd " + version_ + ": swarm `" + settings_.node.swarm + "`, profile " +
                   profile_name(settings_.profile) + ", address " + listening_.text() +
                   (advertised.empty() ? "" : " (advertised as " + advertised + ")") + ", state in " +
                   directories_.state + ", admin socket " + admin + ", HTTP " + http_->where(),
               Json::object()
                   .set("version", version_)
                   .set("swarm", settings_.node.swarm)
                   .set("profile", profile_name(settings_.profile))
                   .set("listening", listening_.text())
                   .set("advertised", advertised)
                   .set("state_dir", directories_.state)
                   .set("admin", admin)
                   .set("http", http_->where()));
}

Result<void> Daemon::listen() {
    const std::vector<int> given = sockets_.take_halp();
    for (const int fd : given) {
        Result<Endpoint> adopted = world_.adopt_listening(fd);
        if (!adopted) return adopted.error();
        if (fd == given.front()) listening_ = std::move(*adopted);
    }
    if (!given.empty()) return {};
    Result<Endpoint> listening = world_.listen(Endpoint{settings_.listen.host, settings_.listen.port});
    if (!listening) return listening.error();
    listening_ = std::move(*listening);
    return {};
}

// Call it after listen(): the announced port is the one that the system assigned.
OverlayOptions Daemon::node_options() const {
    OverlayOptions options = config::overlay_options(settings_);
    options.listen_port = listening_.port;
    options.own_addresses = interfaces_->addresses();
    if (!config::ListenAddress{listening_.host, listening_.port}.wildcard()) options.listening = listening_;
    return options;
}

OverlayEnvironment Daemon::environment() {
    OverlayEnvironment environment{world_.environment(), *cache_, *state_, *this};
    environment.input = &input_;
    return environment;
}

void Daemon::make_node() {
    interfaces_ = std::make_unique<InterfaceWatch>(
        world_.base(), [this](const auto& before, const auto& now) { addresses_changed(before, now); });
    node_ = std::make_unique<OverlayNode>(environment(), endpoints_, node_options());
    world_.attach(*node_);
    services_ = std::make_unique<ServiceKeeper>(ServiceKeeper::Parts{world_.base(), *node_, world_.clock(), log_});
}

void Daemon::addresses_changed(const std::vector<std::string>& before, const std::vector<std::string>& now) {
    std::vector<std::string> gone, come;
    std::set_difference(before.begin(), before.end(), now.begin(), now.end(), std::back_inserter(gone));
    std::set_difference(now.begin(), now.end(), before.begin(), before.end(), std::back_inserter(come));
    const auto listed = [](const std::vector<std::string>& addresses, const char* sign) {
        std::string out;
        for (const std::string& address : addresses) out += (out.empty() ? "" : " ") + (sign + address);
        return out;
    };
    log_.write(LogLevel::info, "addresses_changed",
               "the addresses of this machine have changed: " + listed(gone, "-") +
                   (gone.empty() || come.empty() ? "" : " ") + listed(come, "+"),
               Json::object().set("gone", listed(gone, "")).set("come", listed(come, "")));
    node_->set_own_addresses(now);
}

Result<void> Daemon::open_dht() {
    if (!settings_.dht.enabled) return {};
    auto service = DhtService::open(settings_.dht, directories_, world_, input_, log_, shortages_);
    if (!service) return service.error();
    dht_ = std::move(*service);
    return {};
}

// The port that nobody chose may be in use, by another node of this machine for example: then this one runs
// without.
Result<void> Daemon::open_dns() {
    no_dns_ = "off (dns.enabled)";
    if (!settings_.dns.enabled) return {};
    auto opened = DnsServer::open({world_.base(), *node_, world_.clock(), files_}, settings_.dns);
    if (opened) {
        dns_ = std::move(*opened);
        no_dns_.clear();
        log_.write(LogLevel::info, "dns_listening",
                   "DNS on " + dns_->listening().text() + ", zone " + settings_.dns.zone,
                   Json::object().set("listening", dns_->listening().text()).set("zone", settings_.dns.zone));
        return {};
    }
    if (settings_.dns.listen_stated) return opened.error();
    no_dns_ = opened.error().message;
    log_.write(LogLevel::info, "dns_not_listening", no_dns_ + "; this node answers no DNS");
    return {};
}

// Nothing when none is wanted.
Result<std::optional<AdminSocket>> Daemon::admin_socket() {
    if (const std::optional<int> given = sockets_.take_admin()) {
        AdminSocket adopted = AdminSocket::adopt(*given);
        directories_.admin_socket = adopted.path();
        return std::optional<AdminSocket>{std::move(adopted)};
    }
    if (directories_.admin_socket.empty()) return std::optional<AdminSocket>{};
    Result<AdminSocket> opened = AdminSocket::open(directories_.admin_socket);
    if (!opened) return opened.error();
    return std::optional<AdminSocket>{std::move(*opened)};
}

// The node learns its own address from its peers, some time after the start, and the address may change.
void Daemon::keep_dht_announced() {
    if (leaving_) return;
    dht_->announce_in(*node_);
    world_.call_after(dht_->seeks_range() ? dht_announcement_pause / 5 : dht_announcement_pause,
                      [this] { keep_dht_announced(); });
}

Result<void> Daemon::open_admin() {
    DaemonInfo info;
    info.version = version_;
    info.profile = profile_name(settings_.profile);
    info.listening = listening_.text();
    info.state_dir = directories_.state;
    info.cache_dir = directories_.cache;
    info.pid = getpid();
    info.started = world_.clock().now();
    info.add_connections = [this](Json& status) { add_connections(status); };
    if (dht_) {
        info.dht = [this] { return dht_->status(); };
        info.dht_channels = [this](const std::string& after, std::size_t count) {
            return dht_->channels(after, count);
        };
        info.dht_credentials = [this] { return dht_->credentials(); };
        info.reload_dht_credentials = [this] { return dht_->reload_credentials(); };
    }
    Result<std::optional<AdminSocket>> socket = admin_socket();
    if (!socket) return socket.error();
    Result<std::unique_ptr<HttpFace>> http = HttpFace::open(settings_.http, directories_, log_);
    if (!http) return http.error();
    http_ = std::move(*http);
    if (!*socket && !http_->serves()) return {};
    // The reply must be sent before the shutdown begins.
    const auto leave = [this] {
        world_.call_after(std::chrono::milliseconds{20}, [this] { begin_leaving("asked by halp leave"); });
    };
    admin_api_ = std::make_unique<AdminApi>(*node_, world_.clock(), std::move(info), leave);
    admin_server_ = std::make_unique<AdminServer>(
        world_.base(), std::move(*socket), *admin_api_, files_, admin_limits(settings_.connections),
        [this](const std::string& sentence) { shortages_.warn("admin_full", sentence); }, &input_);
    http_->serve(*admin_server_, admin_limits(settings_.http));
    return {};
}

void Daemon::add_connections(Json& status) const {
    const FileStorage::LockCounts state = state_->locks(), cache = cache_->locks();
    status.set("locks", Json::object()
                            .set("put_off", state.put_off + cache.put_off)
                            .set("passed_over", state.passed_over + cache.passed_over));
    status.set("log", Json::object()
                          .set("lines_lost", log_.lines_lost())
                          .set("lines_held_back", log_observer_.lines_held_back()));
    status.set("files", status_of(files_)).set("connections", status_of(world_.stats(), world_.limits()));
    if (!directories_.admin_socket.empty()) status.set("admin", admin_server_->status());
    status.set("http", http_->status(*admin_server_));
    status.set("services", services_->status());
    status.set("dns", dns_ ? dns_->status() : Json::object().set("listening", Json{}).set("why", no_dns_));
    status.set("resolved", Json::object()
                               .set("interface_addresses", interfaces_->not_read())
                               .set("name_answers", world_.name_answers_cut())
                               .set("name_turns", world_.name_turns_forgotten()));
    status.set("input", status_of(input_)).set("output", status_of(world_.output()));
}

Result<void> Daemon::run() {
    world_.run();
    return failure_ ? Result<void>{*failure_} : Result<void>{};
}

void Daemon::note(const Event& event) {
    log_observer_.note(event);
    if (admin_server_) admin_server_->note(event);
    // The node's handler is still running: continue in the next turn of the loop.
    if (std::holds_alternative<LeaveDone>(event)) world_.call_after(Duration{0}, [this] { finish(); });
}

void Daemon::handle_signals() {
    for (const int signal : {SIGTERM, SIGINT, SIGQUIT})
        world_.on_signal(signal, [this] {
            if (leaving_) std::_Exit(130);
            begin_leaving("asked by a signal");
        });
    world_.on_signal(SIGHUP, [this] { reload(); });
    world_.on_signal(SIGUSR1, [this] { log_statistics(); });
    world_.on_signal(SIGUSR2, [this] { toggle_debug(); });
    mask_operator_signals(SIG_UNBLOCK);
}

void Daemon::begin_leaving(const char* why) {
    if (std::exchange(leaving_, true)) return;
    service_manager_.stopping();
    log_.write(LogLevel::info, "leaving", std::string{"leaving the swarm: "} + why);
    if (const Result<void> said = lock_->state_leaving(); !said)  // a successor that starts now will not wait
        log_.write(LogLevel::warn, "storage_failed", said.error().message);
    if (admin_api_) admin_api_->set_leaving();
    if (admin_server_) admin_server_->end_streams();
    if (!dht_ || !dht_->begin_hand_over()) return leave_swarm();
    service_manager_.stopping_within(settings_.dht.leave_timeout + leave_patience + writers_patience);
    await_hand_over();
}

// Meanwhile the node serves its records, and answers its peers.
void Daemon::await_hand_over() {
    if (!dht_->hand_over_ended()) return world_.call_after(hand_over_pause, [this] { await_hand_over(); });
    range_kept_ = dht_->hand_over_failure();
    if (!range_kept_.empty()) log_.write(LogLevel::warn, "dht_range_not_handed_over", range_kept_);
    leave_swarm();
}

void Daemon::leave_swarm() {
    world_.call_after(leave_patience, [this] { finish(); });
    services_->stop();
    if (dht_) dht_->stop_listening();
    node_->leave();
}

void Daemon::finish() {
    if (std::exchange(finished_, true)) return;
    // Probes were answered until here, so that peers see a node that leaves and not one that died.
    world_.stop_listening();
    if (dns_) no_dns_ = "the node leaves";
    dns_.reset();
    flush_lists(world_.clock().now() + writers_patience);
}

// Another writer of the host cache needs a moment at most.
void Daemon::flush_lists(Instant latest) {
    const std::uint64_t put_off = cache_->locks().put_off;
    const bool flushed = node_->flush();
    if (!flushed && cache_->locks().put_off != put_off && world_.clock().now() < latest)
        return world_.call_after(writers_pause, [this, latest] { flush_lists(latest); });
    if (!flushed)
        failure_ =
            Error{ErrorCode::io, "not all lists could be written to " + directories_.cache + "; the log says why"};
    if (!dht_) return world_.stop_when_quiet(drain_patience);
    if (const Result<void> kept = dht_->drain(); !kept) failure_ = kept.error();
    finish_when_dht_is_quiet(world_.clock().now() + drain_patience);
}

void Daemon::finish_when_dht_is_quiet(Instant latest) {
    const Instant now = world_.clock().now();
    if (dht_->quiet() || now >= latest) return world_.stop_when_quiet(std::max(latest - now, Duration{0}));
    world_.call_after(std::chrono::milliseconds{5}, [this, latest] { finish_when_dht_is_quiet(latest); });
}

void Daemon::reload() {
    service_manager_.reloading(world_.clock().now());
    const Result<void> opened = log_.reopen();
    if (!opened) log_.write(LogLevel::error, "log_failed", opened.error().message);
    const config::LoadedSettings fresh = reload_();
    for (const std::string& problem : fresh.problems) log_.write(LogLevel::error, "config_problem", problem);
    const std::string gone = file_gone(fresh.files);
    if (!gone.empty())
        log_.write(LogLevel::error, "config_kept",
                   gone +
                       " was read before and is gone; the old configuration stays in force. Put the file back, or "
                       "restart to go on without it.");
    else if (fresh.problems.empty())
        apply(fresh);
    else
        log_.write(LogLevel::error, "config_kept", "the configuration is wrong; the old one stays in force");
    service_manager_.ready("listening on " + listening_.text());
}

// The first file of the configuration in force that was not found again; empty when all were.
std::string Daemon::file_gone(const std::vector<std::string>& found) const {
    for (const std::string& file : config_files_)
        if (std::ranges::find(found, file) == found.end()) return file;
    return {};
}

void Daemon::apply(const config::LoadedSettings& fresh) {
    config_files_ = fresh.files;
    for (const std::string& warning : fresh.warnings) log_.write(LogLevel::warn, "config_warning", warning);
    for (const std::string& key : config::needing_restart(settings_, fresh.settings))
        log_.write(LogLevel::warn, "restart_needed", key + " has changed; it takes effect at the next start",
                   Json::object().set("setting", key));
    // A setting that needs a restart keeps its old value, so that the next reload reports it again.
    config::Settings merged = settings_;
    config::Settings from = fresh.settings;
    for (const config::Setting& setting : config::setting_table())
        if (setting.reload == config::Reload::applies)
            config::copy_value(setting.value(from), setting.value(merged));
    merged.node.table.rows = from.node.table.rows;
    settings_ = std::move(merged);
    log_.set_level(settings_.log.level);
    debug_ = false;
    node_->reconfigure(node_options());
    if (!leaving_) services_->configure(fresh.services);
    if (dht_) {
        if (const Result<void> read = dht_->reload_credentials(); !read)
            log_.write(LogLevel::error, "dht_credentials_kept", read.error().message + "; the old ones stay");
        if (const Result<void> changed = dht_->reload_range(settings_.dht); !changed)
            log_.write(LogLevel::error, "dht_range_kept", changed.error().message + "; the old range stays");
    }
    http_->reload(log_);
    log_.write(LogLevel::info, "config_loaded", "the configuration was read again");
}

void Daemon::log_statistics() {
    const NodeStatus s = node_->status();
    const WorldStats& w = world_.stats();
    Json fields = Json::object();
    fields.set("peers", s.peers_listed).set("peers_proved", s.peers_proved).set("labels", s.labels);
    fields.set("entries", s.entries).set("table_bytes", s.table_bytes).set("rounds", s.rounds);
    fields.set("rounds_failed", s.rounds_failed).set("text_queries", s.text_queries);
    fields.set("text_inserts", s.text_inserts).set("text_bad", s.text_bad).set("malformed", s.malformed);
    fields.set("other_swarm", s.other_swarm).set("accepted", w.accepted).set("connected", w.connected);
    fields.set("connects_failed", w.connects_failed).set("bytes_in", w.bytes_in).set("bytes_out", w.bytes_out);
    fields.set("shed_idle", w.shed_idle).set("shed_source_limit", w.shed_source_limit);
    fields.set("shed_total_limit", w.shed_total_limit).set("shed_slow_reader", w.shed_slow_reader);
    fields.set("shed_no_descriptor", w.shed_no_descriptor).set("accept_pauses", w.pauses);
    std::string sentence = "statistics: " + fields.line(JsonEscapes::hardened);
    log_.write(LogLevel::info, "statistics", sentence, fields);
    if (!dht_) return;
    const Json dht = dht_->status();
    log_.write(LogLevel::info, "dht_statistics", "DHT statistics: " + dht.line(JsonEscapes::hardened), dht);
}

void Daemon::toggle_debug() {
    debug_ = !debug_;
    log_.write(LogLevel::info, "debug_toggled", debug_ ? "debug messages are on" : "debug messages are off");
    log_.set_level(debug_ ? LogLevel::debug : settings_.log.level);
}

// The allocator keeps what was freed. Behind a flood of unfinished input that would be most of the process.
void Daemon::return_memory() {
    constexpr std::size_t worth_it = std::size_t{8} << 20;
    input_peak_ = std::max(input_peak_, input_.take_peak());
    if (input_peak_ >= worth_it && input_.bytes() <= input_peak_ / 2) {
        malloc_trim(0);
        input_peak_ = input_.bytes();
    }
    tell_what_is_cut();
    // Mostly there is nothing to do, and each look wakes an idle process.
    const bool soon = input_peak_ >= worth_it;
    world_.call_after(std::chrono::seconds{soon ? 1 : 10}, [this] { return_memory(); });
}

// What the world of this node could not take in; the node tells of its own tables (RoomWatch).
void Daemon::tell_what_is_cut() {
    const std::uint64_t names = world_.name_answers_cut() + world_.name_turns_forgotten();
    if (names != std::exchange(names_cut_told_, names))
        shortages_.warn("names_cut",
                        "answers of name servers had more addresses, or more names were asked for, than "
                        "this node reads: " +
                            std::to_string(names) + " since the start (\"resolved\" in the status)");
    if (const std::uint64_t tags = node_->tags_not_kept(); tags != std::exchange(tags_cut_told_, tags))
        shortages_.warn("tags_cut", "tags of hosts found no room, here or in a message: " + std::to_string(tags) +
                                        " times since the start (\"tags\" in the status); the hosts are listed");
    const std::size_t addresses = interfaces_->not_read();
    if (addresses != std::exchange(addresses_cut_told_, addresses) && addresses > 0)
        shortages_.warn("addresses_cut", "this machine has " + std::to_string(addresses) + " addresses more than " +
                                             std::to_string(interface_addresses_max) +
                                             ": the node does not know that they are its own");
}

void Daemon::feed_watchdog() {
    const Duration interval = service_manager_.watchdog_interval();
    if (interval <= Duration{0}) return;
    service_manager_.alive();
    world_.call_after(interval, [this] { feed_watchdog(); });
}

}  // namespace halp
