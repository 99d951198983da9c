// Answers HALP text queries from the host lists (overlay/text/halp-text.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "overlay/node/host_lists.h"
#include "overlay/text/text_codec.h"

namespace halp {

struct TextCounters {
    std::uint64_t queries = 0, inserts = 0, bad = 0;
};

class TextService {
public:
    TextService(HostLists& lists, Observer& observer) : lists_(lists), observer_(observer) {}

    // The whole answer to one whole query.
    std::string answer(const TextQuery& query, const Endpoint& source, Moment moment);
    [[nodiscard]] const TextCounters& counters() const { return counters_; }

private:
    std::string get(const TextGet& query, SourceId source, Moment moment);
    std::string insert(const TextInsert& query, SourceId source, Moment moment);
    bool insert_line(const Label& label, std::string_view line, SourceId source, Moment moment);

    HostLists& lists_;
    Observer& observer_;
    TextCounters counters_;
};

}  // namespace halp
