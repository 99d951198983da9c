// Tells systemd how the daemon is (sd_notify(3)): one datagram to the socket that NOTIFY_SOCKET names. Without
// it, nothing happens.
#pragma once

#include <string>
#include <string_view>

#include "store/time.h"

namespace halp {

class ServiceManager {
public:
    ServiceManager();  // reads NOTIFY_SOCKET and WATCHDOG_USEC

    void ready(std::string_view status) const;
    void reloading(Instant now) const;
    void stopping() const;
    void stopping_within(Duration span) const;  // may take longer than TimeoutStopSec says
    void alive() const;
    // Half of the interval within which systemd expects alive(). Zero: it expects nothing.
    [[nodiscard]] Duration watchdog_interval() const { return watchdog_interval_; }

private:
    void tell(std::string_view message) const;

    std::string address_;
    Duration watchdog_interval_{0};
};

}  // namespace halp
