// One thread of the DHT beside the daemon's: an event loop with its worlds, its nodes of both protocols and its
// clients. Its nodes are as the daemon's own, and their records are those of all threads. Everything but inbox(),
// the doors and the calls before start() belongs to the thread; others use it while it rests (dht_workers.h).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "overlay/dht/node/dht_node.h"
#include "overlay/dht/records/write_log.h"
#include "overlay/input_account.h"
#include "overlay/libevent/address.h"
#include "overlay/libevent/file_budget.h"
#include "overlay/libevent/output_account.h"
#include "overlay/libevent/world.h"
#include "tools/halpd/dht_door.h"
#include "tools/halpd/workers/shared_records.h"
#include "tools/halpd/workers/worker_inbox.h"

namespace halp {

// What the nodes of one thread may use: a part of what all may.
struct WorkerLimits {
    WorldLimits world;
    std::size_t files = 0;  // that its connections may use
    std::size_t input_bytes_max = 0, output_bytes_max = 0;
};

// What a thread asks of its daemon: log lines, written on the daemon's thread.
struct WorkerReports {
    std::function<void(const DhtEvent&)> event;
    std::function<void(Shed, const SocketAddress*)> shed;
    std::function<void(const Endpoint&, std::size_t)> input_dropped;
};

class DhtWorker final : DhtObserver {
public:
    DhtWorker(const WorkerLimits& limits, WorkerReports reports);
    ~DhtWorker() override;
    DhtWorker(const DhtWorker&) = delete;
    DhtWorker& operator=(const DhtWorker&) = delete;

    [[nodiscard]] event_base* base() { return world_.base(); }
    [[nodiscard]] const Clock& clock() { return world_.clock(); }
    [[nodiscard]] WorkerInbox& inbox() { return inbox_; }

    // Makes the nodes, which use `records`. Without legacy options there is no node of that protocol.
    void open(std::unique_ptr<SharedRecords> records, DhtNodeOptions neo, std::optional<DhtNodeOptions> legacy);
    void start();
    // Ends the thread at its next turn. The rest is done by the caller.
    void stop();
    // After that: ends the nodes and their use of the records.
    void close();
    // For any thread: this connection is one of this thread's from now on.
    void adopt(DhtProtocol protocol, int fd, const SocketAddress& source);
    // A commit has completed writes.
    void records_changed();

    [[nodiscard]] DhtDoor& door(DhtProtocol protocol) {
        return protocol == DhtProtocol::neo ? neo_door_ : legacy_door_;
    }
    [[nodiscard]] DhtNode& node() { return *node_; }
    [[nodiscard]] DhtNode* legacy() { return legacy_.get(); }
    [[nodiscard]] const WriteLog& desk() const { return *desk_; }
    [[nodiscard]] const LibeventWorld& world(DhtProtocol protocol) const {
        return protocol == DhtProtocol::neo ? world_ : legacy_world_;
    }
    [[nodiscard]] bool quiet() const { return world_.quiet() && legacy_world_.quiet(); }
    [[nodiscard]] const InputAccount& input() const { return input_; }
    [[nodiscard]] const OutputAccount& output() const { return output_; }
    [[nodiscard]] const FileBudget& files() const { return files_; }

private:
    void note(const DhtEvent& event) override;
    [[nodiscard]] Environment environment(LibeventWorld& world);
    void make_node(LibeventWorld& world, DhtDoor& door, std::unique_ptr<DhtNode>& node);

    WorkerReports reports_;
    InputAccount input_;
    OutputAccount output_;
    FileBudget files_;
    LibeventWorld world_;
    LibeventWorld legacy_world_;  // on the same loop
    WorkerInbox inbox_;
    DhtDoor neo_door_, legacy_door_;
    std::unique_ptr<SharedRecords> records_;
    std::optional<WriteLog> desk_;
    std::unique_ptr<DhtNode> node_;
    std::unique_ptr<DhtNode> legacy_;  // another door to node_
    std::thread thread_;
};

}  // namespace halp
