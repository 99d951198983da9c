// What a swarm goes through in one run under faults, as data: drawn from a seed, written as a record of plain
// lines, read back, made smaller. A plan and a program give one run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/result.h"
#include "store/time.h"

namespace halp::sim {

// What `amount` says is in brackets. Faults last for `span`; all end at the end of the faults.
enum class StepKind : std::uint8_t {
    loss,        // of every segment [per mille]
    jitter,      // of every segment, so that streams overtake each other [us at most]
    duplicates,  // attempts to connect that come twice [per mille]
    delay,       // of everything to and from node a [us]
    cut,         // a and b, both ways
    one_way,     // from a to b
    partition,   // two islands, each node drawn into one of them [seed of the draw]
    kill,        // a by kill -9, back after span with its disk
    power,       // a loses power: appends may be torn; back after span
    death,       // a is killed and stays away for good
    stall,       // a stands still, as under SIGSTOP
    clock_step,  // the wall clock of a jumps, and back at the end [s]
    drift,       // the wall clock of a gains [ppm]
    disk_full,   // of a; appends leave torn pieces [bytes]
    disk_read_only,
    disk_busy,    // the lock of a's files is held by another process
    disk_broken,  // reading fails too
    // What users do meanwhile.
    announce,     // on node a [number of the item]
    withdraw,     // on node a [number of the item]
    insert,       // a stranger inserts a host that does not exist, by HALP text, at a [number]
    insert_node,  // the same under `halp` [number]
    flood,        // a stranger inserts under many new labels at a [how many]
    query,        // a stranger asks a [number of the label]
};
inline constexpr std::size_t step_kinds = 23;

struct Step {
    Duration at{0};  // from the beginning
    Duration span{0};
    StepKind kind{};
    std::uint32_t a = 0, b = 0;
    std::int64_t amount = 0;
    bool operator==(const Step&) const = default;
};

struct FaultPlan {
    std::uint64_t seed = 1;  // of the world too
    std::size_t nodes = 32;
    Duration faults_for = std::chrono::minutes{8};  // then everything heals
    Duration heal_for = std::chrono::minutes{4};    // and by then the swarm has converged
    Duration period = std::chrono::seconds{1};
    Duration ttl = std::chrono::minutes{1};
    std::vector<Step> steps;  // by time
    bool operator==(const FaultPlan&) const = default;
};

struct PlanSize {
    std::uint64_t seed = 1;
    std::size_t nodes = 32;
    Duration faults_for = std::chrono::minutes{8};
};
inline constexpr std::size_t plan_nodes_max = 10'000, plan_steps_max = 100'000;

FaultPlan draw_plan(const PlanSize& size);

std::string_view kind_name(StepKind kind);
std::string step_text(const Step& step);  // "12.500 s kill node 3 for 20.000 s": one fault of a plan, for people

// The record: a first line that says what it is, settings, one line per step. Comments begin with '#'.
inline constexpr std::string_view fault_record_begins = "halp-sim-faults 1";
std::string write_plan(const FaultPlan& plan);
[[nodiscard]] Result<FaultPlan> read_plan(std::string_view text);
// Records of other kinds begin differently.
[[nodiscard]] bool is_fault_record(std::string_view text);

}  // namespace halp::sim
