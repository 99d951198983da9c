// The random stream of one host. It is a function of (seed, stream) only, so that adding a host does not change the
// draws of the others. SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), with eight bytes of state.
#pragma once

#include <cstdint>

#include "overlay/environment.h"

namespace halp {

constexpr std::uint64_t mix_words(std::uint64_t word) {
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9U;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebU;
    return word ^ (word >> 31);
}

constexpr std::uint64_t mix_words(std::uint64_t a, std::uint64_t b) {
    return mix_words(mix_words(a + 0x9e3779b97f4a7c15U) ^ (b + 0xd1b54a32d192ed03U));
}

class SimRandom final : public Random {
public:
    SimRandom(std::uint64_t seed, std::uint64_t stream) : state_(mix_words(seed, stream)) {}
    std::uint64_t next() override { return mix_words(state_ += 0x9e3779b97f4a7c15U); }

private:
    std::uint64_t state_;
};

}  // namespace halp
