// The conformance suite: cases that any DHT node must pass for its neo and legacy clients. Each case uses
// connections of its own and ends with one line of verdict. The cases named `dhttest.*` are those of the original's
// test suite. Where original nodes crash, fall silent or lose something, the suite demands what
// overlay/dht/wire/neo.md specifies.
//
// The cases write to the channels test_channel and channel1 to channel4 and remove them. sanity() writes nothing.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/dht/wire/neo_credentials.h"
#include "overlay/environment.h"
#include "overlay/world_runner.h"
#include "store/endpoint.h"
#include "store/records/hash_range.h"
#include "store/time.h"

namespace halp::neo {

class CaseRun;

struct ConformanceCase {
    std::string_view name;   // group.words
    std::string_view shows;  // what a passing node has done
    void (*run)(CaseRun& run);
    int priority = 0;        // as in the original's suite; at 1000 no other case makes sense without this one
    std::size_t number = 0;  // from 1, in the order of conformance_cases(); a new case may change it, but no name
};
// In the order of importance: the transport, the original's cases, our cases, and last those that may kill a node.
[[nodiscard]] const std::vector<ConformanceCase>& conformance_cases();

// The cases whose name is `only` or begins with "`only`.", or all when `only` is empty.
[[nodiscard]] std::vector<ConformanceCase> conformance_cases_named(std::string_view only);

// What only the owner of a node can do to it. A case that needs a missing ability is skipped.
class NodeControl {
public:
    virtual ~NodeControl() = default;
    // The node must keep running and its connections open, and must tell GetHashRange. Returns false when it
    // cannot.
    virtual bool set_range(const HashRange& range) = 0;
    // Returns false when the node announces no other nodes.
    virtual bool announce_node(const std::array<std::uint8_t, 4>& address, std::uint16_t port,
                               const HashRange& range) = 0;
    // A client that the node accepts and that may not remove channels.
    [[nodiscard]] virtual std::optional<Credential> visitor() const = 0;
    // Kills the node as if by SIGKILL and starts it again at the same address. Returns false when it cannot.
    [[nodiscard]] virtual bool restart() { return false; }
};

struct ConformanceOptions {
    Endpoint node;
    std::optional<Endpoint> legacy;  // none: the port 100 below that of `node`
    Credential credential{"admin", {}};
    Duration patience = std::chrono::seconds{5};     // the longest wait for anything that must arrive
    Duration quiet = std::chrono::milliseconds{60};  // how long nothing may arrive to count as silence
    std::size_t bulk = 10'000;                       // number of records in the bulk cases
};

struct Verdict {
    enum class Kind : std::uint8_t { passed, failed, skipped };
    std::string_view name;
    Kind kind = Kind::passed;
    std::string reason;  // one line, for failed and skipped
    Duration took{};
};
[[nodiscard]] std::string_view name(Verdict::Kind kind);

// Whether there is a node that accepts the client. Otherwise every case would fail for the same reason.
struct Sanity {
    enum class Kind : std::uint8_t {
        sound,
        unreachable,  // connections are refused
        silent,       // a connection is made, and nothing is received
        stranger,     // the peer does not speak neo, or does not complete the handshake
        rejected,     // the node rejects this client
    };
    Kind kind = Kind::sound;
    std::string reason;  // a sentence without its full stop; empty when sound
};

// To be attached to a world that can reach the node.
class ConformanceSuite final : public EventHandler {
public:
    // `control` may be null.
    ConformanceSuite(Environment environment, WorldRunner& world, ConformanceOptions options,
                     NodeControl* control = nullptr);
    ~ConformanceSuite() override;

    [[nodiscard]] Sanity sanity();
    [[nodiscard]] Verdict run(const ConformanceCase& test);

    void on_accept(StreamId stream, const Endpoint& source) override;
    void on_connected(StreamId stream, const Endpoint& remote_address) override;
    void on_connect_failed(StreamId stream, ConnectFailure why) override;
    void on_bytes(StreamId stream, Bytes bytes) override;
    void on_end(StreamId stream) override;
    void on_closed(StreamId stream) override;
    void on_wakeup() override;

private:
    Environment environment_;
    WorldRunner& world_;
    ConformanceOptions options_;
    NodeControl* control_;
    std::unique_ptr<CaseRun> run_;  // the current case
};

// The JUnit format of build servers.
[[nodiscard]] std::string junit_xml(const std::vector<Verdict>& verdicts, const Endpoint& node);

}  // namespace halp::neo
