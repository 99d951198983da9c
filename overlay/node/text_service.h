// Answers HALP text queries from the host lists (overlay/text/halp-text.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/gossip/gossip.h"
#include "overlay/gossip/received.h"
#include "overlay/gossip/recent_facts.h"
#include "overlay/node/address_rule.h"
#include "overlay/node/host_lists.h"
#include "overlay/node/work_shares.h"
#include "overlay/overlay_options.h"
#include "overlay/text/text_codec.h"

namespace halp {

struct TextCounters {
    std::uint64_t queries = 0, inserts = 0, bad = 0;
    std::uint64_t ahead = 0;  // inserts that stated a time ahead of the clock
    std::uint64_t lines = 0;  // of inserts, each for each of its labels
    Fates<LineFate, line_fates.size()> fates;
};

// How far the answer to an insert is.
struct InsertPlace {
    std::size_t label = 0;
    std::optional<TextLines> lines;  // of this label, once it is begun
    bool label_refused = false;      // it is new and its source may make no more, so no line of it is taken
    UnixSeconds latest{0};           // that was stated
};

// An insert of many lines, which takes several steps. It owns what the query is a view into.
struct LongInsert {
    explicit LongInsert(const TextInsert& whole) : bytes(whole.entries), query{whole.labels, bytes} {}
    LongInsert(const LongInsert&) = delete;
    LongInsert& operator=(const LongInsert&) = delete;

    [[nodiscard]] bool done() const { return place.label >= query.labels.size(); }

    const std::string bytes;
    const TextInsert query;
    InsertPlace place;
};

class TextService {
public:
    TextService(HostLists& lists, AddressRule& addresses, const Gossip& gossip, Observer& observer,
                const OverlayOptions& options)
        : lists_(lists), addresses_(addresses), gossip_(gossip), observer_(observer), options_(options) {}

    // The whole answer to one whole query.
    std::string answer(const TextQuery& query, const Endpoint& source, Moment moment);
    // How many lines of its list are before the slice that the query asks for.
    [[nodiscard]] std::size_t walked(const TextQuery& query) const;
    // Inserts that answer() would take too long for are begun and then answered in pieces.
    [[nodiscard]] static bool is_long(const TextQuery& query);
    void begin(const Endpoint& source);
    // Appends the next piece of the answer, of at least `most` units unless it is the last. Returns the work done.
    Work answer_some(LongInsert& insert, const Endpoint& source, Moment moment, Work most, std::string& out);
    [[nodiscard]] const TextCounters& counters() const { return counters_; }

private:
    [[nodiscard]] SourceId account_of(const Endpoint& source) const;
    std::string get(const TextGet& query, const Endpoint& source, Moment moment);
    std::string insert(const TextInsert& query, const Endpoint& source, Moment moment);
    Work insert_next(const TextInsert& query, InsertPlace& place, SourceId account, const Endpoint& source,
                     Moment moment, std::string& out);
    LineFate insert_line(const Label& label, std::string_view line, InsertPlace& place, SourceId account,
                         const Endpoint& source, Moment moment);
    [[nodiscard]] std::vector<ListedHost> told_hosts(const TextGet& query, const Endpoint& source, Moment moment);
    [[nodiscard]] LineFate refused(const Label& label, InsertPlace& place, const Endpoint& source, Moment moment);
    void note_ahead(const Endpoint& source, UnixSeconds latest, Moment moment);

    HostLists& lists_;
    AddressRule& addresses_;
    const Gossip& gossip_;
    Observer& observer_;
    const OverlayOptions& options_;
    TextCounters counters_;
    RecentFacts noted_ahead_{256, std::chrono::hours{1}};  // sources, so that each is named once an hour
};

}  // namespace halp
