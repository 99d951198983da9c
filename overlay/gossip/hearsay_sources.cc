#include "overlay/gossip/hearsay_sources.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "store/hash.h"
#include "store/tight_growth.h"

namespace halp {

namespace {

constexpr std::size_t named_max = 1024;    // more than a view of the default size lists
constexpr std::size_t tidied_every = 128;  // names
constexpr int wrong_min = 4;               // calls in vain before a source is judged
constexpr int wrong_ratio = 3;             // after a catastrophe two thirds of what honest nodes name may be dead
constexpr int judged_by_max = 32;          // calls; then both numbers are halved
constexpr Duration wrong_pause_first = std::chrono::seconds{15};
constexpr Duration wrong_pause_max = std::chrono::minutes{2};

}  // namespace

bool HearsaySources::Record::wrong() const { return vain >= wrong_min && vain > wrong_ratio * right; }

void HearsaySources::Record::halve() {
    right = static_cast<std::int16_t>(right / 2);
    vain = static_cast<std::int16_t>(vain / 2);
}

HearsaySources::Source HearsaySources::of(const Endpoint& remote) {
    const bool ipv4 = remote.host.find(':') == std::string::npos;
    const std::uint64_t hash = mix(ipv4 ? fnv1a(remote.host) : remote.group());
    return std::max<Source>(1, static_cast<Source>(hash));
}

const HearsaySources::Record* HearsaySources::find(Source source) const {
    const auto known = std::ranges::find(records_, source, &Record::source);
    return source == 0 || known == records_.end() ? nullptr : &*known;
}

HearsaySources::Worth HearsaySources::worth(Source source) const {
    const Record* const record = find(source);
    if (!record || (record->right == 0 && !record->wrong())) return Worth::unknown;
    return record->wrong() ? Worth::wrong : Worth::right;
}

HearsaySources::Source HearsaySources::source_of(EndpointId node) const {
    const auto at = std::ranges::lower_bound(named_, node, {}, &Named::node);
    return at == named_.end() || at->node != node ? 0 : at->by;
}

void HearsaySources::named(EndpointId node, Source by) {
    const auto at = std::ranges::lower_bound(named_, node, {}, &Named::node);
    if (at != named_.end() && at->node == node) return named_again(node, by);
    insert_tightly(named_, static_cast<std::size_t>(at - named_.begin()), Named{node, by});
    if (named_.size() >= tidy_at_) forget_known_nodes();
}

void HearsaySources::named_again(EndpointId node, Source by) {
    const auto at = std::ranges::lower_bound(named_, node, {}, &Named::node);
    if (at == named_.end() || at->node != node || at->by == by) return;
    if (worth(by) > worth(at->by)) at->by = by;
}

// Also those that the view does not list any more. With a view of more than `named_max` unproved nodes those of
// some are forgotten, too: they count as named by nobody.
void HearsaySources::forget_known_nodes() {
    std::erase_if(named_, [this](const Named& named) {
        const std::optional<Peer> peer = view_.find(named.node);
        return !peer || peer->dead() || peer->proved != never;
    });
    if (named_.size() > named_max / 2) {
        forgotten_ += named_.size() - named_max / 2;
        named_.resize(named_max / 2);
    }
    named_.shrink_to_fit();
    tidy_at_ = std::min(named_max, named_.size() + tidied_every);
}

// The one that was right least often makes room.
HearsaySources::Record& HearsaySources::record_of(Source source) {
    const auto known = std::ranges::find(records_, source, &Record::source);
    if (known != records_.end()) return *known;
    if (records_.size() >= sources_max) {
        records_.erase(std::ranges::min_element(records_, {}, &Record::right));
        ++forgotten_;
    }
    push_tightly(records_, Record{source});
    return records_.back();
}

void HearsaySources::answered(EndpointId node) {
    const Source source = source_of(node);
    if (source == 0) return;
    named_.erase(std::ranges::lower_bound(named_, node, {}, &Named::node));
    Record& record = record_of(source);
    if (++record.right + record.vain > judged_by_max) record.halve();
}

void HearsaySources::failed(EndpointId node, Instant now) {
    const Source source = source_of(node);
    if (source == 0) return;
    Record& record = record_of(source);
    if (++record.vain + record.right > judged_by_max) record.halve();
    if (!record.wrong()) return;
    constexpr int doublings_max = 3;
    const int doublings = std::min(doublings_max, record.vain - wrong_ratio * record.right - 1);
    record.next = now + std::min(wrong_pause_first * (1 << doublings), wrong_pause_max);
}

int HearsaySources::shares_left_by(EndpointId node) const {
    const Source source = source_of(node);
    if (source == 0) return 0;
    switch (worth(source)) {
        case Worth::right:
            return 0;
        case Worth::unknown:
            // In a swarm of honest nodes nothing is kept back.
            return std::ranges::any_of(records_, &Record::wrong) ? 1 : 0;
        case Worth::wrong:
            break;
    }
    return 2;
}

bool HearsaySources::waits(EndpointId node, Instant now) const {
    const Record* const record = find(source_of(node));
    return record && record->wrong() && now < record->next;
}

void HearsaySources::mark_endpoints(std::vector<bool>& marks) const {
    for (const Named& named : named_) marks[static_cast<std::size_t>(named.node)] = true;
}

}  // namespace halp
