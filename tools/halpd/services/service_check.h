// One run of the check of a service: a connection, a request by HTTP, or a command. It never waits in the loop,
// ends in its time, and reads a bounded number of bytes. A command has a process group of its own, which is ended
// with it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/service_settings.h"
#include "store/result.h"

struct event_base;

namespace halp {

class ServiceCheck {
public:
    // Called once, from the loop, unless the check is destroyed before. The error says why it failed.
    using Done = std::function<void(Result<void>)>;
    // The service has a check.
    [[nodiscard]] static std::unique_ptr<ServiceCheck> start(event_base* base,
                                                             const config::ServiceSettings& service, Done done);
    virtual ~ServiceCheck() = default;
};

}  // namespace halp
