#include "tools/halpd/log_observer.h"

#include <cstdint>
#include <optional>
#include <string>
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
    if (!detail && !in_sum_.allow({}, now)) return;

    std::string sentence = event_sentence(event);
    Json fields = event_fields(event);
    if (*held_back > 0) {
        sentence += " (" + std::to_string(*held_back) + " more like this were not written)";
        fields.set("held_back", *held_back);
    }
    log_.write(level, event_name(event), sentence, fields);
}

}  // namespace halp
