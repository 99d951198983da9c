// Invariant checkers: rules that hold for every node at every instant, with or without faults. A checker receives
// the events of the nodes, the ground truth, and snapshots of what each node answers. It reports and never acts. A
// snapshot is a value, so a test makes one of a faulty node by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/event.h"
#include "overlay/node/overlay_node.h"

namespace halp::sim {

struct Violation {
    std::string checker;
    Instant at{};
    std::size_t node = 0;
    std::string what;
};

// The answers of one node to its public queries at one instant.
struct Snapshot {
    std::size_t node = 0;
    Instant at{};
    UnixSeconds wall{0};                                           // clock of that node
    std::vector<std::pair<Label, std::vector<ListedHost>>> lists;  // `halp` first
    std::vector<std::pair<Label, std::size_t>> directories;        // number of names
    std::vector<PeerStatus> peers;
    std::vector<OwnAnnouncement> announcements;
    NodeStatus status;
    std::size_t swarm = 0;
    std::optional<Endpoint> advertised;  // as its operator set it
};
// `labels`: ones to look at, also when the directory `labels` does not name them.
Snapshot take_snapshot(std::size_t node, const OverlayNode& overlay, Instant at, UnixSeconds wall,
                       std::set<Label> labels = {});

// A change of the ground truth: an item appears or ends. A node itself is an item under `halp`.
struct TruthChange {
    enum class Kind : std::uint8_t { appeared, vanished, withdrawn };
    Kind kind{};
    std::size_t node = 0;
    Instant at{};
    OwnAnnouncement item;
    std::size_t swarm = 0;
};

class Checker {
public:
    virtual ~Checker() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;
    virtual void on_process(std::size_t node);  // a new process of the node begins
    virtual void on_event(std::size_t node, Instant at, const Event& event);
    virtual void on_truth_change(const TruthChange& change);
    virtual void on_snapshot(const Snapshot& snapshot);
    virtual void on_dial(std::size_t node, Instant at, const Endpoint& to);
    void report_to(std::vector<Violation>* violations) { violations_ = violations; }

    static constexpr std::size_t violations_max = 100;  // of one run; later ones are dropped

protected:
    void report(std::size_t node, Instant at, std::string what);

private:
    std::vector<Violation>* violations_ = nullptr;
};

// What checkers know about a run.
struct CheckerContext {
    OverlayOptions options;  // of every node
    // Longest time that an honest message may travel: a stall, a cut that heals, retransmissions. The receiver
    // cannot know that its content is older by that much.
    Duration transit = std::chrono::seconds{5};
    const EndpointTable* endpoints = nullptr;  // shared by all nodes; counted in the `table_bytes` of each
};

// Calls several checkers and keeps their violations.
class CheckerSet {
public:
    void add(std::unique_ptr<Checker> checker);
    void adopt(Checker& checker) { checker.report_to(&violations_); }  // the caller owns it and calls it
    void on_process(std::size_t node);
    void on_event(std::size_t node, Instant at, const Event& event);
    void on_truth_change(const TruthChange& change);
    void on_snapshot(const Snapshot& snapshot);
    void on_dial(std::size_t node, Instant at, const Endpoint& to);
    [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }

private:
    std::vector<std::unique_ptr<Checker>> checkers_;
    std::vector<Violation> violations_;
};

// Every checker that needs nothing but the context.
void add_all_checkers(CheckerSet& set, const CheckerContext& context);

std::string item_text(const Label& label, const Endpoint& endpoint);  // "chat a.example:80"
std::string seconds_text(Duration span);                              // "12.3 s"
// When the host was last confirmed, as a list shows it: to the second.
Instant confirmed_at(const ListedHost& host, const Snapshot& snapshot);

}  // namespace halp::sim
