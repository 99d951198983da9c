// Sends HALP text queries to servers, one after the other, with time-outs and failover. The original's client
// stopped at the first server that failed.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/environment.h"
#include "tools/halp/local_cache.h"

namespace halp::cli {

// Sends one query to one server. The answer is everything up to the end of the connection.
class TextAsker {
public:
    virtual ~TextAsker() = default;
    virtual Result<std::string> ask(const Endpoint& server, const std::string& query, Duration timeout) = 0;
};

struct RoundLimits {
    Duration all = std::chrono::seconds{10};  // the whole verb
    Duration one = std::chrono::seconds{3};   // one query, so that a hung server leaves time for others
    std::size_t servers_max = 16;
};

// Asks servers within the time limit of the whole verb.
class TimedAsker {
public:
    TimedAsker(TextAsker& asker, const Clock& clock, RoundLimits limits)
        : asker_(asker), clock_(clock), limits_(limits), deadline_(clock.now() + limits.all) {}

    // timed_out if the time limit has passed.
    [[nodiscard]] Result<std::string> ask(const Endpoint& server, const std::string& query);
    [[nodiscard]] bool time_is_up() const { return clock_.now() >= deadline_; }
    [[nodiscard]] UnixSeconds wall() const { return clock_.wall(); }
    [[nodiscard]] const RoundLimits& limits() const { return limits_; }

private:
    TextAsker& asker_;
    const Clock& clock_;
    RoundLimits limits_;
    Instant deadline_;
};

struct RoundOutcome {
    std::size_t tried = 0, answered = 0, timed_out = 0;
    bool found = false;  // a server knew the label
};

class ServerRound {
public:
    ServerRound(LocalCache& cache, TimedAsker& asker, std::function<void(const std::string&)> detail)
        : cache_(cache), asker_(asker), detail_(std::move(detail)) {}

    // Uses the local list of the label `halp` as the servers to ask.
    [[nodiscard]] Result<void> begin();
    [[nodiscard]] bool any_known() const { return !servers_.empty(); }

    // Asks `halp`, `labels` and `label` of each server until one knows the label; keeps all that was learned. An
    // empty or broken answer does not end the search, and servers learned on the way are asked too.
    [[nodiscard]] Result<RoundOutcome> fetch(const Label& label);
    // Asks the first server that answers for `halp` and `labels`, as `fetch` does.
    [[nodiscard]] Result<RoundOutcome> refresh();

    [[nodiscard]] const std::vector<Endpoint>& servers() const { return servers_; }

private:
    struct Learned {
        bool answered = false;
        bool timed_out = false;
        bool any = false;  // of the label asked last
    };
    [[nodiscard]] Result<Learned> ask_for(const Endpoint& server, const std::vector<Label>& labels);
    [[nodiscard]] Result<RoundOutcome> walk(const std::vector<Label>& labels, bool until_found);
    void also_ask(const CacheFile& halp);

    LocalCache& cache_;
    TimedAsker& asker_;
    std::function<void(const std::string&)> detail_;
    std::vector<Endpoint> servers_;
    std::set<Endpoint> met_;
};

// The answer of a server to `get label`, with times corrected to this machine's clock.
[[nodiscard]] CacheFile heard(const Label& label, std::string_view answer, UnixSeconds now);

}  // namespace halp::cli
