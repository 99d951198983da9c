// The services of the configuration: each is announced while its check passes, and withdrawn while it fails. One
// without a check is announced all the time.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "config/service_settings.h"
#include "overlay/environment.h"
#include "overlay/node/overlay_node.h"
#include "tools/halpd/log/log.h"
#include "tools/halpd/services/service_check.h"
#include "tools/program/json.h"

struct event;
struct event_base;

namespace halp {

class ServiceKeeper {
public:
    struct Parts {
        event_base* base;
        OverlayNode& node;
        const Clock& clock;
        Log& log;
    };
    explicit ServiceKeeper(Parts parts) : parts_(parts) {}
    ~ServiceKeeper();
    ServiceKeeper(const ServiceKeeper&) = delete;
    ServiceKeeper& operator=(const ServiceKeeper&) = delete;

    // At the start and at a reload. A service that stays as it is keeps its state; one that is gone is withdrawn.
    void configure(const std::vector<config::ServiceSettings>& services);
    // No check runs any more; what is announced stays until the node leaves.
    void stop();
    [[nodiscard]] Json status() const;

private:
    enum class State : std::uint8_t { waiting, passing, failing };
    struct Service {
        ServiceKeeper* keeper = nullptr;
        config::ServiceSettings settings;
        Label label = Label::labels();
        State state = State::waiting;
        bool announced = false;
        std::string why;  // it fails, or is not announced
        Instant since = never;
        std::uint64_t runs = 0, failures = 0;
        event* timer = nullptr;
        std::unique_ptr<ServiceCheck> check{};
    };
    void begin(Service& service);
    void end(Service& service);
    void due(Service& service);
    void checked(Service& service, const Result<void>& outcome);
    void set_state(Service& service, State state);
    void announce(Service& service);
    void withdraw(Service& service);
    static void wait(Service& service, Duration span);

    Parts parts_;
    std::list<Service> services_;
};

}  // namespace halp
