// Runs straight-line code on a libevent world until Ctrl-C. After an interrupt every wait ends.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>

#include "overlay/libevent/runner.h"
#include "tools/halp/interrupt.h"

namespace halp::cli {

class InterruptibleRunner final : public WorldRunner {
public:
    explicit InterruptibleRunner(LibeventWorld& world) : world_(world), runner_(world) {}

    // Also returns false soon after an interrupt. Precondition: interrupt::prepare() was called.
    bool run_until(const std::function<bool()>& done, Duration span) override {
        const Instant deadline = world_.clock().now() + span;
        while (interrupt::cause() == interrupt::Cause::none) {
            const Duration left = std::max(deadline - world_.clock().now(), Duration{0});
            if (runner_.run_until(done, std::min(left, slice))) return true;
            if (left <= slice) return false;
        }
        return false;
    }

private:
    static constexpr Duration slice = std::chrono::milliseconds{100};  // because a signal does not wake the loop
    LibeventWorld& world_;
    LibeventRunner runner_;
};

}  // namespace halp::cli
