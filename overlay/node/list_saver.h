// The one path from the lists of a node to its disk. It reads what changed (store/list_changes.h), tells the cache
// keeper, and gives the keeper the lines to save; at start it puts what the keeper finds into the lists.
//
//     HostLists, events, LabelTable --> ListChanges --> ListSaver --> CacheKeeper --> Storage
#pragma once

#include <cstddef>

#include "overlay/cache/cache_keeper.h"
#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/gossip/view/peer_view.h"
#include "overlay/node/host_lists.h"
#include "overlay/overlay_options.h"
#include "store/label_table.h"

namespace halp {

class ListSaver final : CacheSource, CacheSink {
public:
    struct Parts {
        const OverlayEnvironment& environment;
        Observer& observer;
        const OverlayOptions& options;
        const PeerView& view;
        LabelTable& labels;
        HostLists& lists;
    };
    explicit ListSaver(Parts parts);

    void load();  // once, before anything else
    // Writes down what the event changes in the lists, if anything.
    void on_event(const Event& event);
    // Tells the keeper of the changes that were written down one by one. To be called at the end of each turn.
    void hear_changes();
    [[nodiscard]] Instant next_deadline() const { return keeper_.next_deadline(); }
    void on_wakeup();  // also tells of the labels that gossip has changed
    [[nodiscard]] bool
    flush();  // everything unsaved, now; false: something is neither in its file nor in the journal

    // Hosts of other swarms that load() left in the files.
    [[nodiscard]] std::size_t kept_aside() const { return keeper_.kept_aside(); }
    [[nodiscard]] std::uint64_t removals_short() const { return keeper_.removals_short(); }
    [[nodiscard]] std::uint64_t bad_lines() const { return keeper_.bad_lines(); }
    [[nodiscard]] std::uint64_t lines_cut() const { return keeper_.lines_cut(); }
    bool clear(const Label& label);  // its file; true when there was one
    void clear_all();

private:
    CacheFile lines_of(const Label& label) const override;
    std::size_t lines_max(const Label& label) const override;
    void take_host(const Label& label, const CacheLine& line) override;
    void take_name(const Label& directory, const CacheNameLine& line) override;

    void hear(const ListChange& change, Instant now);
    void forget(const Label& label, const Endpoint& endpoint);
    void first_proof();
    void note_acquaintances();
    [[nodiscard]] Moment moment() const {
        return {parts_.environment.clock.now(), parts_.environment.clock.wall()};
    }

    Parts parts_;
    CacheKeeper keeper_;
    std::uint64_t acquaintances_noted_ = 0;  // PeerView::acquaintances_made() that the file will have
};

}  // namespace halp
