// Keeps the dead nodes of a node on disk, beside the lists that ListSaver keeps. A node that was restarted while
// the swarm was in two parts still knows whom to ping on the other side, and hearsay does not bring the dead back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "overlay/cache/grave_file.h"
#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/gossip/gossip.h"
#include "overlay/gossip/view/peer_view.h"
#include "overlay/overlay_options.h"
#include "store/endpoint.h"

namespace halp {

class GraveSaver {
public:
    struct Parts {
        const OverlayEnvironment& environment;
        Observer& observer;
        const OverlayOptions& options;
        EndpointTable& endpoints;
        PeerView& view;
        const Gossip& gossip;
    };
    explicit GraveSaver(Parts parts) : parts_(parts) {}

    void load();  // once, before the lists
    void on_event(const Event& event);
    // The view was cleared.
    void cleared() { due_ = parts_.environment.clock.now(); }
    [[nodiscard]] Instant next_deadline() const { return due_; }
    void on_wakeup();
    [[nodiscard]] bool flush();  // false: the file is not as the view

private:
    [[nodiscard]] GraveFile file() const;
    void save_by(Instant when);
    [[nodiscard]] Duration patience(const Endpoint& node) const;
    void take(const GraveLine& line, Instant now, UnixSeconds wall);
    void failed(const Error& error, Instant now);

    Parts parts_;
    std::vector<std::string> others_;  // lines of other swarms
    std::string written_;              // what the file has, as far as known
    Instant due_ = no_deadline;        // no_deadline: the file is up to date
    Instant earliest_ = never;         // for the next change of the file
    Instant complained_ = never;
    Duration retry_{0};
};

}  // namespace halp
