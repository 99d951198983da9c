// A walk over the records of all channels in bounded turns, in the order of channels and keys. Records may be
// written and removed between two turns.
#pragma once

#include <functional>
#include <optional>

#include "overlay/dht/records/turn_budget.h"
#include "store/records/record_store.h"

namespace halp {

class RecordWalk {
public:
    // Returns false to see the same record again in the next step.
    using Visit = std::function<bool(const Channel&, Key, std::string_view value)>;
    enum class Step : std::uint8_t { more, ended, failed };

    [[nodiscard]] Step step(const RecordStore& store, neo::TurnBudget& budget, const Visit& visit);
    // Whether the walk has been at this place.
    [[nodiscard]] bool passed(const Channel& channel, Key key) const;
    [[nodiscard]] bool reached(const Channel& channel) const {
        return ended_ || (channel_ && channel <= *channel_);
    }

private:
    std::optional<Channel> channel_;
    std::optional<Key> last_;
    bool ended_ = false;
};

}  // namespace halp
