// The DHT node of a daemon: its port, its store and its threads, put together on the daemon's event loop. It shares
// with the overlay node the loop and the label `dht`, under which it lets itself be found.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "config/directories.h"
#include "config/settings.h"
#include "overlay/dht/node/dht_node.h"
#include "overlay/dht/node/write_log.h"
#include "overlay/environment.h"
#include "overlay/libevent/file_storage.h"
#include "overlay/libevent/world.h"
#include "overlay/node/overlay_node.h"
#include "store/endpoint.h"
#include "store/records/record_store.h"
#include "store/result.h"
#include "tools/halpd/commit_thread.h"
#include "tools/halpd/dht_log.h"
#include "tools/halpd/log.h"
#include "tools/halpd/record_dumps.h"
#include "tools/program/json.h"

namespace halp {

class DhtService {
public:
    // Reads the credentials, opens the store and listens; a plain sentence when one cannot be had. What it borrows
    // outlives it; `environment` is the overlay node's.
    [[nodiscard]] static Result<std::unique_ptr<DhtService>> open(const config::DhtSettings& settings,
                                                                  const config::Directories& directories,
                                                                  LibeventWorld& world,
                                                                  const Environment& environment, Log& log);
    ~DhtService();

    [[nodiscard]] const Endpoint& listening() const { return listening_; }
    // Under the label `dht`, as soon as it is known under which address; called again it follows a change.
    void announce_in(OverlayNode& overlay);
    // On failure the old ones stay.
    [[nodiscard]] Result<void> reload_credentials();
    // What the configuration says now, for a node that goes on: clients who ask for ranges hear of a change, other
    // keys are answered with WrongNode. Records out of it stay, as they do at a new start.
    void reload_range(const config::DhtSettings& fresh);

    // The end, in this order: nobody new; everything committed and answered, and all connections closing; quiet.
    void stop_listening() { world_.stop_listening(); }
    void drain();
    [[nodiscard]] bool quiet() const { return world_.quiet(); }

    [[nodiscard]] Json status() const;
    // At most `count` channels behind `after`, by name, with their records and bytes.
    [[nodiscard]] Json channels(const std::string& after, std::size_t count) const;

private:
    DhtService(const config::DhtSettings& settings, const config::Directories& directories, LibeventWorld& world,
               Log& log);
    Result<void> open_store();
    Result<void> open_dumps();
    Result<void> lock_data();
    Result<void> listen();
    void make_node(const Environment& environment, neo::Credentials credentials);
    [[nodiscard]] Result<neo::Credentials> read_credentials() const;
    [[nodiscard]] std::optional<Endpoint> reachable_at(const NodeStatus& overlay) const;

    config::DhtSettings settings_;
    std::string data_dir_, credentials_file_;
    Log& log_;
    LibeventWorld world_;  // the same loop, other limits
    DhtLog dht_log_;
    std::optional<StateLock> lock_;
    std::unique_ptr<RecordStore> store_;
    std::optional<RecordDumps> dumps_;  // of the memory engine
    CommitThread* commits_ = nullptr;   // the same store, when it commits
    std::optional<WriteLog> desk_;
    std::unique_ptr<DhtNode> node_;
    Endpoint listening_;
    std::optional<Endpoint> announced_;
    std::size_t credentials_ = 0;
};

}  // namespace halp
