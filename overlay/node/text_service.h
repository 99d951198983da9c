// Answers HALP text queries from the host lists (overlay/text/halp-text.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/node/host_lists.h"
#include "overlay/text/text_codec.h"
#include "store/cache_format.h"

namespace halp {

struct TextCounters {
    std::uint64_t queries = 0, inserts = 0, bad = 0;
};

// An entry that was acknowledged, and so must reach the disk. No line: a name in a directory.
struct StoredLine {
    Label label;
    std::optional<CacheLine> line;
};

class TextService {
public:
    TextService(HostLists& lists, Observer& observer) : lists_(lists), observer_(observer) {}

    // The whole answer to one whole query. `stored` receives what an insert stored.
    std::string answer(const TextQuery& query, const Endpoint& source, Moment moment, std::vector<StoredLine>& stored);
    [[nodiscard]] const TextCounters& counters() const { return counters_; }

private:
    std::string get(const TextGet& query, SourceId source, Moment moment);
    std::string insert(const TextInsert& query, const Endpoint& source, Moment moment, std::vector<StoredLine>& stored);
    bool insert_line(const Label& label, std::string_view line, SourceId source, Moment moment,
                     std::vector<StoredLine>& stored);

    HostLists& lists_;
    Observer& observer_;
    TextCounters counters_;
};

}  // namespace halp
