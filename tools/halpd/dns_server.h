// The door for DNS: a UDP and a TCP socket at one address, in front of overlay/dns. What a source can cost is
// bounded: a turn of the loop answers a number of questions, connections have places and a time, and a source
// beyond this machine has a number of questions a second.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "config/settings.h"
#include "overlay/dns/dns_zone.h"
#include "overlay/environment.h"
#include "overlay/libevent/address.h"
#include "overlay/libevent/file_budget.h"
#include "overlay/node/overlay_node.h"
#include "store/result.h"
#include "tools/program/json.h"

struct bufferevent;
struct event;
struct event_base;

namespace halp {

// The lists of a node as a zone reads them.
class NodeLists final : public dns::ZoneLists {
public:
    NodeLists(const OverlayNode& node, const Clock& clock) : node_(node), clock_(clock) {}
    [[nodiscard]] std::vector<dns::ZoneHost> hosts(const Label& label, std::size_t count) const override;
    [[nodiscard]] std::vector<std::string> names(const Label& directory, std::size_t count) const override;
    [[nodiscard]] bool any_host(const Label& label) const override;

private:
    const OverlayNode& node_;
    const Clock& clock_;
};

// Questions of sources beyond this machine: each may ask so many at once, and so many a second. Sources share
// buckets by their hash with a key of this process, so the table has one size, and nobody can choose whom to
// silence.
class DnsSourceBudget {
public:
    [[nodiscard]] bool admit(std::size_t source, Instant now);

private:
    struct Bucket {
        Instant at = never;
        std::int64_t spent = 0;
    };
    [[nodiscard]] static std::uint64_t random_key();
    static constexpr int bucket_bits = 12;
    std::array<Bucket, std::size_t{1} << bucket_bits> buckets_{};
    std::uint64_t key_ = random_key();
};

class DnsServer {
public:
    struct Parts {
        event_base* base;
        const OverlayNode& node;
        const Clock& clock;
        FileBudget& files;  // of connections
    };
    [[nodiscard]] static Result<std::unique_ptr<DnsServer>> open(const Parts& parts,
                                                                 const config::DnsSettings& settings);
    ~DnsServer();
    DnsServer(const DnsServer&) = delete;
    DnsServer& operator=(const DnsServer&) = delete;

    [[nodiscard]] const Endpoint& listening() const { return listening_; }
    [[nodiscard]] Json status() const;

private:
    struct Connection {
        DnsServer* server = nullptr;
        bufferevent* stream = nullptr;
        SourceKey source;
        bool here = false;
        std::list<Connection>::iterator self;
    };
    DnsServer(const Parts& parts, const config::DnsSettings& settings);

    Result<void> listen(const config::ListenAddress& address);
    [[nodiscard]] bool watch();
    void read_datagrams();
    [[nodiscard]] bool answer_datagram();
    void accept_some();
    void take(int descriptor, const SocketAddress& from);
    void read_questions(Connection& connection);
    void close(Connection& connection);
    [[nodiscard]] bool admitted(const SocketAddress& from, bool here);

    event_base* base_;
    const Clock& clock_;
    FileBudget& files_;
    NodeLists lists_;
    dns::Zone zone_;
    std::string zone_name_;
    Endpoint listening_;
    int udp_ = -1, tcp_ = -1;
    event* udp_event_ = nullptr;
    event* tcp_event_ = nullptr;
    event* resume_event_ = nullptr;
    std::list<Connection> connections_;
    DnsSourceBudget budget_;
    std::uint64_t by_udp_ = 0, by_tcp_ = 0, held_back_ = 0, not_sent_ = 0, turned_away_ = 0;
};

}  // namespace halp
