// What a watch has told its application, so that a list which comes again is told as changes.
#pragma once

#include <set>
#include <vector>

#include "store/endpoint.h"
#include "tools/libhalp/backend.h"

namespace halp::lib {

class WatchTable {
public:
    // Hosts beyond are told, but if they go while the daemon is away, nobody says so.
    static constexpr std::size_t hosts_max = std::size_t{1} << 20;

    // What to tell for this update: usually itself, or nothing; at the end of a list also the hosts that are
    // missing.
    [[nodiscard]] std::vector<Update> take(Update update);

private:
    std::set<Endpoint> told_;
    std::set<Endpoint> missing_;  // told earlier, and not in the present list so far
};

}  // namespace halp::lib
