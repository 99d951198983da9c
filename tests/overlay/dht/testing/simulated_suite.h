// A fake node and the conformance suite on two hosts of a simulated world.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "overlay/dht/testing/conformance_suite.h"
#include "overlay/dht/testing/fake_node.h"
#include "simulations/world/sim_world.h"
#include "tests/overlay/dht/thin_wire.h"

namespace halp {

inline neo::Credential visitor_credential() {
    neo::Credential visitor{"visitor", {}};
    visitor.secret[0] = 1;
    return visitor;
}

// As strict as a real node, with a second client that may not remove channels.
inline FakeNodeOptions options_under_test() {
    FakeNodeOptions options;
    options.node.permissions.anyone_removes_channels = false;
    options.node.credentials.set(visitor_credential());
    return options;
}

class FakeControl final : public neo::NodeControl {
public:
    explicit FakeControl(FakeNode& fake) : fake_(fake) {}
    bool set_range(const HashRange& range) override {
        fake_.set_range(range);
        return true;
    }
    bool announce_node(const std::array<std::uint8_t, 4>& address, std::uint16_t port,
                       const HashRange& range) override {
        fake_.announce_node(address, port, range);
        return true;
    }
    std::optional<neo::Credential> visitor() const override { return visitor_credential(); }
    bool restart() override {
        fake_.stop();
        fake_.restart();
        return true;
    }

private:
    FakeNode& fake_;
};

struct SimulatedSuite {
    explicit SimulatedSuite(FakeNodeOptions fake_options = options_under_test(), std::size_t bulk = 10'000,
                            DhtObserver* observer = nullptr)
        : node_host(world.add_host(address)),
          suite_host(world.add_host({"10.0.0.2", 1000})),
          legacy_host(world.add_host(legacy_address)),
          wire(world.env(node_host), bytes_per_tick),
          fake(wire.environment(), std::move(fake_options), observer),
          suite(world.env(suite_host), world, options(bulk), &control) {
        wire.attach(fake);
        world.attach(node_host, wire);
        world.attach(legacy_host, fake.open_legacy(world.env(legacy_host)));
        world.attach(suite_host, suite);
    }
    neo::ConformanceOptions options(std::size_t bulk) const {
        neo::ConformanceOptions all;
        all.node = address;
        all.legacy = legacy_address;
        all.bulk = bulk;
        return all;
    }
    neo::Verdict run(std::string_view name) {
        const auto cases = neo::conformance_cases_named(name);
        if (cases.size() != 1) return {name, neo::Verdict::Kind::failed, "there is no such case", {}};
        return suite.run(cases.front());
    }

    // 64 MiB a second, so a stream lasts longer than a control message needs to arrive.
    static constexpr std::size_t bytes_per_tick = std::size_t{64} << 10;

    const Endpoint address{"10.0.0.1", 10100}, legacy_address{"10.0.0.9", 10000};
    SimWorld world{11};
    HostId node_host, suite_host, legacy_host;
    ThinWire wire;
    FakeNode fake;
    FakeControl control{fake};
    neo::ConformanceSuite suite;
};

}  // namespace halp
