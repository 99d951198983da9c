#include "tools/halpd/log_observer.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "tools/halpd/event_text.h"

namespace halp {

void LogObserver::note(const Event& event) {
    const LogLevel level = event_level(event);
    if (!log_.writes(level)) return;
    const Instant now = clock_.now();
    const bool detail = level < LogLevel::info;
    const bool mismatch = std::holds_alternative<SwarmMismatch>(event);
    RateLimiter& limiter = detail ? details_ : mismatch ? mismatches_ : by_source_;
    // One limit per kind of event and source: many events of one kind do not hide another kind.
    const std::string account = detail ? std::string{} : std::string{event_name(event)} + ' ' + event_source(event);
    const std::optional<std::uint64_t> held_back = limiter.allow(account, now);
    if (!held_back) return;
    const std::optional<std::uint64_t> held_back_in_sum = detail ? 0 : in_sum_.allow({}, now);
    if (!held_back_in_sum) {
        unsaid_ += *held_back;
        return;
    }
    const std::uint64_t unsaid = *held_back + *held_back_in_sum + (detail ? 0 : std::exchange(unsaid_, 0));

    std::string sentence = event_sentence(event);
    Json fields = event_fields(event);
    if (unsaid > 0) {
        const char* what =
            *held_back == unsaid ? " more like this were not written)" : " more lines were not written)";
        sentence += " (" + std::to_string(unsaid) + what;
        fields.set("held_back", unsaid);
    }
    log_.write(level, event_name(event), sentence, fields);
}

}  // namespace halp
