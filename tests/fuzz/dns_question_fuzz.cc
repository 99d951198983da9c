// DNS questions from strangers. Whatever the bytes: an answer, if any, is a message that says how long it is, is
// never longer than its way allows, and is no question itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "overlay/dns/dns_zone.h"

namespace {

using namespace halp;

void demand(bool holds) {
    if (!holds) std::abort();
}

class FuzzLists final : public dns::ZoneLists {
public:
    [[nodiscard]] std::vector<dns::ZoneHost> hosts(const Label& label, std::size_t count) const override {
        std::vector<dns::ZoneHost> hosts;
        for (std::size_t i = 0; i < std::min<std::size_t>(label.text().size(), count); ++i)
            hosts.push_back({{i % 3 == 0   ? "192.0.2." + std::to_string(i)
                              : i % 3 == 1 ? "2001:db8::" + std::to_string(i)
                                           : "node" + std::to_string(i) + ".example",
                              80},
                             static_cast<std::int64_t>(i),
                             i % 2 == 0,
                             {"v=2"}});
        return hosts;
    }
    [[nodiscard]] std::vector<std::string> names(const Label& directory, std::size_t count) const override {
        if (directory == Label::labels()) return {"chat", "Big", "../evil", std::string(100, 'a')};
        return count > 0 && directory.text() == "chat/" ? std::vector<std::string>{"room1"}
                                                        : std::vector<std::string>{};
    }
    [[nodiscard]] bool any_host(const Label& label) const override { return label.text().size() % 2 == 0; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes bytes{reinterpret_cast<const char*>(data), size};
    const FuzzLists lists;
    dns::Zone zone{lists, {"halp", 64, 5}};
    for (const auto way : {dns::Way::tcp, dns::Way::udp_here, dns::Way::udp_stranger}) {
        const std::string answer = zone.answer(bytes, way, Instant{}, UnixSeconds{1'700'000'000});
        if (answer.empty()) continue;
        demand(answer.size() >= dns::header_bytes);
        demand(dns::parse_query(answer).verdict == dns::Query::Verdict::dropped);
        demand(answer.size() <= (way == dns::Way::tcp        ? dns::tcp_bytes_max
                                 : way == dns::Way::udp_here ? dns::edns_udp_bytes_max
                                                             : size));
        demand(answer.substr(0, 2) == bytes.substr(0, 2));
    }
    return 0;
}
