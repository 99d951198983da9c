#include "tools/halpd/log/shortage_log.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "overlay/libevent/library_log.h"

namespace halp {
namespace {

constexpr std::array<std::string_view, file_uses> file_use_names{"accepted", "dialled", "admin", "records"};
constexpr std::array<std::string_view, 4> shed_events{"connections_full", "source_full", "files_short",
                                                      "reader_too_slow"};

std::string from(const SocketAddress* source) {
    return source == nullptr ? std::string{} : " from " + source->endpoint().text();
}

std::string shed_sentence(Shed cause, const SocketAddress* source, const std::string& what,
                          const WorldLimits& limits) {
    const std::string one = "a connection " + what + from(source);
    const std::string silent = " (the one of the fullest address that was silent longest goes first)";
    switch (cause) {
        case Shed::total_limit:
            return one + " was closed: " + std::to_string(limits.accepted_max) +
                   " are open, as many as are allowed" + silent;
        case Shed::source_limit:
            return one + " was closed: that address has " + std::to_string(limits.accepted_per_source_max) +
                   " open, as many as are allowed" + silent;
        case Shed::no_descriptor:
            return one + " was closed: the process may open no more files (ulimit -n, LimitNOFILE)" + silent;
        case Shed::slow_reader:
            break;
    }
    return one + " was ended: its reader is too slow";
}

}  // namespace

ShortageLog::ShortageLog(Log& log, const Clock& clock) : log_(log), clock_(clock) {
    set_library_log(
        [this](const std::string& message, std::uint64_t held_back) { library_message(message, held_back); });
}

void ShortageLog::library_message(const std::string& message, std::uint64_t held_back) {
    Json fields = Json::object();
    std::string sentence = "libevent: " + message;
    if (held_back > 0) {
        sentence += " (" + std::to_string(held_back) + " more were not written)";
        fields.set("held_back", held_back);
    }
    log_.write(LogLevel::warn, "libevent", sentence, fields);
}

ShortageLog::~ShortageLog() { set_library_log({}); }

void ShortageLog::watch(LibeventWorld& world, std::string what) {
    world.on_shed([this, &world, what = std::move(what)](Shed cause, const SocketAddress* source) {
        shed(cause, source, what, world.limits());
    });
}

void ShortageLog::watch(FileBudget& files) {
    files.on_refused([this, &files](FileUse use) {
        if (use == FileUse::accepted || use == FileUse::records) return;  // on_shed() tells of these
        warn("files_short", "no more files can be opened for connections (" +
                                std::string{file_use_names[static_cast<std::size_t>(use)]} + "): the limit is " +
                                std::to_string(files.limit()) + " (ulimit -n, LimitNOFILE)");
    });
}

void ShortageLog::watch(InputAccount& input) {
    input.on_dropped([this, &input](const Endpoint& source, std::size_t bytes) {
        warn("input_full",
             "a connection from " + source.host + " was ended: it kept " + std::to_string(bytes) +
                 " bytes of unfinished input, the most of the fullest source, and all together are above " +
                 std::to_string(input.bytes_max()) + " (limits.input_bytes_max)");
    });
}

void ShortageLog::warn(std::string_view event, const std::string& sentence) {
    const std::optional<std::uint64_t> held_back = limiter_.allow(std::string{event}, clock_.now());
    if (!held_back) return;
    Json fields = Json::object();
    std::string whole = sentence;
    if (*held_back > 0) {
        whole += " (" + std::to_string(*held_back) + " more like this were not written)";
        fields.set("held_back", *held_back);
    }
    log_.write(LogLevel::warn, event, whole, fields);
}

void ShortageLog::shed(Shed cause, const SocketAddress* source, const std::string& what,
                       const WorldLimits& limits) {
    warn(shed_events[static_cast<std::size_t>(cause)], shed_sentence(cause, source, what, limits));
}

Json status_of(const FileBudget& files) {
    Json object = Json::object();
    object.set("limit", files.limit());
    Json refused = Json::object();
    for (std::size_t i = 0; i < file_uses; ++i) {
        object.set(file_use_names[i], files.used(static_cast<FileUse>(i)));
        refused.set(file_use_names[i], files.refused(static_cast<FileUse>(i)));
    }
    return object.set("refused", refused);
}

Json status_of(const OutputAccount& output) {
    Json object = Json::object();
    return object.set("bytes", output.bytes()).set("bytes_max", output.bytes_max());
}

Json status_of(const InputAccount& input) {
    Json object = Json::object();
    object.set("bytes", input.bytes()).set("bytes_max", input.bytes_max());
    return object.set("dropped", input.dropped());
}

Json status_of(const WorldStats& stats, const WorldLimits& limits) {
    Json shed = Json::object();
    shed.set("total_limit", stats.shed_total_limit).set("source_limit", stats.shed_source_limit);
    shed.set("no_descriptor", stats.shed_no_descriptor).set("idle", stats.shed_idle);
    shed.set("slow_reader", stats.shed_slow_reader);
    Json object = Json::object();
    object.set("open", stats.live_accepted).set("open_max", limits.accepted_max);
    object.set("per_source_max", limits.accepted_per_source_max).set("dialled", stats.live_connected);
    object.set("output_unsent", stats.output_unsent).set("pauses", stats.pauses);
    object.set("shed", shed).set("not_watched", stats.not_watched);
    return object.set("reads_put_off", stats.reads_put_off);
}

}  // namespace halp
