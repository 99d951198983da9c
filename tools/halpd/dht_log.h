// Writes the events of the DHT port to the log. Lines that strangers can cause are limited per source and in
// total, and client names are quoted.
#pragma once

#include <string>
#include <string_view>

#include "overlay/dht/node/dht_node.h"
#include "overlay/environment.h"
#include "tools/halpd/log/log.h"
#include "tools/halpd/log/rate_limiter.h"

namespace halp {

class DhtLog final : public DhtObserver {
public:
    DhtLog(Log& log, const Clock& clock) : log_(log), clock_(clock) {}
    void note(const DhtEvent& event) override;

private:
    struct Line {
        LogLevel level;
        std::string_view event;
        std::string sentence;
        std::string source;  // the source that the line is counted for
        Json fields;
    };
    static Line line_of(const DhtClientAccepted& event);
    static Line line_of(const DhtClientEnded& event);
    static Line line_of(const DhtConnectionShed& event);
    static Line line_of(const DhtStoreFailed& event);
    static Line line_of(const DhtReadsFailed& event);
    static Line line_of(const DhtRecordsLeftOut& event);
    static Line line_of(const DhtChangesDropped& event);
    static Line line_of(const DhtRangeChanged& event);
    static Line line_of(const DhtHandedOver& event);
    static Line line_of(const DhtTookOver& event);
    static Line line_of(const DhtHandoverFailed& event);
    static Line line_of(const DhtAutoRangeNews& event);
    void write(Line line);

    Log& log_;
    const Clock& clock_;
    RateLimiter by_source_{{5, std::chrono::seconds{30}, 100}};
    RateLimiter in_sum_{{50, std::chrono::seconds{1}, 1}};
    RateLimiter details_{{2000, std::chrono::milliseconds{20}, 1}};  // debug
};

}  // namespace halp
