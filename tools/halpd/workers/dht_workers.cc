#include "tools/halpd/workers/dht_workers.h"

#include <algorithm>
#include <variant>

#include "overlay/libevent/library_log.h"
#include "tools/halpd/workers/sum_of_counts.h"

namespace halp {
namespace {

constexpr std::size_t reports_max = 4096;  // that the daemon's thread has not seen yet

void add(std::vector<NamedRequestCount>& all, const std::vector<NamedRequestCount>& some) {
    for (std::size_t i = 0; i < std::min(all.size(), some.size()); ++i) add_counts(all[i].count, some[i].count);
}

DhtNode* node_of(DhtWorker& worker, DhtProtocol protocol) {
    return protocol == DhtProtocol::neo ? &worker.node() : worker.legacy();
}

}  // namespace

DhtWorkers::DhtWorkers(LibeventWorld& world, std::size_t threads, const WorkerLimits& limits, DhtLog& log,
                       ShortageLog& shortages)
    : world_(world), log_(log), shortages_(shortages), own_inbox_(world.base()), neo_door_(log), legacy_door_(log) {
    inboxes_.push_back(&own_inbox_);
    for (std::size_t i = 1; i < threads; ++i) {
        workers_.push_back(std::make_unique<DhtWorker>(limits, reports(limits.world)));
        inboxes_.push_back(&workers_.back()->inbox());
    }
    for (std::size_t i = 0; i < threads; ++i) shares_.push_back(std::make_unique<RecordShare>(inboxes_));
    set_library_log_elsewhere([this](const std::string& message, std::uint64_t held_back) {
        report([this, message, held_back] { shortages_.library_message(message, held_back); });
    });
}

DhtWorkers::~DhtWorkers() {
    for (const auto& worker : workers_) worker->stop();
    set_library_log_elsewhere({});
    own_inbox_.run_calls();  // the last of what they had to report
    for (const auto& worker : workers_) worker->close();
    shares_.clear();  // their commits were finished on the loops of the threads
}

// What clients can cause without limit waits for the log only up to a limit.
void DhtWorkers::report(std::function<void()> call) {
    if (reports_waiting_ >= reports_max) {
        ++events_lost_;
        return;
    }
    ++reports_waiting_;
    own_inbox_.post([this, call = std::move(call)] {
        --reports_waiting_;
        call();
    });
}

void DhtWorkers::report_from(std::size_t thread, const DhtEvent& event) {
    if (thread == 0) return log_.note(event);
    report([this, event] { log_.note(event); });
}

WorkerReports DhtWorkers::reports(const WorldLimits& limits) {
    WorkerReports all;
    all.event = [this](const DhtEvent& event) {
        if (!std::holds_alternative<DhtRangeChanged>(event)) report_from(1, event);  // that one the daemon says
    };
    all.shed = [this, limits](Shed cause, const SocketAddress* source) {
        const std::optional<SocketAddress> from = source ? std::optional{*source} : std::nullopt;
        report([this, cause, from, limits] {
            shortages_.shed(cause, from ? &*from : nullptr, "for records", limits);
        });
    };
    all.input_dropped = [this](const Endpoint& source, std::size_t bytes) {
        report([this, source, bytes] {
            shortages_.warn("input_full", "a connection from " + source.host + " was ended: it kept " +
                                              std::to_string(bytes) +
                                              " bytes of unfinished input, the most of its thread's fullest source "
                                              "(limits.input_bytes_max)");
        });
    };
    return all;
}

std::size_t DhtWorkers::open_elsewhere(DhtProtocol protocol, std::size_t thread) const {
    const bool neo = protocol == DhtProtocol::neo;
    std::size_t open = thread == 0 ? 0 : (neo ? neo_door_ : legacy_door_).open();
    for (std::size_t i = 0; i < workers_.size(); ++i)
        if (i + 1 != thread) open += workers_[i]->door(protocol).open();
    return open;
}

void DhtWorkers::open(const NeoOptions& neo, const LegacyOptions& legacy) {
    for (std::size_t i = 0; i < workers_.size(); ++i)
        workers_[i]->open(records_of(i + 1), neo(i + 1), legacy(i + 1));
}

void DhtWorkers::start() {
    started_ = true;
    for (const auto& worker : workers_) worker->start();
}

bool DhtWorkers::pass_on(DhtProtocol protocol, int fd, const SocketAddress& source) {
    if (!started_) return false;
    const auto load = [protocol](const auto& worker) { return worker->door(protocol).load(); };
    const auto least = std::ranges::min_element(workers_, {}, load);
    if (load(*least) >= door(protocol).load()) return false;
    (*least)->adopt(protocol, fd, source);
    return true;
}

// ---- while the others rest ----

void DhtWorkers::hold() {
    if (held_++ > 0 || !started_) return;
    for (const auto& worker : workers_) worker->inbox().post([this] { rest(); });
    std::unique_lock lock{resting_mutex_};
    resting_changed_.wait(lock, [this] { return resting_ == workers_.size(); });
}

void DhtWorkers::release() {
    if (--held_ > 0 || !started_) return;
    {
        const std::lock_guard lock{resting_mutex_};
        resting_ = 0;
        ++rests_;
    }
    resting_changed_.notify_all();
}

void DhtWorkers::rest() {
    std::unique_lock lock{resting_mutex_};
    const std::uint64_t mine = rests_;
    ++resting_;
    resting_changed_.notify_all();
    resting_changed_.wait(lock, [this, mine] { return rests_ != mine; });
}

bool DhtWorkers::quiet() const {
    return std::ranges::all_of(workers_, [](const auto& worker) { return worker->quiet(); });
}

void DhtWorkers::disconnect_all() {
    for (const auto& worker : workers_) {
        worker->records_changed();
        worker->node().disconnect_all();
        if (worker->legacy()) worker->legacy()->disconnect_all();
    }
}

void DhtWorkers::begin_counting_period() {
    for (const auto& worker : workers_) {
        worker->node().begin_counting_period();
        if (worker->legacy()) worker->legacy()->begin_counting_period();
    }
}

DhtNodeStatus DhtWorkers::status(DhtProtocol protocol, DhtNodeStatus own) const {
    for (const auto& worker : workers_)
        if (const DhtNode* node = node_of(*worker, protocol)) add_counts(own, node->status());
    return own;
}

void DhtWorkers::add_to(DhtTotals& totals) const {
    for (const auto& worker : workers_) {
        add(totals.neo, worker->node().request_counts());
        if (worker->legacy()) add(totals.legacy, worker->legacy()->request_counts());
        add_counts(totals.actions, worker->desk().actions());
    }
}

WorldStats DhtWorkers::world_stats(DhtProtocol protocol, WorldStats own) const {
    for (const auto& worker : workers_) add_counts(own, worker->world(protocol).stats());
    return own;
}

Json DhtWorkers::workers_json() const {
    Json list = Json::array();
    for (const auto& worker : workers_) {
        Json one = Json::object({{"connections", worker->door(DhtProtocol::neo).open()},
                                 {"legacy_connections", worker->door(DhtProtocol::legacy).open()}});
        one.set("input", status_of(worker->input())).set("output", status_of(worker->output()));
        list.push(one.set("files", status_of(worker->files())));
    }
    return list;
}

}  // namespace halp
