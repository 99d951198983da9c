// The tags of announced hosts, beside the lists: few hosts have any, and an entry of a list stays small. What is
// said of a version of an announcement holds until a newer version says something else. When there is no room, the
// source that was heard to say most loses its oldest (overlay/gossip/rules.md, "Tags").
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "overlay/gossip/hearsay_sources.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "store/endpoint.h"
#include "store/label.h"

namespace halp {

class TagTable {
public:
    static constexpr std::size_t hosts_max = 4096;

    // Of an announcement of this node, in whatever version it is.
    void set_own(const Label& label, EndpointId host, std::string text);
    // Somebody else has given tags to an announcement of this node, so what it has is said from now on, also when
    // that is nothing.
    void insist(const Label& label, EndpointId host);
    // first: nothing was known of the host. changed: a newer version has other tags. contradicted: this version has
    // other tags, which stay.
    enum class Heard : std::uint8_t { taken, first, changed, contradicted, no_room };
    // Of a listed announcement of another node. `proved`: this node has reached the host.
    [[nodiscard]] Heard hear(const gossip::EntryTags& said, HearsaySources::Source source, bool proved);
    // The host is listed no more.
    void forget(const Label& label, EndpointId host) {
        if (!hosts_.empty()) forget({label.hash(), host});
    }
    [[nodiscard]] bool empty() const { return hosts_.empty(); }
    [[nodiscard]] std::size_t size() const { return hosts_.size(); }
    [[nodiscard]] std::string_view find(const Label& label, EndpointId host) const;
    // What is known of the entries of this message.
    void add_to(gossip::Message& message);

    // Not kept for want of room, and not told because a message was full; since the start.
    [[nodiscard]] std::uint64_t no_room() const { return no_room_; }

private:
    using Key = std::pair<std::uint64_t, EndpointId>;  // the hash of the label
    using Source = HearsaySources::Source;
    struct Said {
        std::uint32_t incarnation = 0;
        bool own = false;
        bool proved = false;
        Source source = 0;
        std::uint64_t number = 0;  // in the order of arrival
        std::string text;

        [[nodiscard]] bool only_heard() const { return !own && !proved; }
    };
    void forget(const Key& key);
    [[nodiscard]] bool make_room(Source source);
    void drop_oldest_of(Source source);

    std::map<Key, Said> hosts_;
    std::map<Source, std::size_t> places_;  // of what was only heard
    std::uint64_t no_room_ = 0, heard_ = 0;
};

}  // namespace halp
