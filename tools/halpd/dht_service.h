// The DHT node of a daemon: its listening ports (neo, and legacy if wanted), store and threads on the daemon's
// event loop. It announces itself under the label `dht` through the daemon's overlay node.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/directories.h"
#include "config/settings.h"
#include "overlay/dht/node/dht_node.h"
#include "overlay/dht/ranges/range_journal.h"
#include "overlay/dht/records/write_log.h"
#include "overlay/environment.h"
#include "overlay/input_account.h"
#include "overlay/libevent/file_storage.h"
#include "overlay/libevent/world.h"
#include "overlay/node/overlay_node.h"
#include "store/endpoint.h"
#include "store/records/record_store.h"
#include "store/result.h"
#include "tools/halpd/dht_log.h"
#include "tools/halpd/dht_statistics.h"
#include "tools/halpd/log/log.h"
#include "tools/halpd/log/shortage_log.h"
#include "tools/halpd/record_dumps.h"
#include "tools/halpd/record_files.h"
#include "tools/halpd/workers/commit_thread.h"
#include "tools/halpd/workers/dht_workers.h"
#include "tools/program/json.h"

namespace halp {

class DhtService {
public:
    // Reads the credentials, opens the store and listens. An error is a plain sentence. All references must
    // outlive the service.
    [[nodiscard]] static Result<std::unique_ptr<DhtService>> open(const config::DhtSettings& settings,
                                                                  const config::Directories& directories,
                                                                  LibeventWorld& world, InputAccount& input,
                                                                  Log& log, ShortageLog& shortages);
    ~DhtService();

    [[nodiscard]] const Endpoint& listening() const { return listening_; }
    [[nodiscard]] const std::optional<Endpoint>& legacy_listening() const { return legacy_listening_; }
    // Announces the node under the label `dht` as soon as its address is known. Call it again to follow a change.
    void announce_in(OverlayNode& overlay);
    // With dht.leave: gives the range and the records to another node. False: there is nothing to hand over. Until
    // hand_over_ended() the node serves what it still has.
    [[nodiscard]] bool begin_hand_over();
    [[nodiscard]] bool hand_over_ended() const { return node_->auto_range()->left(); }
    // A sentence; empty: all was taken.
    [[nodiscard]] std::string hand_over_failure() const;
    // With dht.range: auto, and without a range: news of other nodes are wanted soon.
    [[nodiscard]] bool seeks_range() const { return finds_range() && node_->range().empty(); }
    // On failure the old credentials stay.
    [[nodiscard]] Result<void> reload_credentials();
    // Applies the range of a reloaded configuration to the running node. Clients with GetHashRange are told, and
    // keys outside of it are answered with WrongNode. Records outside of it are set aside, as after a restart. On
    // failure the old range stays.
    [[nodiscard]] Result<void> reload_range(const config::DhtSettings& fresh);

    // To be called in this order at the end: stop accepting connections; commit and answer everything and close
    // the connections; wait until they are closed.
    void stop_listening() {
        world_.stop_listening();
        if (legacy_world_) legacy_world_->stop_listening();
    }
    // An error: records are lost with the process, or may be.
    [[nodiscard]] Result<void> drain();
    [[nodiscard]] bool quiet() const;

