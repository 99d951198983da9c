#include "tools/halpd/log/log_observer.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "tools/halpd/admin/event_text.h"

namespace halp {

namespace {

constexpr Duration told_after = std::chrono::minutes{1};

}  // namespace

void LogObserver::note(const Event& event) {
    const LogLevel level = event_level(event);
    if (left_out_since_ != never) tell_left_out(clock_.now());
    if (!log_.writes(level)) return;
    const Instant now = clock_.now();
    const bool detail = level < LogLevel::info;
    const bool mismatch = std::holds_alternative<SwarmMismatch>(event);
    RateLimiter& limiter = detail ? details_ : mismatch ? mismatches_ : by_source_;
    // One limit per kind of event and source: many events of one kind do not hide another kind.
    const std::string account = detail ? std::string{} : std::string{event_name(event)} + ' ' + event_source(event);
    const std::optional<std::uint64_t> held_back = limiter.allow(account, now);
    if (!held_back || (!detail && !in_sum_.allow({}, now))) {
        ++held_back_;
        if (held_back) left_out_ += *held_back + 1;
        if (!detail && !mismatch && left_out_since_ == never) left_out_since_ = now;
        return;
    }

    std::string sentence = event_sentence(event);
    Json fields = event_fields(event);
    if (*held_back > 0) {
        sentence += " (" + std::to_string(*held_back) + " more like this were not written)";
        fields.set("held_back", *held_back);
    }
    log_.write(level, event_name(event), sentence, fields);
}

// A swarm that changes notes events all the time, so a node that held lines back comes here soon.
void LogObserver::tell_left_out(Instant now) {
    if (now - left_out_since_ < told_after || !in_sum_.allow({}, now)) return;
    left_out_since_ = never;
    const std::uint64_t lines = left_out_ + by_source_.take_held_back();
    left_out_ = 0;
    if (lines == 0) return;  // other lines have told
    const std::string sentence =
        std::to_string(lines) + " lines of the last minutes were not written: too many at once";
    log_.write(LogLevel::warn, "lines_left_out", sentence, Json::object().set("held_back", lines));
}

}  // namespace halp
