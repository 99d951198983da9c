// The fault plan of one run as data: drawn from a seed, written as lines of text, read back, made smaller. The same
// plan and program give the same run (simulations/faults/README.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/result.h"
#include "store/time.h"

namespace halp::sim {

// The meaning of `amount` is in brackets. A fault lasts for `span`; all faults end with the first phase of the run.
enum class StepKind : std::uint8_t {
    loss,          // of every segment [per mille]
    jitter,        // of every segment, so that streams overtake each other [largest, us]
    duplicates,    // connection attempts that arrive twice [per mille]
    delay,         // of every segment to and from node a [us]
    cut,           // between a and b, in both directions
    one_way,       // from a to b
    partition,     // two islands, each node drawn into one of them [seed of the draw]
    kill,          // a by kill -9, back after span with its disk
    power,         // a loses power: appends may be torn; back after span
    death,         // a is killed and does not come back
    stall,         // a does not run, as under SIGSTOP
    suspend,       // the machine of a sleeps, and its clocks go on
    starve,        // some turns of a begin late [longest delay, ms]
    clock_step,    // the wall clock of a jumps, and back at the end; at 0: before the node starts [s]
    clock_wrong,   // the same, and nobody sets it right [s]
    drift,         // the wall clock of a gains [ppm]
    kill_write,    // a is killed at a change of its files, which does not happen [which one]; back after span
    leave,         // a leaves in order; back after span
    alone,         // a is killed; back after span with its disk and without seeds
    other_swarm,   // a restarts in another swarm with its disk, and after span back at home
    port_taken,    // a is killed, and a server that is no node has its port for the span [kind of server]
    move,          // a gets a new address [number of the address]
    inherit,       // the same, and after span b gets the former address of a
    clone,         // b restarts as a copy of a, with its disk and random number; after span as itself
    same_address,  // a and b restart and advertise the address of a; after span each its own
    disk_full,     // of a; appends leave torn pieces [bytes]
    disk_read_only,
    disk_busy,    // another process holds the lock of a's files
    disk_broken,  // reading fails as well
    // Actions of users.
    announce,     // on node a [number of the item]
    withdraw,     // on node a [number of the item]
    insert,       // a stranger inserts a host that does not exist at a, by HALP text [number]
    insert_node,  // the same under `halp` [number]
    flood,        // a stranger inserts under many new labels at a [number of labels]
    query,        // a stranger queries a [number of the label]
    // What a hostile node does to all others, once a period.
    made_up_nodes,      // it tells of nodes that do not exist [how many]
    made_up_graves,     // it tells that such nodes left [how many]
    false_versions,     // it tells of versions of a that a did not choose, the last one among them
    false_withdrawals,  // it withdraws whatever is announced
    false_leave,        // another program on the machine of a says that it is a, and leaves
    false_witness,      // it tells whoever calls it that they are at the address of a
    insert_flood,       // it inserts hosts under `halp` and ten of 400 labels [how many hosts]
};
inline constexpr std::size_t step_kinds = 42;

struct Step {
    Duration at{0};  // since the beginning of the run
    Duration span{0};
    StepKind kind{};
    std::uint32_t a = 0, b = 0;
    std::int64_t amount = 0;
    bool operator==(const Step&) const = default;
};

struct FaultPlan {
    std::uint64_t seed = 1;  // also of the world
    std::size_t nodes = 32;
    Duration faults_for = std::chrono::minutes{8};  // the first phase; then everything heals
    Duration heal_for = std::chrono::minutes{4};    // deadline for convergence after that
    Duration period = std::chrono::seconds{1};
    Duration ttl = std::chrono::minutes{1};
    std::vector<Step> steps;  // by time
    bool operator==(const FaultPlan&) const = default;
};

struct PlanSize {
    std::uint64_t seed = 1;
    std::size_t nodes = 32;
    Duration faults_for = std::chrono::minutes{8};
    std::vector<StepKind> kinds{};  // of faults that may be drawn; empty: all
    bool hostile = false;           // draw what hostile nodes do, too
};
inline constexpr std::size_t plan_nodes_max = 10'000, plan_steps_max = 100'000;

FaultPlan draw_plan(const PlanSize& size);

std::string_view kind_name(StepKind kind);
// Names of faults with commas between, for PlanSize::kinds.
[[nodiscard]] Result<std::vector<StepKind>> read_kinds(std::string_view names);
[[nodiscard]] bool needs_two(StepKind kind);      // nodes
[[nodiscard]] bool is_of_network(StepKind kind);  // between all nodes
[[nodiscard]] bool is_clock_fault(StepKind kind);
[[nodiscard]] bool is_user_action(StepKind kind);
[[nodiscard]] bool is_hostile(StepKind kind);
std::string step_text(const Step& step);  // for people: "12.500 s kill node 3 for 20.000 s"

// A written plan: a first line that names the format, settings, one line per step. Comments begin with '#'.
inline constexpr std::string_view fault_record_begins = "halp-sim-faults 1";
std::string write_plan(const FaultPlan& plan);
[[nodiscard]] Result<FaultPlan> read_plan(std::string_view text);
// True when the text begins with fault_record_begins.
[[nodiscard]] bool is_fault_record(std::string_view text);

}  // namespace halp::sim
