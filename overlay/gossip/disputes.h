// Withdrawals of announced hosts that may be a stranger's. Nobody knows who announces a host, and any node can say
// that it is withdrawn; but whoever announces it hears that, and outranks it by a newer version. So a withdrawal is
// taken at once as long as nothing speaks against it. When its version is far ahead of the announcement, or when
// one was outranked lately, it waits for almost two periods and is passed on meanwhile, so that its announcer hears
// of it. If a newer announcement comes, it was a stranger's and is dropped; else it is taken
// (overlay/gossip/rules.md, section 4).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "overlay/gossip/wire/gossip_message.h"
#include "overlay/overlay_options.h"
#include "store/host_list.h"
#include "store/label.h"
#include "store/source_quota.h"
#include "store/time.h"

namespace halp {

class Disputes {
public:
    explicit Disputes(const GossipOptions& options) : options_(options) {}

    enum class Verdict : std::uint8_t { taken, waits };
    // A withdrawal that outranks what is held of its host (`held`, or null). `source`: of the message.
    [[nodiscard]] Verdict withdrawn(const Label& label, const gossip::Entry& entry, const HostEntry* held,
                                    SourceId source, Instant now);
    // The host is announced in this version.
    void announced(const Label& label, EndpointId host, std::uint32_t incarnation, Instant now);

    // The withdrawal of this host that waits, as it is told to others.
    [[nodiscard]] std::optional<gossip::Entry> waiting(const Label& label, EndpointId host, Instant now) const;

    struct Due {
        Label label;
        gossip::Entry entry;
        SourceId source;
        Instant heard;
        bool taken;  // nobody has outranked it; else it is to be told only
    };
    [[nodiscard]] std::vector<Due> take_due(Instant now);
    [[nodiscard]] Instant next_deadline() const { return due_at_; }
    void start_period(Instant now);  // forgets arguments that are over

    [[nodiscard]] std::size_t waiting_count() const;
    [[nodiscard]] std::uint64_t refuted() const { return refuted_; }  // outranked by an announcement
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }  // waited, and lost its place to others
    // Arguments that lost their place before their time, those of dropped() among them.
    [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }
    void mark_endpoints(std::vector<bool>& marks) const;

private:
    struct Row {
        Label label;
        EndpointId host = no_endpoint;
        SourceId source{};                     // of the newest withdrawal
        std::uint32_t taken = 0, waiting = 0;  // versions
        Instant taken_at = never;
        Instant heard_at = never;       // the first message with version `waiting`
        Instant ends_at = no_deadline;  // then the one that waits is taken
        Instant told_at = never;
        bool untold = false;  // the one that waits has not been passed on
        Instant disputed_until = never;

        [[nodiscard]] bool waits() const { return ends_at != no_deadline; }
        [[nodiscard]] Instant tell_at(Duration pause) const {
            return told_at == never ? heard_at : std::max(heard_at, told_at + pause);
        }
    };
    [[nodiscard]] const Row* find(const Label& label, EndpointId host) const;
    [[nodiscard]] Row* find(const Label& label, EndpointId host);
    Row& row_for(const Label& label, EndpointId host, SourceId source, Instant now);
    void make_room(Instant now);
    void drop_of_fullest_source();
    [[nodiscard]] bool argued(const Row& row, Instant now) const;
    [[nodiscard]] Due due_of(const Row& row, bool taken, Instant now) const;
    void plan();

    const GossipOptions& options_;
    std::vector<Row> rows_;
    Instant due_at_ = no_deadline;
    std::uint64_t refuted_ = 0, dropped_ = 0, forgotten_ = 0;
};

}  // namespace halp
