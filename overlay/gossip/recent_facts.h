// Facts of the last while, by hash, so that news is passed on once. The memory is bounded: there are two
// generations, and the older one is forgotten as a whole when the younger is full, so a fact costs the same however
// many there are. Each generation is an open-addressed table of at most 24 bytes a fact.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "store/hash.h"
#include "store/time.h"

namespace halp {

class RecentFacts {
public:
    RecentFacts(std::size_t facts_max, Duration kept) : generation_max_(facts_max / 2), kept_(kept) {}

    // Notes the fact. True when it was not noted within `kept`, or was forgotten: the last facts_max / 2 facts are
    // always remembered, and never more than facts_max.
    bool first(std::uint64_t fact, Instant now) {
        const std::uint64_t key = key_of(fact);
        if (Slot* young = young_.find(key)) {
            const bool again = now - young->at > kept_;
            young->at = now;
            return again;
        }
        const Slot* old = old_.find(key);
        const bool again = !old || now - old->at > kept_;
        if (young_.count >= generation_max_) {
            std::swap(old_, young_);
            young_.clear();
        }
        young_.add({key, now});
        return again;
    }
    void forget(std::uint64_t fact) {
        for (Generation* generation : {&young_, &old_})
            if (Slot* slot = generation->find(key_of(fact))) slot->at = never;
    }
    [[nodiscard]] std::size_t size() const { return young_.count + old_.count; }  // those of forget() included

private:
    struct Slot {
        std::uint64_t key = 0;  // 0: free
        Instant at = never;
    };
    // Linear probing at a load of at most 3/4. Only clear() removes anything.
    struct Generation {
        std::vector<Slot> slots;
        std::size_t count = 0;

        Slot* find(std::uint64_t key) {
            if (slots.empty()) return nullptr;
            for (std::size_t at = key & (slots.size() - 1);; at = (at + 1) & (slots.size() - 1)) {
                if (slots[at].key == key && slots[at].at != never) return &slots[at];
                if (slots[at].key == 0) return nullptr;
            }
        }
        void add(const Slot& slot) {
            if (4 * (count + 1) > 3 * slots.size()) {
                std::vector<Slot> before(slots.empty() ? 16 : 2 * slots.size());
                before.swap(slots);
                for (const Slot& s : before)
                    if (s.key != 0) place(s);
            }
            place(slot);
            ++count;
        }
        void clear() {
            slots.clear();
            count = 0;
        }

    private:
        void place(const Slot& slot) {
            std::size_t at = slot.key & (slots.size() - 1);
            while (slots[at].key != 0) at = (at + 1) & (slots.size() - 1);
            slots[at] = slot;
        }
    };
    static std::uint64_t key_of(std::uint64_t fact) { return mix(fact) | std::uint64_t{1} << 63; }

    std::size_t generation_max_;
    Duration kept_;
    Generation young_, old_;
};

}  // namespace halp
