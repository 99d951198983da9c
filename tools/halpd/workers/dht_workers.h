// The threads of a DHT node with dht.threads above 1. The daemon's own loop is the first of them: it accepts, and
// gives each connection to the thread that has the fewest. A connection stays on its thread. Each thread reads and
// writes the records of every share (record_share.h).
//
// The threads meet in three places only: the lock of a share, the inbox of a thread, and alone(), in which all
// others rest while the daemon's thread looks at or changes what is theirs.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "overlay/dht/node/dht_node.h"
#include "overlay/libevent/world.h"
#include "tools/halpd/dht_log.h"
#include "tools/halpd/dht_statistics.h"
#include "tools/halpd/log/shortage_log.h"
#include "tools/halpd/workers/dht_worker.h"
#include "tools/halpd/workers/shared_records.h"
#include "tools/program/json.h"

namespace halp {

class DhtWorkers {
public:
    // All references outlive it. `limits` are those of one thread.
    DhtWorkers(LibeventWorld& world, std::size_t threads, const WorkerLimits& limits, DhtLog& log,
               ShortageLog& shortages);
    ~DhtWorkers();
    DhtWorkers(const DhtWorkers&) = delete;
    DhtWorkers& operator=(const DhtWorkers&) = delete;

    [[nodiscard]] std::size_t threads() const { return inboxes_.size(); }
    [[nodiscard]] event_base* base(std::size_t thread) {
        return thread == 0 ? world_.base() : workers_[thread - 1]->base();
    }
    // Each share gets its store before the first of these is made.
    [[nodiscard]] RecordShare& share(std::size_t number) { return *shares_[number]; }
    [[nodiscard]] std::unique_ptr<SharedRecords> records_of(std::size_t thread) {
        return std::make_unique<SharedRecords>(shares_, inboxes_, thread);
    }
    // Of the daemon's own nodes: `node` stands behind it.
    [[nodiscard]] DhtDoor& door(DhtProtocol protocol) {
        return protocol == DhtProtocol::neo ? neo_door_ : legacy_door_;
    }
    void on_records_changed(std::function<void()> call) { own_inbox_.on_woken(std::move(call)); }
    // The connections of this protocol on all other threads.
    [[nodiscard]] std::size_t open_elsewhere(DhtProtocol protocol, std::size_t thread) const;

    // Makes the nodes of the other threads.
    using NeoOptions = std::function<DhtNodeOptions(std::size_t thread)>;
    using LegacyOptions = std::function<std::optional<DhtNodeOptions>(std::size_t thread)>;
    void open(const NeoOptions& neo, const LegacyOptions& legacy);
    void start();
    // For any thread: that one has a turn, and sees when the next commit is due.
    void nudge(std::size_t thread) {
        inboxes_[thread]->post(std::function<void()>{[] {}});
    }
    // For any thread: a line for the log.
    void report_from(std::size_t thread, const DhtEvent& event);
    // For the listening world: true when the connection went to another thread.
    [[nodiscard]] bool pass_on(DhtProtocol protocol, int fd, const SocketAddress& source);

    // Calls `call` on the daemon's thread while no other thread does anything.
    template <class Call>
    auto alone(Call&& call) {
        const Rest rest(*this);
        return call();
    }
    // While alone: each of the other threads.
    void for_each(const std::function<void(DhtWorker&)>& call) {
        for (const auto& worker : workers_) call(*worker);
    }

    [[nodiscard]] bool quiet() const;
    void disconnect_all();
    void begin_counting_period();
    [[nodiscard]] DhtNodeStatus status(DhtProtocol protocol, DhtNodeStatus own) const;
    void add_to(DhtTotals& totals) const;  // requests and actions
    [[nodiscard]] WorldStats world_stats(DhtProtocol protocol, WorldStats own) const;
    // An object for each of the other threads.
    [[nodiscard]] Json workers_json() const;
    [[nodiscard]] std::uint64_t events_lost() const { return events_lost_; }

private:
    class Rest {
    public:
        explicit Rest(DhtWorkers& workers) : workers_(workers) { workers_.hold(); }
        ~Rest() { workers_.release(); }
        Rest(const Rest&) = delete;
        Rest& operator=(const Rest&) = delete;

    private:
        DhtWorkers& workers_;
    };
    [[nodiscard]] WorkerReports reports(const WorldLimits& limits);
    void report(std::function<void()> call);
    void hold();
    void release();
    void rest();

    LibeventWorld& world_;
    DhtLog& log_;
    ShortageLog& shortages_;
    WorkerInbox own_inbox_;
    DhtDoor neo_door_, legacy_door_;
    WorkerInboxes inboxes_;
    RecordShares shares_;
    std::atomic<std::size_t> reports_waiting_{0};
    std::atomic<std::uint64_t> events_lost_{0};
    bool started_ = false;
    std::size_t held_ = 0;  // how many alone() are in each other

    std::mutex resting_mutex_;
    std::condition_variable resting_changed_;
    std::size_t resting_ = 0;
    std::uint64_t rests_ = 0;                          // how many are over
    std::vector<std::unique_ptr<DhtWorker>> workers_;  // the second thread and so on; end first
};

}  // namespace halp
