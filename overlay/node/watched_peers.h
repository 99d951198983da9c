// What the watchers of the label `halp` have been told, compared with the list of nodes as it is. The view of nodes
// loses some without an event of their own (a full pool, an address that turns out to be this node, a clear), and
// this node's own line comes and goes with what it knows of itself. The difference is told as events, so whoever
// follows them ends with the list that is shown.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "overlay/event.h"
#include "overlay/listing.h"

namespace halp {

class WatchedPeers {
public:
    static constexpr Duration compare_distance = std::chrono::milliseconds{100};

    // Calls count. `listed`: what the first watcher is shown.
    void begin(const std::vector<ListedHost>& listed);
    void end();
    [[nodiscard]] bool watched() const { return watchers_ > 0; }

    // What the watchers are told by this event.
    void on_event(const Event& event);
    // What they must be told besides.
    [[nodiscard]] std::vector<Event> differences(const std::vector<ListedHost>& listed);

    [[nodiscard]] Instant next_comparison() const { return watched() ? compare_at_ : no_deadline; }
    void compared(Instant now) { compare_at_ = now + compare_distance; }

private:
    struct Told {
        bool own = false, proved = false, claimed = false;
        bool known = false;  // the three above; an event tells none of them
        [[nodiscard]] bool as(const ListedHost& host) const {
            return known && own == host.own && proved == host.proved && claimed == host.claimed;
        }
    };
    std::size_t watchers_ = 0;
    std::map<Endpoint, Told> told_;
    Instant compare_at_ = never;
};

}  // namespace halp
