#include "tools/halpd/log.h"

#include <spdlog/common.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <utility>

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

}  // namespace

struct Log::Impl {
    config::LogSettings settings;
    bool journald = false;
    spdlog::logger logger{"halpd"};

    void use(spdlog::sink_ptr sink) {
        sink->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
        logger.sinks().assign(1, std::move(sink));
    }
    void use_stderr() { use(std::make_shared<spdlog::sinks::stderr_sink_st>()); }
};

Log::Log(config::LogSettings settings, bool journald) : impl_(std::make_unique<Impl>()) {
    impl_->settings = std::move(settings);
    impl_->journald = journald && impl_->settings.file.empty();
    impl_->use_stderr();
    impl_->logger.flush_on(spdlog::level::trace);
    set_level(impl_->settings.level);
}

Log::~Log() = default;

Result<void> Log::reopen() {
    if (impl_->settings.file.empty()) return {};
    try {
        impl_->use(std::make_shared<spdlog::sinks::basic_file_sink_st>(impl_->settings.file));
    } catch (const spdlog::spdlog_ex& error) {
        impl_->use_stderr();
        return Error{ErrorCode::io, "cannot open the log file " + impl_->settings.file + " (" + error.what() +
                                        "); the log goes to stderr"};
    }
    return {};
}

void Log::set_level(LogLevel level) { impl_->logger.set_level(level_of(level)); }

bool Log::writes(LogLevel level) const { return impl_->logger.should_log(level_of(level)); }

void Log::write(LogLevel level, std::string_view event, std::string_view sentence, const Json& fields) {
    if (!writes(level)) return;
    const std::string_view name = level_names[static_cast<std::size_t>(level)];
    std::string line;
    if (impl_->settings.format == config::LogFormat::json) {
        Json object =
            Json::object({{"time", time_text()}, {"level", name}, {"event", event}, {"message", sentence}});
        line = object.set_all(fields).line(JsonEscapes::hardened);
    } else if (impl_->journald) {
        line = std::string{journal_prefixes[static_cast<std::size_t>(level)]} + harmless(sentence);
    } else {
        line = time_text() + " " + std::string{name} + " " + harmless(sentence);
    }
    impl_->logger.log(level_of(level), spdlog::string_view_t{line.data(), line.size()});
}

}  // namespace halp
