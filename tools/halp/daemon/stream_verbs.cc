#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "tools/halp/interrupt.h"
#include "tools/halp/output/json_report.h"
#include "tools/halp/output/printed_text.h"
#include "tools/halp/verbs.h"
#include "tools/program/durations.h"

namespace halp::cli {
namespace {

using interrupt::Cause;

// Lines for people: "=" was there at the start, "+" appeared, "-" is gone. That a host was confirmed again is no
// news for people.
std::string watch_words(const Console& console, const Happening& what, UnixSeconds now) {
    if (what.name == "initial_list_complete" || !what.endpoint) return "";
    const std::string host = what.endpoint->host + " " + std::to_string(what.endpoint->port);
    if (what.name == "entry") return "= " + host + "  " + seen_words(console, what.seen, now);
    if (what.again) return "";
    if (what.name == "entry_learned") return "+ " + host + "  " + what.from;
    if (what.name == "entry_forgotten") return "- " + host + "  " + what.why;
    return "";
}

class Watch {
public:
    explicit Watch(const WithDaemon& world) : world_(world) {}

    // False when the verb is done.
    bool take(const Happening& what) {
        if (interrupt::cause() != Cause::none) return false;
        leaving_ = leaving_ || what.name == "leaving";
        if (!show(what)) return false;
        present_ += what.name == "entry" ? 1 : 0;
        if (what.name == "initial_list_complete") {
            complete_ = true;
            if (present_ == 0) world_.console.say("no host there at present.");
            return !world_.command.once;
        }
        changes_ += (what.name == "entry_learned" && !what.again) || what.name == "entry_forgotten" ? 1 : 0;
        enough_ = world_.command.changes_max && changes_ >= *world_.command.changes_max;
        return !enough_;
    }

    [[nodiscard]] ExitCode end(const Result<void>& outcome) const {
        const Cause why = interrupt::cause();
        if (why == Cause::interrupted || why == Cause::terminated) return ExitCode::interrupted;
        if (why == Cause::time_over || enough_) return ExitCode::ok;
        if (complete_ && world_.command.once) return present_ > 0 ? ExitCode::ok : ExitCode::nothing_found;
        if (!outcome) return world_.console.fail(outcome.error());
        if (reader_left_) return ExitCode::ok;
        return world_.console.fail(ExitCode::failed,
                                   leaving_ ? "the daemon has left." : "the daemon ended the stream.");
    }

private:
    bool show(const Happening& what) {
        const std::string text = world_.console.style().json
                                     ? json_of_event(what.name, what.json)
                                     : watch_words(world_.console, what, world_.clock.wall());
        reader_left_ = !text.empty() && !world_.console.line(text);
        return !reader_left_;
    }

    const WithDaemon& world_;
    int changes_ = 0;
    int present_ = 0;
    bool complete_ = false, enough_ = false, leaving_ = false, reader_left_ = false;
};

// Announces again after a restart of the daemon.
class Announcement {
public:
    explicit Announcement(const WithDaemon& world) : world_(world) {}

    Result<void> hold_once() {
        announced_ = false;
        return world_.daemon.announce_while(world_.command.label, world_.command.host, world_.command.port,
                                            world_.command.tags,
                                            [this](const Happening& what) { return take(what); });
    }
    [[nodiscard]] bool was_announced() const { return announced_; }
    [[nodiscard]] bool ever_announced() const { return ever_; }
    // What it says can be written no more.
    [[nodiscard]] bool reader_left() const { return reader_left_; }

private:
    bool take(const Happening& what) {
        if (what.name == "announced") {
            announced_ = ever_ = true;
            show(what);
        }
        return interrupt::cause() == Cause::none && what.name != "leaving" && !reader_left_;
    }

    void show(const Happening& what) {
        const std::string where = what.endpoint ? what.endpoint->text() : "this host";
        reader_left_ = !world_.console.line(world_.console.style().json ? json_of_event(what.name, what.json)
                                                                        : "Announced " + where + " under '" +
                                                                              world_.command.label.text() + "'");
        if (reader_left_) return;
        world_.console.say(until_words("announced", world_.command.for_s));
    }

    const WithDaemon& world_;
    bool announced_ = false;
    bool ever_ = false;
    bool reader_left_ = false;
};

void arm(const CommandLine& command) {
    if (command.for_s) interrupt::arm(Duration{static_cast<std::int64_t>(std::ceil(*command.for_s * 1e6))});
}

// Errors that remain the same at a second attempt.
bool is_final(const Error& error) {
    return error.code == ErrorCode::invalid || error.code == ErrorCode::refused ||
           error.code == ErrorCode::not_found;
}

// Of --timeout: how long the daemon may be away before `halp announce` gives up. Without it, for ever.
class Patience {
public:
    explicit Patience(std::optional<double> seconds) : seconds_(seconds) {}
    void daemon_is_there() { since_ = Clock::now(); }
    [[nodiscard]] bool is_over() const {
        return seconds_ && std::chrono::duration<double>(Clock::now() - since_).count() >= *seconds_;
    }

private:
    using Clock = std::chrono::steady_clock;
    std::optional<double> seconds_;
    Clock::time_point since_ = Clock::now();
};

}  // namespace

ExitCode run_watch(const WithDaemon& world) {
    interrupt::prepare();
    arm(world.command);
    Watch watch{world};
    const auto outcome =
        world.daemon.watch(world.command.label, [&](const Happening& what) { return watch.take(what); });
    return watch.end(outcome);
}

ExitCode run_announce(const WithDaemon& world) {
    interrupt::prepare();
    arm(world.command);
    Announcement announcement{world};
    Patience patience{world.command.timeout_s};
    Duration pause = std::chrono::milliseconds{200};
    while (true) {
        const auto outcome = announcement.hold_once();
        if (interrupt::cause() != Cause::none) break;
        if (announcement.reader_left()) return ExitCode::failed;  // what started it does not learn what it says
        const bool hopeless = !announcement.ever_announced() || (!outcome && is_final(outcome.error()));
        if (!outcome && hopeless) return world.console.fail(outcome.error());
        if (announcement.was_announced()) {
            pause = std::chrono::milliseconds{200};
            patience.daemon_is_there();
            world.console.say("the daemon is gone; announcing again as soon as it is back.");
        }
        if (patience.is_over())
            return world.console.fail(ExitCode::timed_out, "the daemon has not come back in time.");
        interrupt::nap(pause);
        pause = std::min<Duration>(pause * 2, std::chrono::seconds{10});
    }
    if (announcement.was_announced()) world.console.say("withdrawn.");
    return interrupt::cause() == Cause::interrupted ? ExitCode::interrupted : ExitCode::ok;
}

}  // namespace halp::cli
