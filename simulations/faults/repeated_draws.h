// Remembers what a node draws while it is constructed (its random number among it), or gives a node the draws of
// another one: then the second is a copy of the first, as a virtual machine that was cloned while it ran.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "overlay/environment.h"

namespace halp::sim {

class RepeatedDraws final : public Random {
public:
    RepeatedDraws(Random& inner, std::vector<std::uint64_t> first) : inner_(inner), first_(std::move(first)) {}
    std::uint64_t next() override {
        const std::uint64_t word = used_ < first_.size() ? first_[used_++] : inner_.next();
        if (remembers_) drawn_.push_back(word);
        return word;
    }
    void constructed() {
        remembers_ = false;
        first_.clear();
        used_ = 0;
    }
    [[nodiscard]] const std::vector<std::uint64_t>& drawn() const { return drawn_; }

private:
    Random& inner_;
    std::vector<std::uint64_t> first_, drawn_;
    std::size_t used_ = 0;
    bool remembers_ = true;
};

}  // namespace halp::sim
