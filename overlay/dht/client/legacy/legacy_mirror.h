// Follows a channel by the legacy protocol: a Listen on every node, begun again when it is lost, and now and then a
// GetAll of everything. Its notes are those of the neo Mirror (dht_notes.h): Updated from a Listen, Refreshed from
// a GetAll, Started, NodeDisconnected, NodeError, ChannelRemoved, CoverChanged, and Finished when the channel was
// removed on all nodes. Two things are different. Legacy does not tell that a record was removed: a record that no
// GetAll brings any more is gone. And it does not tell when a Listen has begun.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "overlay/dht/client/dht_notes.h"
#include "overlay/dht/client/legacy/legacy_dht_client.h"
#include "overlay/dht/client/range_cover.h"
#include "store/endpoint.h"
#include "store/time.h"

namespace halp {

struct LegacyMirrorSettings {
    enum class Fill : std::uint8_t {
        none,           // only fill() asks for all records
        once,           // at the beginning
        repeating,      // after every update_after, the first time when it has passed once
        repeating_now,  // at the beginning, and then the same
    };
    Fill fill = Fill::repeating_now;
    Duration update_after = std::chrono::seconds{360};
    Duration retry_after =
        std::chrono::seconds{3};  // from a loss, or a GetAll that has failed, to the next attempt
};

class LegacyMirror {
public:
    // Hears the end of each GetAll: for which keys it has brought the records.
    using FillNotifier = std::function<void(const dht::RangeCover& cover)>;

    // Begins at once, with the nodes that the client knows. The client must outlive it.
    LegacyMirror(LegacyDhtClient& client, std::string channel, const LegacyMirrorSettings& settings,
                 dht::MirrorNotifier notify, FillNotifier filled = {});
    ~LegacyMirror();
    LegacyMirror(const LegacyMirror&) = delete;
    LegacyMirror& operator=(const LegacyMirror&) = delete;

    void fill();  // now, unless a GetAll is running
    // No record is told until resume(); nodes are held back by TCP.
    void suspend() { set_suspended(true); }
    void resume() { set_suspended(false); }
    // The channel was removed on all nodes, or its name is one that legacy does not take: NodeError or
    // NodeDisconnected has told it, and nothing is tried again.
    [[nodiscard]] bool over() const;
    // Of the nodes on which a Listen runs over an open connection.
    [[nodiscard]] dht::RangeCover cover() const;

private:
    struct Part {
        Endpoint node;
        std::optional<legacy::RequestId> listen;
        bool seen = false;     // has begun or failed for the first time
        bool running = false;  // sent, and not over
        bool removed = false;  // its channel was removed
        bool told_down = false;
    };
    void listen(std::size_t part, std::optional<Duration> after);
    void hear_listen(std::size_t part, const legacy::Note& note);
    void end_listen(std::size_t part, const legacy::Finished& how);
    void tell_started();
    void begin_fill(std::optional<Duration> after);
    void hear_fill(const legacy::Note& note);
    void set_suspended(bool suspended);

    LegacyDhtClient& client_;
    const std::string channel_;
    const LegacyMirrorSettings settings_;
    const dht::MirrorNotifier notify_;
    const FillNotifier filled_;
    std::vector<Part> parts_;
    std::optional<legacy::RequestId> fill_;
    bool fill_waits_ = false;  // for its time
    bool started_ = false, suspended_ = false;
};

}  // namespace halp
