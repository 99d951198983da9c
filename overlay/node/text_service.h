// Answers HALP text queries from the host lists (overlay/text/halp-text.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/gossip/gossip.h"
#include "overlay/gossip/recent_facts.h"
#include "overlay/node/address_rule.h"
#include "overlay/node/host_lists.h"
#include "overlay/overlay_options.h"
#include "overlay/text/text_codec.h"

namespace halp {

struct TextCounters {
    std::uint64_t queries = 0, inserts = 0, bad = 0;
    std::uint64_t ahead = 0;  // inserts that stated a time ahead of the clock
};

class TextService {
public:
    TextService(HostLists& lists, AddressRule& addresses, const Gossip& gossip, Observer& observer,
                const OverlayOptions& options)
        : lists_(lists), addresses_(addresses), gossip_(gossip), observer_(observer), options_(options) {}

    // The whole answer to one whole query.
    std::string answer(const TextQuery& query, const Endpoint& source, Moment moment);
    [[nodiscard]] const TextCounters& counters() const { return counters_; }

private:
    [[nodiscard]] SourceId account_of(const Endpoint& source) const;
    std::string get(const TextGet& query, const Endpoint& source, Moment moment);
    std::string insert(const TextInsert& query, const Endpoint& source, Moment moment);
    bool insert_line(const Label& label, std::string_view line, const Endpoint& source, Moment moment);
    [[nodiscard]] std::vector<ListedHost> told_hosts(const TextGet& query, const Endpoint& source, Moment moment);
    void note_refused(const Endpoint& source, const Label& label, Moment moment);
    void note_ahead(const Endpoint& source, Moment moment);

    HostLists& lists_;
    AddressRule& addresses_;
    const Gossip& gossip_;
    Observer& observer_;
    const OverlayOptions& options_;
    TextCounters counters_;
    UnixSeconds latest_{0};                                  // that the insert under way states
    RecentFacts noted_ahead_{256, std::chrono::hours{1}};    // sources, so that each is named once an hour
    RecentFacts noted_refused_{256, std::chrono::hours{1}};  // sources and causes, likewise
};

}  // namespace halp
