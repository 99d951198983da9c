// Logs that something was refused for want of room: connections, files, streams; and what libevent has to say.
// Clients cause it, so the lines are limited per kind.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "overlay/environment.h"
#include "overlay/input_account.h"
#include "overlay/libevent/world.h"
#include "tools/halpd/log/log.h"
#include "tools/halpd/log/rate_limiter.h"

namespace halp {

class ShortageLog {
public:
    // While this exists, libevent's messages go to `log`. All references outlive this object.
    ShortageLog(Log& log, const Clock& clock);
    ~ShortageLog();
    ShortageLog(const ShortageLog&) = delete;
    ShortageLog& operator=(const ShortageLog&) = delete;

    // To be told what `world` sheds; `what` names its connections in sentences.
    void watch(LibeventWorld& world, std::string what);
    void watch(FileBudget& files);
    void watch(InputAccount& input);
    // What libevent says on any thread; called on the thread of the log.
    void library_message(const std::string& message, std::uint64_t held_back);
    void warn(std::string_view event, const std::string& sentence);
    void shed(Shed cause, const SocketAddress* source, const std::string& what, const WorldLimits& limits);

private:
    Log& log_;
    const Clock& clock_;
    RateLimiter limiter_{{1, std::chrono::minutes{1}, 64}};
};

// The budget, as /v1/status shows it.
[[nodiscard]] Json status_of(const FileBudget& files);
[[nodiscard]] Json status_of(const InputAccount& input);
[[nodiscard]] Json status_of(const OutputAccount& output);
// What a world counted of refused and ended connections.
[[nodiscard]] Json status_of(const WorldStats& stats, const WorldLimits& limits);

}  // namespace halp
