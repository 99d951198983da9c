// Facts of the last while, by hash, so that news is passed on once. The memory is bounded: there are two
// generations, and the older one is forgotten as a whole when the younger is full. A generation is sorted by a hash
// of 32 bits and takes about seven bytes a fact: of half a thousand facts, two have the same hash once in 30 000
// runs, and then one of them counts as told. Times are kept to 1/30000 of the span. Most parts that keep facts
// never note one, so the generations are made with the first fact.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "store/hash.h"
#include "store/tight_growth.h"
#include "store/time.h"

namespace halp {

class RecentFacts {
public:
    RecentFacts(std::size_t facts_max, Duration kept)
        : generation_max_(static_cast<std::uint32_t>(facts_max / 2)),
          tick_(std::max<Duration>(kept / kept_ticks, Duration{1})) {}

    // Notes the fact. True when it was not noted within `kept`, or was forgotten: the last facts_max / 2 facts are
    // always remembered, and never more than facts_max.
    bool first(std::uint64_t fact, Instant now) {
        if (!facts_) facts_ = std::make_unique<Facts>();
        Generation& young = facts_->young;
        Generation& old = facts_->old;
        const Stamp stamp = stamp_of(now);
        const Key key = key_of(fact);
        if (Stamp* noted = young.find(key)) return long_ago(std::exchange(*noted, stamp), stamp);
        const Stamp* noted = old.find(key);
        const bool again = !noted || long_ago(*noted, stamp);
        // The new generation begins without memory: in a calm swarm it stays small.
        if (young.keys.size() >= generation_max_) old = std::exchange(young, {});
        young.add(key, stamp);
        return again;
    }
    void forget(std::uint64_t fact) {
        if (!facts_) return;
        for (Generation* generation : {&facts_->young, &facts_->old})
            if (Stamp* stamp = generation->find(key_of(fact))) *stamp = forgotten;
    }
    [[nodiscard]] std::size_t size() const {  // those of forget() included
        return facts_ ? facts_->young.keys.size() + facts_->old.keys.size() : 0;
    }

private:
    using Key = std::uint32_t;
    using Stamp = std::uint16_t;  // ticks since origin_
    static constexpr Stamp forgotten = 0;
    static constexpr std::int64_t kept_ticks = 30000;
    static constexpr std::int64_t stamps = 65536;

    struct Generation {
        std::vector<Key> keys;  // in order
        std::vector<Stamp> when;

        [[nodiscard]] std::size_t place(Key key) const {
            return static_cast<std::size_t>(std::lower_bound(keys.begin(), keys.end(), key) - keys.begin());
        }
        Stamp* find(Key key) {
            const std::size_t at = place(key);
            return at < keys.size() && keys[at] == key ? &when[at] : nullptr;
        }
        void add(Key key, Stamp stamp) {
            const std::size_t at = place(key);
            insert_tightly(keys, at, key);
            insert_tightly(when, at, stamp);
        }
        void age(std::int64_t ticks) {
            bool any = false;
            for (Stamp& stamp : when) {
                stamp = stamp > ticks ? static_cast<Stamp>(stamp - ticks) : forgotten;
                any = any || stamp != forgotten;
            }
            if (!any) *this = {};
        }
    };
    struct Facts {
        Instant origin = never;
        Generation young, old;
    };
    static Key key_of(std::uint64_t fact) { return static_cast<Key>(mix(fact) >> 32); }
    static bool long_ago(Stamp then, Stamp now) { return then == forgotten || now - then > kept_ticks; }

    // Moves the origin when the stamps are used up. What becomes `forgotten` by that is older than the span.
    Stamp stamp_of(Instant now) {
        Instant& origin = facts_->origin;
        if (origin == never) origin = now - tick_;
        std::int64_t ticks = (now - origin) / tick_;
        if (ticks >= stamps) {
            const std::int64_t moved = ticks - (stamps - kept_ticks) / 2;
            for (Generation* generation : {&facts_->young, &facts_->old}) generation->age(moved);
            origin += moved * tick_;
            ticks -= moved;
        }
        return static_cast<Stamp>(std::max<std::int64_t>(ticks, 1));
    }

    std::uint32_t generation_max_;
    Duration tick_;
    std::unique_ptr<Facts> facts_;  // null: none was noted
};

}  // namespace halp