    [[nodiscard]] Json status() const;
    // Whose keys are taken, and from which file. Never the keys.
    [[nodiscard]] Json credentials() const;
    // At most `count` channels after `after`, by name, with their numbers of records and bytes. Names are escaped
    // as `halp dht` prints them, because JSON has no bytes; `after` is read so, too. An error: it is no name.
    [[nodiscard]] Result<Json> channels(const std::string& after, std::size_t count) const;

private:
    DhtService(const config::DhtSettings& settings, const config::Directories& directories, LibeventWorld& world,
               InputAccount& input, Log& log, ShortageLog& shortages);
    Result<void> open_store();
    Result<void> open_memory();
    Result<void> open_dumps();
    Result<void> open_file();
    [[nodiscard]] Result<void> use_file(std::size_t number, RecordFile file);
    void expect_broken_pages() const;
    [[nodiscard]] Result<void> begin_range(RecordStore& store);
    [[nodiscard]] HashRange wanted_range() const;
    [[nodiscard]] bool finds_range() const { return settings_.range == config::DhtRange::automatic; }
    [[nodiscard]] bool hands_over() const {
        return settings_.leave == config::DhtLeave::hand_over ||
               (finds_range() && settings_.leave == config::DhtLeave::automatic);
    }
    [[nodiscard]] Result<RangeJournal> read_journal() const;
    void tell_nodes(const OverlayNode& overlay);
    [[nodiscard]] Json auto_range_status() const;
    [[nodiscard]] Result<void> open_journal();
    [[nodiscard]] std::optional<std::string> trouble() const;
    Result<void> lock_data();
    [[nodiscard]] Result<void> check_for_threads() const;
    void start_workers(const neo::Credentials& credentials);
    [[nodiscard]] DhtNodeOptions neo_options() const;
    [[nodiscard]] DhtNodeOptions legacy_options(std::size_t thread) const;
    [[nodiscard]] std::size_t connections_per_thread() const;
    Result<void> listen();
    Result<void> open_legacy(ShortageLog& shortages);
    [[nodiscard]] Json status_of_all() const;
    [[nodiscard]] DhtNodeStatus node_status() const;
    [[nodiscard]] DhtNodeStatus legacy_node_status() const;
    [[nodiscard]] WorldStats world_stats(DhtProtocol protocol) const;
    [[nodiscard]] WorldLimits limits_of_all(WorldLimits one) const;
    [[nodiscard]] Json legacy_status() const;
    [[nodiscard]] DhtTotals totals() const;
    [[nodiscard]] Result<void> commit_everything();
    // Calls `call` while the other threads rest, if there are any.
    template <class Call>
    auto alone(Call&& call) const {
        return workers_ ? workers_->alone(call) : call();
    }
    void log_period();
    void log_period_of_all();
    [[nodiscard]] Json redistribution_status() const;
    [[nodiscard]] Json cache_status() const;
    void make_node(const neo::Credentials& credentials);
    void attach(LibeventWorld& world, DhtProtocol protocol, DhtNode& node);
    [[nodiscard]] Result<void> set_range_of_nodes(const HashRange& range);
    [[nodiscard]] Result<neo::Credentials> read_credentials();
    void take_names(const neo::Credentials& credentials) { clients_ = credentials.names(); }
    [[nodiscard]] std::optional<Endpoint> reachable_at(const NodeStatus& overlay) const;

    config::DhtSettings settings_;
    std::string data_dir_, credentials_file_, log_file_;
    InputAccount& input_;
    Log& log_;
    LibeventWorld world_;  // on the same loop, with other limits
    DhtLog dht_log_;
    std::optional<StateLock> lock_;
    std::unique_ptr<DhtWorkers> workers_;  // with dht.threads above 1
    std::unique_ptr<RecordStore> store_;
    std::vector<StateLock> share_locks_;
    std::optional<RecordDumps> dumps_;         // for the memory engine
    std::vector<CommitThread*> commits_;       // on LMDB: the store above, or those of its shares
    std::unique_ptr<FileStorage> range_file_;  // null: an engine that keeps nothing over restarts
    std::optional<RangeJournal> journal_;
    std::optional<WriteLog> desk_;
    std::unique_ptr<DhtNode> node_;
    std::optional<LibeventWorld> legacy_world_;  // on the same loop
    std::unique_ptr<DhtNode> legacy_;            // another door to node_
    Endpoint listening_;
    std::optional<Endpoint> legacy_listening_;
    std::optional<Endpoint> announced_;
    DhtTotals before_;  // at the last line of statistics
    Instant period_begun_ = never;
    std::vector<std::string> clients_;  // who has credentials
    std::string credentials_warning_;   // about their file
    std::optional<std::string> range_trouble_;
};

}  // namespace halp
