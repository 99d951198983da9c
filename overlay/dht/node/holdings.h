// The bytes that the requests of one connection keep in memory: parameters, filters, values, queued updates. The
// session ends a connection whose requests hold more than the limit. Output that waits for a slow reader has a
// limit of its own (SessionLimits::output_bytes_max).
#pragma once

#include <cstddef>

namespace halp::neo {

class Holdings {
public:
    explicit Holdings(std::size_t bytes_max) : bytes_max_(bytes_max) {}
    [[nodiscard]] bool has_room(std::size_t bytes) const { return bytes_ + bytes <= bytes_max_; }
    [[nodiscard]] bool over() const { return bytes_ > bytes_max_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    friend class HoldingsShare;
    std::size_t bytes_ = 0;
    const std::size_t bytes_max_;
};

// One request's share of Holdings, released by its destructor.
class HoldingsShare {
public:
    explicit HoldingsShare(Holdings& all) : all_(all) {}
    ~HoldingsShare() { set(0); }
    HoldingsShare(const HoldingsShare&) = delete;
    HoldingsShare& operator=(const HoldingsShare&) = delete;
    void set(std::size_t bytes) {
        all_.bytes_ = all_.bytes_ - bytes_ + bytes;
        bytes_ = bytes;
    }
    [[nodiscard]] bool has_room(std::size_t more) const { return all_.has_room(more); }

private:
    Holdings& all_;
    std::size_t bytes_ = 0;
};

}  // namespace halp::neo
