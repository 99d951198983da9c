// The tags of announced hosts, beside the lists: few hosts have any, and an entry of a list stays small. What is
// said of a version of an announcement holds until a newer version says something else (overlay/gossip/rules.md,
// "Tags").
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "overlay/gossip/wire/gossip_message.h"
#include "store/endpoint.h"
#include "store/label.h"

namespace halp {

class TagTable {
public:
    static constexpr std::size_t hosts_max = 4096;

    // Of an announcement of this node, in whatever version it is.
    void set_own(const Label& label, EndpointId host, std::string text);
    // Of a listed announcement of another node.
    void hear(const gossip::EntryTags& said);
    // The host is listed no more.
    void forget(const Label& label, EndpointId host) {
        if (!hosts_.empty()) hosts_.erase({label.hash(), host});
    }
    [[nodiscard]] bool empty() const { return hosts_.empty(); }
    [[nodiscard]] std::size_t size() const { return hosts_.size(); }
    [[nodiscard]] std::string_view find(const Label& label, EndpointId host) const;
    // What is known of the entries of this message.
    void add_to(gossip::Message& message);

    // Not kept because others had all places, and not told because a message was full; since the start.
    [[nodiscard]] std::uint64_t no_room() const { return no_room_; }

private:
    struct Said {
        std::uint32_t incarnation = 0;
        bool own = false;
        std::string text;
    };
    std::map<std::pair<std::uint64_t, EndpointId>, Said> hosts_;  // by the hash of the label
    std::uint64_t no_room_ = 0;
};

}  // namespace halp
