// The conformance suite: cases that say what a DHT node owes its neo clients, each driven over connections of its
// own to any node, and each ending in one line of verdict. The cases of the original's test suite are `dhttest.*`;
// where the originals crash, fall silent or lose something, the suite asks for what wire/neo.md promises instead.
//
// The cases write to and remove the channels test_channel and channel1 to channel4 of the node; sanity() does not.
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
    std::string_view shows;  // what the node has done when it passes
    void (*run)(CaseRun& run);
    int priority = 0;  // 1000: without it nothing else makes sense; as the original's cases have them
    std::size_t number =
        0;  // from 1, in the order of conformance_cases(); names stay when cases are added, it may not
};
// The most important ones first: the transport, then the original's cases, then ours; what kills the node last.
[[nodiscard]] const std::vector<ConformanceCase>& conformance_cases();

// Those whose name is `only` or begins with "`only`."; all when it is empty.
[[nodiscard]] std::vector<ConformanceCase> conformance_cases_named(std::string_view only);

// What only the owner of a node can do to it. Cases that need what is not there are skipped.
class NodeControl {
public:
    virtual ~NodeControl() = default;
    // The node goes on running: connections stand, and GetHashRange is told. False when it cannot have this range.
    virtual bool set_range(const HashRange& range) = 0;
    // False when it announces none.
    virtual bool announce_node(const std::array<std::uint8_t, 4>& address, std::uint16_t port,
                               const HashRange& range) = 0;
    // A client the node knows and does not permit to remove channels.
    [[nodiscard]] virtual std::optional<Credential> visitor() const = 0;
    // Ends the node as if its process were killed, and starts it again at the same address. False when it cannot.
    [[nodiscard]] virtual bool restart() { return false; }
};

struct ConformanceOptions {
    Endpoint node;
    Credential credential{"admin", {}};
    Duration patience = std::chrono::seconds{5};     // for everything that must come
    Duration quiet = std::chrono::milliseconds{60};  // how long nothing must come to count as silence
    std::size_t bulk = 10'000;                       // records of the bulk cases
};

struct Verdict {
    enum class Kind : std::uint8_t { passed, failed, skipped };
    std::string_view name;
    Kind kind = Kind::passed;
    std::string reason;  // of failed and skipped, one line
    Duration took{};
};
[[nodiscard]] std::string_view name(Verdict::Kind kind);

// Whether there is a node to judge that lets the judge in. Without that every case would fail for the same reason.
struct Sanity {
    enum class Kind : std::uint8_t {
        sound,
        unreachable,  // nobody takes connections
        silent,       // somebody does and says nothing
        stranger,     // somebody who does not speak neo, or not to the end of the handshake
        rejected,     // a node that does not take this client
    };
    Kind kind = Kind::sound;
    std::string reason;  // a sentence without its full stop, unless sound
};

// The handler to attach to a world that has the node in reach.
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
    std::unique_ptr<CaseRun> run_;  // the case that runs
};

// As build servers read it.
[[nodiscard]] std::string junit_xml(const std::vector<Verdict>& verdicts, const Endpoint& node);

}  // namespace halp::neo
