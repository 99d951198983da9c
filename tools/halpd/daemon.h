// One node in the real world: connects world, storage, node, log and admin API, and handles signals.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/load_settings.h"
#include "overlay/environment.h"
#include "overlay/input_account.h"
#include "overlay/libevent/file_budget.h"
#include "overlay/libevent/file_storage.h"
#include "overlay/libevent/interface_watch.h"
#include "overlay/libevent/world.h"
#include "overlay/node/overlay_node.h"
#include "store/endpoint.h"
#include "store/result.h"
#include "tools/halpd/activation.h"
#include "tools/halpd/admin/admin_api.h"
#include "tools/halpd/admin/admin_server.h"
#include "tools/halpd/dht_service.h"
#include "tools/halpd/dns_server.h"
#include "tools/halpd/http/http_face.h"
#include "tools/halpd/log/log.h"
#include "tools/halpd/log/log_observer.h"
#include "tools/halpd/log/shortage_log.h"
#include "tools/halpd/sd_notify.h"
#include "tools/halpd/services/service_keeper.h"

namespace halp {

// HUP, USR1 and USR2 wait from now on until a Daemon handles them. By default each of them ends the process, and
// they may come while the configuration is being read. To be called before there are threads.
void hold_operator_signals();

class Daemon final : private Observer {
public:
    // `reload` reads the configuration again, as at start.
    using Reload = std::function<config::LoadedSettings()>;

    Daemon(config::LoadedSettings loaded, config::Directories directories, std::string version, Reload reload);
    ~Daemon() override;

    // Takes the state directory, the port and the admin socket. The error is a sentence for the operator.
    Result<void> start();
    // Until it has left the swarm. The error is a sentence for the operator: not everything was kept.
    [[nodiscard]] Result<void> run();
    // Why the range of the DHT node was to be handed over and was not; a sentence, empty otherwise.
    [[nodiscard]] const std::string& range_kept() const { return range_kept_; }

private:
    void note(const Event& event) override;

    [[nodiscard]] OverlayEnvironment environment();
    Result<void> open_storage();
    Result<void> listen();
    [[nodiscard]] OverlayOptions node_options() const;
    void make_node();
    void addresses_changed(const std::vector<std::string>& before, const std::vector<std::string>& now);
    Result<void> open_dht();
    void keep_dht_announced();
    Result<void> open_dns();
    Result<void> open_admin();
    [[nodiscard]] Result<std::optional<AdminSocket>> admin_socket();
    void say_who_it_is();
    void add_connections(Json& status) const;
    void handle_signals();
    void begin_leaving(const char* why);
    void await_hand_over();
    void leave_swarm();
    void finish();
    void flush_lists(Instant latest);
    void finish_when_dht_is_quiet(Instant latest);
    void reload();
    void apply(const config::LoadedSettings& fresh);
    [[nodiscard]] std::string file_gone(const std::vector<std::string>& found) const;
    void log_statistics();
    void toggle_debug();
    void feed_watchdog();
    void return_memory();
    void tell_what_is_cut();

    config::Settings settings_;
    std::vector<std::string> warnings_;
    config::Directories directories_;
    std::string version_;
    Reload reload_;
    std::vector<std::string> config_files_;  // of the configuration in force
    std::vector<config::ServiceSettings> configured_services_;

    Log log_;
    FileBudget files_;    // of all connections of this process
    InputAccount input_;  // the same
    std::size_t input_peak_ = 0;
    std::uint64_t names_cut_told_ = 0, tags_cut_told_ = 0;
    std::size_t addresses_cut_told_ = 0;
    LibeventWorld world_;
    ShortageLog shortages_;
    LogObserver log_observer_;
    ServiceManager service_manager_;
    std::optional<StateLock> lock_;
    std::unique_ptr<FileStorage> cache_, state_;
    EndpointTable endpoints_;
    ActivatedSockets sockets_;  // that were given and are not in use yet
    Endpoint listening_;
    std::unique_ptr<InterfaceWatch> interfaces_;
    std::unique_ptr<OverlayNode> node_;
    std::unique_ptr<ServiceKeeper> services_;
    std::unique_ptr<DhtService> dht_;  // null: not configured
    std::unique_ptr<DnsServer> dns_;   // null: off, or the usual port is in use
    std::string no_dns_;               // why
    std::unique_ptr<AdminApi> admin_api_;
    std::unique_ptr<HttpFace> http_;
    std::unique_ptr<AdminServer> admin_server_;
    std::optional<Error> failure_;
    std::string range_kept_;
    bool leaving_ = false, finished_ = false, debug_ = false;
};

}  // namespace halp
