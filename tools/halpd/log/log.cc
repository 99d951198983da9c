#include "tools/halpd/log/log.h"

#include <spdlog/common.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>
#include <utility>

#include "tools/halpd/log/log_output.h"
#include "tools/program/harmless.h"

namespace halp {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
    return static_cast<spdlog::level::level_enum>(static_cast<int>(level));
}
static_assert(static_cast<int>(config::LogLevel::error) == SPDLOG_LEVEL_ERROR);

constexpr std::array<std::string_view, 5> level_names{"trace", "debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 5> journal_prefixes{"<7>", "<7>", "<6>", "<4>", "<3>"};  // sd-daemon(3)

// RFC 3339 in UTC, with milliseconds.
std::string time_text() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    const auto seconds = static_cast<std::time_t>(ms / 1000);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[32], whole[48];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(whole, sizeof whole, "%s.%03dZ", text, static_cast<int>(ms % 1000));
    return whole;
}

// Gives the text of a message to an output as it is.
class OutputSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
public:
    [[nodiscard]] LogOutput& output() { return output_; }

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        // A line that is lost is counted there, and said before the next one.
        static_cast<void>(output_.write({message.payload.data(), message.payload.size()}));
    }
    void flush_() override {}

    LogOutput output_;
};

}  // namespace

struct Log::Impl {
    config::LogSettings settings;
    bool journald = false;
    spdlog::logger logger{"halpd"};

    std::uint64_t lines_lost = 0;                                       // that have been told
    std::shared_ptr<OutputSink> sink = std::make_shared<OutputSink>();  // as spdlog wants it

    [[nodiscard]] std::string line_of(LogLevel level, std::string_view event, std::string_view sentence,
                                      const Json& fields) const;
    void say_what_is_lost();
};

Log::Log(config::LogSettings settings, bool journald) : impl_(std::make_unique<Impl>()) {
    impl_->settings = std::move(settings);
    impl_->journald = journald && impl_->settings.file.empty();
    impl_->logger.sinks().assign(1, impl_->sink);
    set_level(impl_->settings.level);
}

Log::~Log() = default;

Result<void> Log::reopen() {
    if (impl_->settings.file.empty()) return {};
    Result<LogOutput> file = LogOutput::to_file(impl_->settings.file);
    impl_->lines_lost += impl_->sink->output().lost();
    impl_->sink->output() = file ? std::move(*file) : LogOutput{};
    if (file) return {};
    return Error{ErrorCode::io, "cannot open the log file " + impl_->settings.file + " (" + file.error().message +
                                    "); the log goes to stderr"};
}

void Log::set_level(LogLevel level) { impl_->logger.set_level(level_of(level)); }

std::uint64_t Log::lines_lost() const { return impl_->lines_lost + impl_->sink->output().lost(); }

bool Log::writes(LogLevel level) const { return impl_->logger.should_log(level_of(level)); }

void Log::write(LogLevel level, std::string_view event, std::string_view sentence, const Json& fields) {
    if (!writes(level)) return;
    impl_->say_what_is_lost();
    const std::string line = impl_->line_of(level, event, sentence, fields);
    impl_->logger.log(level_of(level), spdlog::string_view_t{line.data(), line.size()});
}

std::string Log::Impl::line_of(LogLevel level, std::string_view event, std::string_view sentence,
                               const Json& fields) const {
    const std::string_view name = level_names[static_cast<std::size_t>(level)];
    if (settings.format == config::LogFormat::json) {
        Json object =
            Json::object({{"time", time_text()}, {"level", name}, {"event", event}, {"message", sentence}});
        return object.set_all(fields).line(JsonEscapes::hardened);
    }
    if (journald) return std::string{journal_prefixes[static_cast<std::size_t>(level)]} + harmless(sentence);
    return time_text() + " " + std::string{name} + " " + harmless(sentence);
}

void Log::Impl::say_what_is_lost() {
    LogOutput& output = sink->output();
    const std::uint64_t lost = output.lost();
    if (lost == 0) return;
    const std::string sentence =
        std::to_string(lost) + " lines of the log are lost: nobody read them, or the disk was full";
    const bool told =
        output.write(line_of(LogLevel::warn, "log_lines_lost", sentence, Json::object().set("lines", lost)));
    output.forget_lost(told ? lost : 1);  // one: this line itself was counted
    if (told) lines_lost += lost;
}

}  // namespace halp
