#include "overlay/dht/records/record_walk.h"

#include <vector>

namespace halp {

RecordWalk::Step RecordWalk::step(const RecordStore& store, neo::TurnBudget& budget, const Visit& visit) {
    while (!ended_ && !budget.spent()) {
        if (!channel_) {
            const std::vector<Channel> first = store.channels(std::nullopt, 1);
            ended_ = first.empty();
            if (ended_) break;
            channel_ = first.front();
        }
        bool held_back = false;
        const Result<Scan> scan = store.scan(*channel_, last_, [&](Key key, std::string_view value) {
            budget.spend_record(value.size());
            held_back = !visit(*channel_, key, value);
            if (!held_back) last_ = key;
            return !held_back && !budget.spent();
        });
        if (!scan) return Step::failed;
        if (scan.value() == Scan::stopped) return Step::more;
        budget.spend_record(0);
        const std::vector<Channel> next = store.channels(*channel_, 1);
        ended_ = next.empty();
        last_.reset();
        if (!ended_) channel_ = next.front();
    }
    return ended_ ? Step::ended : Step::more;
}

bool RecordWalk::passed(const Channel& channel, Key key) const {
    if (ended_) return true;
    if (!channel_ || channel > *channel_) return false;
    return channel < *channel_ || (last_ && key <= *last_);
}

}  // namespace halp
