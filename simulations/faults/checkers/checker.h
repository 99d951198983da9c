// What must hold of every node at every instant, faults or not. A checker is told what nodes note, what was done to
// them, and what each node says of itself when asked (a Look); it reports and never acts. Looks are values, so a
// test shows a checker a node that is wrong by writing one down.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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

// The answers of one node at one instant, all by its public queries.
struct Look {
    std::size_t node = 0;
    Instant at{};
    UnixSeconds wall{0};                                           // of that node
    std::vector<std::pair<Label, std::vector<ListedHost>>> lists;  // `halp` first
    std::vector<std::pair<Label, std::size_t>> directories;        // how many names
    std::vector<PeerStatus> peers;
    std::vector<OwnAnnouncement> announcements;
    NodeStatus status;
};
Look look_at(std::size_t node, const OverlayNode& overlay, Instant at, UnixSeconds wall);

// The truth: an item (a node itself: under `halp`) is there from now on, or is not any more.
struct Deed {
    enum class Kind : std::uint8_t { appeared, vanished, withdrawn };
    Kind kind{};
    std::size_t node = 0;
    Instant at{};
    OwnAnnouncement item;
};

class Checker {
public:
    virtual ~Checker() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;
    virtual void on_event(std::size_t node, Instant at, const Event& event);
    virtual void on_deed(const Deed& deed);
    virtual void on_look(const Look& look);
    void tell(std::vector<Violation>* violations) { violations_ = violations; }

    static constexpr std::size_t violations_max = 100;  // of one run; what comes later is not kept

protected:
    void report(std::size_t node, Instant at, std::string what);

private:
    std::vector<Violation>* violations_ = nullptr;
};

// What checkers need to know of a run.
struct Bounds {
    OverlayOptions options;  // of every node
    // How long an honest message may be under way: a stall, a cut that heals, retransmissions. What it says is
    // older by that much than the receiver can know.
    Duration transit = std::chrono::seconds{5};
    const EndpointTable* endpoints = nullptr;  // shared by all nodes, part of their `table_bytes`
};

// Several as one; keeps what they report.
class CheckerSet {
public:
    void add(std::unique_ptr<Checker> checker);
    void adopt(Checker& checker) { checker.tell(&violations_); }  // of one that somebody else keeps and calls
    void on_event(std::size_t node, Instant at, const Event& event);
    void on_deed(const Deed& deed);
    void on_look(const Look& look);
    [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }

private:
    std::vector<std::unique_ptr<Checker>> checkers_;
    std::vector<Violation> violations_;
};

// All that need no more than this.
void add_all_checkers(CheckerSet& set, const Bounds& bounds);

std::string item_text(const Label& label, const Endpoint& endpoint);  // "chat a.example:80"
std::string seconds_text(Duration span);                              // "12.3 s"
// When the host was last confirmed, as a list shows it; a second is as fine as it gets.
Instant confirmed_at(const ListedHost& host, const Look& look);

}  // namespace halp::sim
