// A fake node and the conformance suite in one process, with real sockets between them.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "overlay/dht/testing/conformance_suite.h"
#include "overlay/libevent/runner.h"
#include "overlay/libevent/world.h"
#include "tests/overlay/dht/testing/simulated_suite.h"

namespace halp {

struct LoopbackSuite {
    LoopbackSuite() {
        wire.attach(fake);
        node_world.attach(wire);
        options.node = node_world.listen({"127.0.0.1", 0}).value();
        suite = std::make_unique<neo::ConformanceSuite>(client_world.environment(), runner, options, &control);
        client_world.attach(*suite);
    }
    neo::Verdict run(std::string_view name) { return suite->run(neo::conformance_cases_named(name).at(0)); }

    LibeventWorld client_world{limits_for_streaming(1000)};
    LibeventWorld node_world{limits_for_streaming(1000), client_world.base()};
    LibeventRunner runner{client_world};
    ThinWire wire{node_world.environment(), std::size_t{1} << 20};
    FakeNode fake{wire.environment(), options_under_test()};
    FakeControl control{fake};
    neo::ConformanceOptions options;
    std::unique_ptr<neo::ConformanceSuite> suite;
};

}  // namespace halp
