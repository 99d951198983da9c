#include "overlay/dht/client/legacy/legacy_batcher.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace halp {

LegacyBatcher::LegacyBatcher(LegacyDhtClient& client, std::string channel, Hear hear, std::size_t batches_max)
    : client_(client),
      channel_(std::move(channel)),
      hear_(std::move(hear)),
      batches_max_(std::max<std::size_t>(1, batches_max)) {}

LegacyBatcher::~LegacyBatcher() {
    for (const auto& [number, request] : requests_) client_.cancel(request);
}

LegacyBatcher::Added LegacyBatcher::add(Key key, Bytes value) {
    if (value.empty()) return Added::empty_value;
    const auto to = client_.responsible_node(key);
    if (!to) return Added::no_responsible_node;
    Node& node = nodes_[*to];
    using Fit = neo::RecordBatch::Fit;
    Fit fit = node.batch.add(key, value);
    if (fit == Fit::full) {
        if (!send(*to, node)) return Added::full;
        fit = node.batch.add(key, value);
    }
    return fit == Fit::added ? Added::added : Added::too_big;
}

bool LegacyBatcher::flush() {
    bool all = true;
    for (auto& [to, node] : nodes_) all = send(to, node) && all;
    return all;
}

bool LegacyBatcher::empty() const {
    return under_way_.empty() &&
           std::ranges::all_of(nodes_, [](const auto& each) { return each.second.batch.empty(); });
}

// Returns false when there is no room for it now.
bool LegacyBatcher::send(const Endpoint& to, Node& node) {
    if (node.batch.empty()) return true;
    if (node.under_way >= batches_max_) return false;
    const std::uint64_t number = ++last_;
    std::string packed;
    neo::pack(node.batch.plain(), packed);
    under_way_[number] = {to, std::string(node.batch.plain())};
    node.batch.clear();
    ++node.under_way;
    requests_[number] =
        client_.put_batch(to, channel_, packed,
                          [this, number](const legacy::About&, const legacy::Note& note) { hear(number, note); });
    return true;
}

void LegacyBatcher::hear(std::uint64_t number, const legacy::Note& note) {
    const auto* how = std::get_if<legacy::Finished>(&note);
    if (!how) return;
    const auto at = under_way_.find(number);
    const Sent sent = std::move(at->second);
    under_way_.erase(at);
    requests_.erase(number);
    --nodes_[sent.node].under_way;
    if (hear_) hear_({sent.node, *how, sent.plain});
}

}  // namespace halp
