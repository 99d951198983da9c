// The daemon's log: text for people or one JSON object a line, to stderr or a file. Knows nothing of nodes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "store/result.h"
#include "tools/halpd/admin/event_text.h"
#include "tools/program/json.h"

namespace halp {

class Log {
public:
    // `journald`: stderr is the journal. It adds the time itself and reads the level from a prefix.
    Log(config::LogSettings settings, bool journald);
    ~Log();

    // Opens the file again, after a rotation. If that fails, the log goes to stderr.
    Result<void> reopen();
    void set_level(LogLevel level);
    [[nodiscard]] bool writes(LogLevel level) const;

    // Since the start: nobody read them, or the disk was full.
    [[nodiscard]] std::uint64_t lines_lost() const;

    // `event` is a stable name. `fields` appear in JSON only, the sentence in both formats.
    void write(LogLevel level, std::string_view event, std::string_view sentence, const Json& fields = {});

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace halp
