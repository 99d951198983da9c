#include "tools/libhalp/watch_table.h"

#include <utility>

namespace halp::lib {

std::vector<Update> WatchTable::take(Update update) {
    using enum Update::Kind;
    const Endpoint& endpoint = update.host.endpoint;
    std::vector<Update> told;
    switch (update.kind) {
        case begin:
            missing_ = told_;
            return told;
        case host:
            if (told_.size() < hosts_max) told_.insert(endpoint);
            missing_.erase(endpoint);
            break;
        case gone:
            missing_.erase(endpoint);
            if (told_.erase(endpoint) == 0) return told;  // of a long list, and not told yet
            break;
        case complete:
            for (const Endpoint& one : std::exchange(missing_, {})) {
                told_.erase(one);
                told.push_back({update.watch, gone, Host{one}});
            }
            break;
        case lost:
            break;
    }
    told.push_back(std::move(update));
    return told;
}

}  // namespace halp::lib
