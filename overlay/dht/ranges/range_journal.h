// The range of a node and the redistribution that it is in, kept over restarts in one small file. The file, not the
// record store, says which keys the node answers for; it is replaced before the node acts on a change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "overlay/dht/wire/legacy_codec.h"
#include "overlay/environment.h"
#include "store/records/hash_range.h"
#include "store/records/record_store.h"
#include "store/result.h"

namespace halp {

// What a Redistribute has asked for, or this node by itself.
struct RangeTask {
    enum class Why : std::uint8_t {
        asked,    // by a Redistribute; it goes on until it is done
        shared,   // another node wanted half of the range; dropped when it does not take it
        leaving,  // this node ends; a restarted node stays
        overlap,  // another node answers for the same keys
    };
    HashRange was;  // before it; what is taken over from other nodes meanwhile does not leave
    HashRange wanted;
    std::vector<legacy::Takeover> takers;
    Why why = Why::asked;
};

// A part that this node has given up, and of which it does not know yet that the other node has it.
struct RangePassing {
    std::uint64_t token = 0;
    bool plain = false;  // the other node has the range, and the records follow
    HashRange part;
    legacy::Takeover to;
    bool fill = false;  // it is no original, and has records of the part: they stay (handover_wire.h, fill)
};

struct RangeState {
    static constexpr std::size_t adopted_max = 64, given_max = 64;

    HashRange configured = HashRange::full();  // by the settings, when the range was last taken from them
    HashRange own = HashRange::full();         // the keys that the node answers for
    HashRange held = HashRange::full();        // records in it stay where they are; contains `own`
    std::optional<RangeTask> task;
    std::optional<RangePassing> passing;
    std::vector<HashRange> handed;        // parts that other nodes have taken over; their records are to be removed
    std::vector<legacy::Takeover> given;  // who was handed which part, newest last; no originals
    std::vector<std::uint64_t> adopted;   // tokens of the parts that were taken over from others, newest last
};

class RangeJournal {
public:
    static constexpr std::string_view file_name = "served-range";

    // `storage` may be null: nothing is kept. If the settings have changed since the file was written, they win,
    // and a redistribution is forgotten.
    [[nodiscard]] static Result<RangeJournal> open(Storage* storage, const HashRange& configured);
    // Of a node that finds its range by itself: `kept` if there is no file, and what the file has else.
    [[nodiscard]] static Result<RangeJournal> open_automatic(Storage* storage, const HashRange& kept);
    explicit RangeJournal(const HashRange& range) { state_.configured = state_.own = state_.held = range; }

    [[nodiscard]] const RangeState& state() const { return state_; }
    // On failure the old state stays.
    [[nodiscard]] Result<void> save(RangeState next);
    // The settings have this range from now on, and so has the node.
    [[nodiscard]] Result<void> configure(const HashRange& range);
    // Whether open() found another range in the settings than before.
    [[nodiscard]] bool settings_changed() const { return settings_changed_; }

    // Before the first request: records that are not held are set aside. A sweep of very many may be left over.
    [[nodiscard]] Result<void> begin(RecordStore& store) const { return store.set_range(state_.held); }

private:
    RangeState state_;
    Storage* storage_ = nullptr;
    bool settings_changed_ = false;
};

[[nodiscard]] std::string format_range_state(const RangeState& state);
[[nodiscard]] Result<RangeState> parse_range_state(std::string_view text);

}  // namespace halp
