#include "tools/halpd/services/service_keeper.h"

#include <event2/event.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "overlay/libevent/loop_calls.h"
#include "tools/halpd/admin/admin_json.h"

namespace halp {
namespace {

// The node may not know its address yet, or another one has room later.
constexpr Duration announce_retry = std::chrono::seconds{1};

std::string words_of(const config::ServiceSettings& service) {
    return service.label + " " + service.host + ":" + std::to_string(service.port);
}

std::string_view name_of(config::ServiceSettings::Check check) {
    constexpr std::array<std::string_view, 4> names{"none", "tcp", "http", "command"};
    return names[static_cast<std::size_t>(check)];
}

// A command may hold a password, and who may read the status need not know it.
std::string shown_target(const config::ServiceSettings& service) {
    return service.check() == config::ServiceSettings::Check::command ? std::string{} : service.target();
}

}  // namespace

ServiceKeeper::~ServiceKeeper() { stop(); }

void ServiceKeeper::stop() {
    for (Service& service : services_) {
        service.check.reset();
        if (service.timer != nullptr) event_free(std::exchange(service.timer, nullptr));
    }
}

void ServiceKeeper::configure(const std::vector<config::ServiceSettings>& services) {
    for (auto kept = services_.begin(); kept != services_.end();) {
        if (std::ranges::find(services, kept->settings) != services.end()) {
            ++kept;
            continue;
        }
        end(*kept);
        kept = services_.erase(kept);
    }
    for (const config::ServiceSettings& wanted : services) {
        if (std::ranges::find(services_, wanted, &Service::settings) != services_.end()) continue;
        Service& service = services_.emplace_back();
        service.keeper = this;
        service.settings = wanted;
        service.label = *Label::parse(wanted.label);
        begin(service);
    }
}

void ServiceKeeper::begin(Service& service) {
    service.since = parts_.clock.now();
    service.timer = new_event(
        parts_.base, -1, 0,
        [](evutil_socket_t, short, void* of) {
            auto* due_service = static_cast<Service*>(of);
            due_service->keeper->due(*due_service);
        },
        &service);
    wait(service, Duration{0});
}

void ServiceKeeper::wait(Service& service, Duration span) {
    if (service.timer != nullptr) set_timer(service.timer, span);
}

void ServiceKeeper::end(Service& service) {
    service.check.reset();
    if (service.timer != nullptr) event_free(std::exchange(service.timer, nullptr));
    withdraw(service);
}

void ServiceKeeper::due(Service& service) {
    service.check.reset();  // it has ended
    if (service.settings.check() == config::ServiceSettings::Check::none) {
        set_state(service, State::passing);
        announce(service);
        if (!service.announced) wait(service, announce_retry);
        return;
    }
    ++service.runs;
    service.check = ServiceCheck::start(parts_.base, service.settings, [&service](Result<void> outcome) {
        service.keeper->checked(service, outcome);
    });
}

// Called by the check, which is destroyed later: at the next run.
void ServiceKeeper::checked(Service& service, const Result<void>& outcome) {
    service.why = outcome ? "" : outcome.error().message;
    if (!outcome) ++service.failures;
    set_state(service, outcome ? State::passing : State::failing);
    if (outcome)
        announce(service);
    else
        withdraw(service);
    const bool not_announced = outcome && !service.announced;
    wait(service, not_announced ? std::min(service.settings.interval, announce_retry) : service.settings.interval);
}

void ServiceKeeper::set_state(Service& service, State state) {
    if (service.state == state) return;
    service.state = state;
    service.since = parts_.clock.now();
    const bool passes = state == State::passing;
    if (service.settings.check() == config::ServiceSettings::Check::none) return;
    parts_.log.write(passes ? LogLevel::info : LogLevel::warn, passes ? "service_passing" : "service_failing",
                     "service " + words_of(service.settings) +
                         (passes ? ": its check passes" : ": its check fails: " + service.why),
                     Json::object()
                         .set("label", service.settings.label)
                         .set("host", service.settings.host)
                         .set("port", service.settings.port)
                         .set("why", service.why));
}

// Once: a node renews what it announces by itself.
void ServiceKeeper::announce(Service& service) {
    if (service.announced) return;
    const config::ServiceSettings& wanted = service.settings;
    const auto port = static_cast<std::uint16_t>(wanted.port);
    Result<void> done;
    if (wanted.host.empty()) {
        if (const Result<Endpoint> here = parts_.node.announce_here(service.label, port, wanted.tags); !here)
            done = here.error();
    } else {
        done = parts_.node.announce(service.label, {wanted.host, port}, wanted.tags);
    }
    service.announced = done.has_value();
    service.why = done ? "" : done.error().message;
}

void ServiceKeeper::withdraw(Service& service) {
    if (!std::exchange(service.announced, false)) return;
    const auto port = static_cast<std::uint16_t>(service.settings.port);
    // False: somebody has withdrawn it over the admin socket.
    static_cast<void>(service.settings.host.empty()
                          ? parts_.node.withdraw_here(service.label, port)
                          : parts_.node.withdraw(service.label, {service.settings.host, port}));
}

Json ServiceKeeper::status() const {
    constexpr std::array<std::string_view, 3> states{"waiting", "passing", "failing"};
    Json list = Json::array();
    for (const Service& service : services_)
        list.push(Json::object()
                      .set("label", service.settings.label)
                      .set("host", service.settings.host)
                      .set("port", service.settings.port)
                      .set("tags", json_of_tags(service.settings.tags))
                      .set("check", name_of(service.settings.check()))
                      .set("target", shown_target(service.settings))
                      .set("state", states[static_cast<std::size_t>(service.state)])
                      .set("since_s", seconds_json(parts_.clock.now() - service.since))
                      .set("announced", service.announced)
                      .set("why", service.why)
                      .set("runs", service.runs)
                      .set("failures", service.failures));
    return list;
}

}  // namespace halp
