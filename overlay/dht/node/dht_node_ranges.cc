// DhtNode: its range, and the turns of its redistribution.
#include <algorithm>
#include <chrono>

#include "overlay/dht/node/dht_node.h"

namespace halp {
namespace {

// Of a turn of the redistribution. In company about 70 records of 100 bytes: a client waits for such a turn, and
// then the node rests as long as that took, so that it has time for its clients.
constexpr std::size_t handover_bytes = std::size_t{64} << 10, handover_bytes_in_company = std::size_t{12} << 10;
constexpr Duration handover_rest_max = std::chrono::milliseconds{2};
// A node that did not come to it for so long, because other programs have the processor, may do more at once.
constexpr Duration handover_late_after = std::chrono::milliseconds{3};
constexpr std::size_t handover_bytes_when_late = std::size_t{48} << 10;

std::size_t handover_bytes_for(bool company, Duration since) {
    if (!company) return handover_bytes;
    return since < handover_late_after ? handover_bytes_in_company : handover_bytes_when_late;
}

}  // namespace

RangeWorld DhtNode::range_world() {
    return {
        environment_, records_, ranges_, options_.journal ? *options_.journal : own_journal_, observer_, [this] {
            if (!in_turn_) arm();
        }};
}

Result<void> DhtNode::set_range(const HashRange& range) {
    if (redistribution_.active() || redistribution_.intake().active())
        return Error{ErrorCode::busy, "a part of the range is being handed over"};
    RangeJournal& journal = options_.journal ? *options_.journal : own_journal_;
    Result<void> set = journal.configure(range);
    if (set) set = records_.set_range(range);
    if (set) {
        ranges_.set_own(records_.store().range());
        range_moving_ = true;
    }
    finish_turn();
    return set;
}

void DhtNode::follow_range() {
    const HashRange served = records_.store().range();
    if (served != range()) ranges_.set_own(served);
    if (records_.store().sweeping()) return;
    range_moving_ = false;
    note(DhtRangeChanged{served, records_.store().set_aside()});
}

// A redistribution is over: records that are still there and that this node does not keep are set aside.
void DhtNode::move_range() {
    if (records_.store().sweeping() || records_.store().range() == range()) return;
    if (const Result<void> set = records_.set_range(range()); !set) note(DhtStoreFailed{set.error().message});
    range_moving_ = true;
}

void DhtNode::announce_node(const std::array<std::uint8_t, 4>& address, std::uint16_t port,
                            const HashRange& range) {
    ranges_.tell({neo::HashRangeCode::new_node, address, port, {range.min(), range.max()}});
    finish_turn();
}

// ---- the connection to another node ----

// The numbers of streams are those of this door's world.
legacy::Link* DhtNode::link_of(StreamId stream) {
    if (!own_redistribution_) return nullptr;
    legacy::Link* const link = own_redistribution_->link_of(stream);
    return link || !auto_range_ ? link : auto_range_->link_of(stream);
}

// ---- turns ----

bool DhtNode::wants_range_turn() const {
    return own_redistribution_ && (own_redistribution_->wants_turn() || (auto_range_ && auto_range_->wants_turn()));
}

// Only at a wake-up, as the long requests: short ones overtake it.
void DhtNode::run_handover() {
    Redistribution& own = *own_redistribution_;
    if (!may_run_requests_) return;
    const Instant now = environment_.clock.now();
    if (auto_range_) auto_range_->pump(now);
    if (!own.busy() || now < handover_rest_until_) return;
    const bool company = in_company(now);
    const Duration since = handover_ended_ == never ? Duration{0} : Duration{now - handover_ended_};
    neo::TurnBudget budget(std::min(handover_bytes_for(company, since), options_.turn_bytes));
    if (own.pump(now, budget)) move_range();
    records_.collect();
    const Instant end = handover_ended_ = environment_.clock.now();
    handover_rest_until_ = company ? end + std::min(Duration{end - now}, handover_rest_max) : never;
}

}  // namespace halp
