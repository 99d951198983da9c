// The first thing that a legacy client does: every node is asked for its version and its range. It has succeeded
// when all speak the right version and their ranges cover every key exactly once. A node with an empty range is no
// obstacle, unlike in the originals. It may be repeated, at intervals until it succeeds.
//
//     LegacyHandshake handshake(client, {.retry_after = std::chrono::seconds{3}}, [](const HandshakeOutcome& how) {
//         if (how.complete) begin_work();
//     });
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "overlay/dht/client/legacy/legacy_dht_client.h"
#include "overlay/dht/client/range_cover.h"
#include "store/endpoint.h"
#include "store/time.h"

namespace halp {

struct HandshakeOutcome {
    bool complete = false;
    // Of the nodes that have told their version and range: gaps and overlaps.
    dht::RangeCover cover;
    struct Failure {
        Endpoint node;
        std::string why;
    };
    std::vector<Failure> failures;

    // "10.0.0.1:10000: disconnected; no answer for 0x... to 0x...", or nothing when it is complete.
    [[nodiscard]] std::string text() const;
};

struct HandshakeSettings {
    std::optional<Duration> retry_after{};   // begin again so long after a failure; none: once
    std::optional<Duration> step_timeout{};  // else the client's
};

class LegacyHandshake {
public:
    using Done = std::function<void(const HandshakeOutcome& outcome)>;
    using OneNode = std::function<void(const Endpoint& node, const HashRange& range)>;

    // Begins at once. `done` is called at the end of each attempt; `one_node` once for each node that is fully
    // known; `notify` hears every note of the requests. The client must outlive it.
    LegacyHandshake(LegacyDhtClient& client, const HandshakeSettings& settings, Done done, OneNode one_node = {},
                    legacy::Notifier notify = {});
    ~LegacyHandshake();
    LegacyHandshake(const LegacyHandshake&) = delete;
    LegacyHandshake& operator=(const LegacyHandshake&) = delete;

    [[nodiscard]] bool complete() const { return complete_; }

private:
    void begin(std::optional<Duration> after);
    void hear(const legacy::About& about, const legacy::Note& note);
    void tell_new_nodes();
    void finish();

    LegacyDhtClient& client_;
    const HandshakeSettings settings_;
    const Done done_;
    const OneNode one_node_;
    const legacy::Notifier notify_;
    std::vector<legacy::RequestId> running_;
    std::vector<HandshakeOutcome::Failure> failures_;
    std::set<Endpoint> told_;
    bool complete_ = false;
};

}  // namespace halp
