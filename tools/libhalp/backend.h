// What stands behind a handle: a daemon, the cache directory, or a node of its own. Calls block, for the time-out
// of the handle at most. What happens to watched labels is told in step(), which never waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/endpoint.h"
#include "store/label.h"
#include "store/result.h"

namespace halp::lib {

// Of an announcement or a watch, for the life of the handle.
using Id = std::uint64_t;

struct Host {
    Endpoint endpoint;  // in a list of labels: the whole label as host, and port 0
    std::int64_t seen_unix_s = 0;
    std::uint16_t flags = 0;  // HALP_OWN ...
    std::string tags{};       // store/tags.h
};
struct HostPage {
    std::vector<Host> hosts;
    std::uint64_t total = 0;
};
struct PageWanted {
    std::size_t first = 0, count = 20;
    bool local = false;
    std::string tag{};  // "": any
};
struct AnnouncementWanted {
    Label label;
    std::optional<std::string> host;  // nothing: the own address
    std::uint16_t port = 0;
    std::string tags{};  // as tags_text() writes them
};

// One step of what a watch is told. `begin` starts a list that ends with `complete`; changes may come in between.
struct Update {
    enum class Kind : std::uint8_t { begin, host, gone, complete, lost };
    Id watch = 0;
    Kind kind = Kind::host;
    Host host{};
};

class Backend {
public:
    virtual ~Backend() = default;
    [[nodiscard]] virtual int mode() const = 0;

    [[nodiscard]] virtual Result<HostPage> lookup(const Label& label, const PageWanted& wanted) = 0;
    [[nodiscard]] virtual Result<HostPage> labels(const Label& directory, const PageWanted& wanted) = 0;
    [[nodiscard]] virtual Result<void> announce(Id id, const AnnouncementWanted& wanted) = 0;
    [[nodiscard]] virtual Result<void> watch(Id id, const Label& label) = 0;
    [[nodiscard]] virtual Result<void> cancel(Id id) = 0;
    [[nodiscard]] virtual Result<void> confirm(const Label& label, const Endpoint& endpoint, bool worked) = 0;

    // `ready`: what the Poller has reported.
    virtual void step(const std::vector<std::uint64_t>& ready, std::vector<Update>& updates) = 0;
    // A DHT node that is not announced, because it listens on loopback.
    [[nodiscard]] virtual std::optional<Endpoint> own_dht_node() { return std::nullopt; }
};

}  // namespace halp::lib
