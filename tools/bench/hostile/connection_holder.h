// Hostile hosts that keep many connections open: silent ones, or ones with a message that never becomes whole. Who
// is thrown out comes back.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tools/bench/hostile/wire.h"

namespace halp::bench {

struct HoldPlan {
    std::size_t connections = 256;
    // Connection i, under way or ready; nothing when it does not come about.
    std::function<std::optional<Wire>(std::size_t i)> open;
    std::string first = {};    // each sends it, as fast as it is taken
    std::string trickle = {};  // and then this, four times a second
};

class ConnectionHolder {
public:
    explicit ConnectionHolder(HoldPlan plan);

private:
    struct Held {
        std::optional<Wire> wire;
        std::size_t sent = 0;
    };
    void hold(const std::stop_token& over);
    void renew();
    void feed(Held& held, bool trickles) const;

    HoldPlan plan_;
    std::vector<Held> held_;
    std::size_t turn_ = 0;
    std::jthread thread_;  // last: it uses the others
};

}  // namespace halp::bench
