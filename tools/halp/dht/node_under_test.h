// The node that a conformance run starts, owns and ends: one process in a fresh directory. Its working directory,
// HOME, the XDG directories and systemd's are there, so that it meets nobody's records, and of configuration only
// /etc.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "overlay/dht/testing/conformance_suite.h"
#include "store/endpoint.h"
#include "store/result.h"
#include "store/time.h"
#include "tools/halp/dht/dht_world.h"
#include "tools/halp/dht/interruptible_runner.h"
#include "tools/program/child_process.h"

namespace halp::cli {

struct NodeUnderTestOptions {
    std::vector<std::string> argv;  // argv[0] an absolute path
    Endpoint at;                    // where it will take connections
    neo::Credential credential;     // tried there
    Duration delay{};               // how long that may take
    bool keeps_records = true;      // behind a kill
    bool keep_directory = false;
};

class NodeUnderTest final : public neo::NodeControl {
public:
    // An error when no directory can be made.
    [[nodiscard]] static Result<std::unique_ptr<NodeUnderTest>> make(NodeUnderTestOptions options);
    ~NodeUnderTest() override;

    // Returns when connections are taken at `at`. An error when somebody else takes them already (io), the program
    // ends before (io, with the last lines of its stderr) or does not in time (timed_out), also after an interrupt.
    [[nodiscard]] Result<void> start();

    bool set_range(const HashRange&) override { return false; }
    bool announce_node(const std::array<std::uint8_t, 4>&, std::uint16_t, const HashRange&) override {
        return false;
    }
    [[nodiscard]] std::optional<neo::Credential> visitor() const override { return std::nullopt; }
    bool restart() override;

    // How it ended, with the last lines of its stderr, in sentences; empty when it runs on after `patience`.
    [[nodiscard]] std::string death(std::chrono::milliseconds patience = {});
    // TERM, and KILL when it does not end in 10 s. What is worth saying of that, empty when it ended as it should.
    [[nodiscard]] std::string end();
    [[nodiscard]] const std::string& directory() const { return directory_.path(); }

private:
    explicit NodeUnderTest(NodeUnderTestOptions options);
    [[nodiscard]] Result<void> launch();
    [[nodiscard]] std::string last_words() const;

    const NodeUnderTestOptions options_;
    process::TemporaryDirectory directory_;
    DhtWorld around_{1};
    InterruptibleRunner runner_{around_.world};
    neo::ConformanceSuite probe_;
    std::optional<process::ChildProcess> process_;
};

}  // namespace halp::cli
