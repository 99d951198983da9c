// `halp dht fake`: a node for tests, in memory, until Ctrl-C.
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>

#include "overlay/dht/fake_node.h"
#include "tools/halp/dht_verbs.h"
#include "tools/halp/dht_world.h"

namespace halp::cli {
namespace {

constexpr std::size_t connections_max = 5000;
constexpr std::uint16_t neo_above_legacy = 100;

}  // namespace

ExitCode run_dht_fake(const CommandLine& command, Console& console) {
    DhtWorld around(connections_max);
    FakeNode fake(around.doors(), FakeNodeOptions(), nullptr, &around.world.backlog());
    // Writes gather in the store until the deadline that it gives the event loop.
    fake.store_faults().write_delay = command.dht.flush_interval;
    around.world.attach(fake, &fake);
    const std::uint16_t wanted = command.dht.port;
    const auto port = static_cast<std::uint16_t>(wanted == 0 ? 0 : wanted + neo_above_legacy);
    const Result<Endpoint> at = around.world.listen({"127.0.0.1", port});
    if (!at) return console.fail(ExitCode::failed, at.error().message);
    if (console.style().json)
        console.line("{\"neo\":\"" + at->text() + "\"}");
    else
        console.line("neo " + at->text());
    console.say("a fake node for the client `admin` with 128 zero bytes; nothing is kept. Ctrl-C ends it.");

    ExitCode code = ExitCode::ok;
    const auto stop = [&](ExitCode with) {
        code = with;
        around.world.stop();
    };
    around.world.on_signal(SIGINT, [&] { stop(ExitCode::interrupted); });
    around.world.on_signal(SIGTERM, [&] { stop(ExitCode::ok); });
    around.world.run();
    return code;
}

}  // namespace halp::cli
