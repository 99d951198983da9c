// `halp dht fake`: a node in memory for tests. It runs until Ctrl-C.
#include <csignal>
#include <string>

#include "overlay/dht/libevent/dht_environment.h"
#include "tools/halp/dht/dht_verbs.h"

namespace halp::cli {

ExitCode run_dht_fake(const CommandLine& command, Console& console) {
    DhtEnvironment fake;
    // Writes are completed at the deadline that the store gives the event loop.
    fake.node().store_faults().write_delay = command.dht.flush_interval;
    if (const auto started = fake.start("127.0.0.1", command.dht.port); !started)
        return console.fail(ExitCode::failed, started.error().message);
    const std::string neo = fake.neo_address().text(), legacy = fake.node_addrport().text();
    const std::string said = console.style().json
                                 ? "{\"schema_version\":1,\"neo\":\"" + neo + "\",\"legacy\":\"" + legacy + "\"}"
                                 : "neo " + neo + "\nlegacy " + legacy;
    // Nobody could reach a node whose address nobody has read.
    if (!console.line(said)) return ExitCode::failed;
    console.say("a fake node for the client `admin` with 128 zero bytes; nothing is kept. Ctrl-C ends it.");

    ExitCode code = ExitCode::ok;
    const auto stop = [&](ExitCode with) {
        code = with;
        fake.world().stop();
    };
    fake.world().on_signal(SIGINT, [&] { stop(ExitCode::interrupted); });
    fake.world().on_signal(SIGTERM, [&] { stop(ExitCode::ok); });
    fake.world().run();
    return code;
}

}  // namespace halp::cli
