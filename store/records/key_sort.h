// Sorts keys with places. Random keys, as hashes are, take two passes over them and no comparisons to speak of; for
// others it is a sort of each run of keys that are alike in their upper bits.
#pragma once

#include <cstdint>
#include <vector>

#include "store/records/record_index.h"

namespace halp {

struct PlacedKey {
    std::uint64_t key = 0;
    RecordPlace place{};
};

// Equal keys stay in their order.
void sort_by_key(std::vector<PlacedKey>& keys);

}  // namespace halp
