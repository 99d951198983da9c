// The node that a conformance run starts, owns and ends: one process in a new directory. The directory is its
// working directory, HOME and the place of all XDG and systemd directories, so the node finds no existing records
// and, apart from /etc, no configuration.
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
#include "tools/halp/dht/interruptible_runner.h"
#include "tools/program/child_process.h"

namespace halp::cli {

struct NodeUnderTestOptions {
    std::vector<std::string> argv;  // argv[0] is an absolute path
    Endpoint at;                    // where it will accept connections
    neo::Credential credential;     // used for the first contact
    Duration delay{};               // the longest wait for the first contact
    bool keeps_records = true;      // over a kill and restart
    bool keep_directory = false;
};

class NodeUnderTest final : public neo::NodeControl {
public:
    // An error when no directory can be made.
    [[nodiscard]] static Result<std::unique_ptr<NodeUnderTest>> make(NodeUnderTestOptions options);
    ~NodeUnderTest() override;

    // Returns when the node accepts connections at `at`. An error when another process already listens there (io),
    // when the program ends before (io, with the last lines of its stderr), or when it takes too long or is
    // interrupted (timed_out).
    [[nodiscard]] Result<void> start();

    bool set_range(const HashRange&) override { return false; }
    bool announce_node(const std::array<std::uint8_t, 4>&, std::uint16_t, const HashRange&) override {
        return false;
    }
    [[nodiscard]] std::optional<neo::Credential> visitor() const override { return std::nullopt; }
    bool restart() override;

    // Sentences about the end of the process with the last lines of its stderr. Empty when it still runs after
    // `patience`.
    [[nodiscard]] std::string death(std::chrono::milliseconds patience = {});
    // Sends TERM, and KILL after 10 s. Returns sentences about an abnormal end, or nothing.
    [[nodiscard]] std::string end();
    [[nodiscard]] const std::string& directory() const { return directory_.path(); }

private:
    explicit NodeUnderTest(NodeUnderTestOptions options);
    [[nodiscard]] Result<void> launch();
    [[nodiscard]] std::string last_words() const;

    const NodeUnderTestOptions options_;
    process::TemporaryDirectory directory_;
    LibeventWorld world_{limits_for_streaming(1)};
    InterruptibleRunner runner_{world_};
    neo::ConformanceSuite probe_;
    std::optional<process::ChildProcess> process_;
};

}  // namespace halp::cli
