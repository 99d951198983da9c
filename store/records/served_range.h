// The part of the key space that a node serves, and what a change of it does to the records. Those outside of the
// old range or of the new one are stale: while this node does not serve a key, another node may change it, and no
// node can know whether one did. So they are set aside and never shown again. Until they are, the node serves what
// both ranges have in common.
#pragma once

#include "store/records/hash_range.h"

namespace halp {

struct ServedRange {
    HashRange now = HashRange::full();
    HashRange next = HashRange::full();  // served when the stale records are set aside
    bool stale = false;                  // records out of `now` may still stand among the others

    [[nodiscard]] ServedRange moved_to(const HashRange& wanted) const {
        const HashRange common = now.common(wanted);
        if (!stale && common == now) return {wanted, wanted, false};  // it only grows
        return {common, wanted, true};
    }
    [[nodiscard]] ServedRange all_set_aside() const { return {next, next, false}; }

    bool operator==(const ServedRange&) const = default;
};

}  // namespace halp
