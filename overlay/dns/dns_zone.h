// The lists of a node as one DNS zone: a question in, an answer out (README.md has every name and the rules for
// order, weights and TTL). It reads the lists through an interface and opens no socket.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "overlay/dns/dns_message.h"
#include "overlay/dns/dns_names.h"
#include "overlay/environment.h"
#include "store/endpoint.h"
#include "store/label.h"

namespace halp::dns {

struct ZoneHost {
    Endpoint endpoint;
    std::int64_t age_s = 0;  // since it was last confirmed, or claimed
    bool claimed = false;    // nobody of the swarm has confirmed it
    std::vector<std::string> tags{};
};

class ZoneLists {
public:
    virtual ~ZoneLists() = default;
    // The most recent ones first.
    [[nodiscard]] virtual std::vector<ZoneHost> hosts(const Label& label, std::size_t count) const = 0;
    [[nodiscard]] virtual std::vector<std::string> names(const Label& directory, std::size_t count) const = 0;
    [[nodiscard]] virtual bool any_host(const Label& label) const = 0;
};

struct ZoneOptions {
    std::string zone = "halp";
    std::size_t hosts_max = 64;  // of one answer
    std::uint32_t ttl_max_s = 5;
};

struct ZoneStats {
    std::uint64_t answered = 0, no_data = 0, no_name = 0, refused = 0, malformed = 0, dropped = 0, truncated = 0;
};

// How a question came, which bounds its answer.
enum class Way : std::uint8_t {
    tcp,
    udp_here,      // from this machine
    udp_stranger,  // its source may be forged, so its answer is never longer than the question
};

class Zone {
public:
    // The zone must be a name that DNS can say (parts_of).
    Zone(const ZoneLists& lists, ZoneOptions options);

    // Empty: no answer.
    [[nodiscard]] std::string answer(Bytes query, Way way, Instant now, UnixSeconds wall);
    [[nodiscard]] const ZoneStats& stats() const { return stats_; }

private:
    struct Asked;
    void answer_question(Asked& asked);
    void answer_apex(Asked& asked);
    void answer_label(Asked& asked, const Label& label, bool as_service);
    void answer_services(Asked& asked);
    void answer_address(Asked& asked, const std::string& address);
    void add_hosts(Asked& asked, const Label& label, bool as_service);
    void add_services(Asked& asked, const std::vector<ZoneHost>& hosts, std::uint32_t ttl_s);
    void add_addresses(Asked& asked, const std::vector<ZoneHost>& hosts, std::uint32_t ttl_s);
    void add_texts(Asked& asked, const std::vector<ZoneHost>& hosts, std::uint32_t ttl_s);
    void add_children(Asked& asked, const Label& directory);
    void add_pointer(Asked& asked, const std::vector<std::string>& before);
    void end(Asked& asked, bool there);
    [[nodiscard]] std::string soa(UnixSeconds wall) const;
    [[nodiscard]] std::uint32_t ttl_of(const std::vector<ZoneHost>& hosts) const;

    // Nothing when no label of these is known here.
    [[nodiscard]] const Label* find(const std::vector<std::string>& texts, Instant now);
    [[nodiscard]] bool exists(const Label& label) const;
    void index_capitals(Instant now);

    const ZoneLists& lists_;
    ZoneOptions options_;
    std::vector<std::string> zone_;  // its parts, in lower case
    std::string zone_name_;          // in the form of the wire
    ZoneStats stats_;
    std::vector<Label> found_;  // the last one
    // Labels with capitals by their text in lower case. Made again at most every two seconds, when somebody asks
    // for what is not there.
    std::map<std::string, std::string> capitals_;
    Instant capitals_at_ = never;
};

}  // namespace halp::dns
