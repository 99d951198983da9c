#include "tools/halpd/workers/dht_worker.h"

#include <csignal>
#include <utility>

#include "tools/halpd/workers/signals_blocked.h"

namespace halp {

DhtWorker::DhtWorker(const WorkerLimits& limits, WorkerReports reports)
    : reports_(std::move(reports)),
      input_(limits.input_bytes_max),
      output_(limits.output_bytes_max),
      files_(FileBudget::Part{limits.files}),
      world_(limits.world, nullptr, &files_, &output_),
      legacy_world_(limits.world, world_.base(), &files_, &output_),
      inbox_(world_.base()),
      neo_door_(*this),
      legacy_door_(*this) {
    world_.on_shed(reports_.shed);
    legacy_world_.on_shed(reports_.shed);
    input_.on_dropped(reports_.input_dropped);
    inbox_.on_woken([this] { records_changed(); });
}

DhtWorker::~DhtWorker() { stop(); }

void DhtWorker::note(const DhtEvent& event) { reports_.event(event); }

Environment DhtWorker::environment(LibeventWorld& world) {
    Environment environment = world.environment();
    environment.input = &input_;
    return environment;
}

void DhtWorker::open(std::unique_ptr<SharedRecords> records, DhtNodeOptions neo,
                     std::optional<DhtNodeOptions> legacy) {
    records_ = std::move(records);
    desk_.emplace(*records_);
    node_ = std::make_unique<DhtNode>(environment(world_), *desk_, std::move(neo), &neo_door_);
    neo_door_.lead_to(*node_);
    world_.attach(neo_door_);
    if (!legacy) return;
    legacy_ = std::make_unique<DhtNode>(environment(legacy_world_), *node_, std::move(*legacy), &legacy_door_);
    legacy_door_.lead_to(*legacy_);
    legacy_world_.attach(legacy_door_);
}

void DhtWorker::start() {
    const SignalsBlocked inherited;
    thread_ = std::thread([this] { world_.run(); });
}

void DhtWorker::stop() {
    if (!thread_.joinable()) return;
    inbox_.post([this] { world_.stop(); });
    thread_.join();
}

void DhtWorker::close() {
    legacy_.reset();
    node_.reset();
    desk_.reset();
    records_.reset();
}

void DhtWorker::adopt(DhtProtocol protocol, int fd, const SocketAddress& source) {
    DhtDoor& to = door(protocol);
    to.send_one();
    inbox_.post([this, protocol, fd, source] {
        door(protocol).came();
        (protocol == DhtProtocol::neo ? world_ : legacy_world_).adopt(fd, source);
    });
}

void DhtWorker::records_changed() {
    node_->records_changed();
    if (legacy_) legacy_->records_changed();
}

}  // namespace halp
