// A seeded Random for tests: splitmix64 (Steele, Lea, Flood, OOPSLA 2014), so a failing seed can be run again.
#pragma once

#include <cstdint>

#include "overlay/environment.h"

namespace halp::test {

class Dice final : public Random {
public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() override {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t state_;
};

}  // namespace halp::test
