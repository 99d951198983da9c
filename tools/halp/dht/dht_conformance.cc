// `halp dht conformance HOST:PORT`: one line of verdict for each case.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "overlay/dht/libevent/dht_files.h"
#include "overlay/dht/testing/conformance_suite.h"
#include "tools/halp/dht/conformance_choice.h"
#include "tools/halp/dht/conformance_report.h"
#include "tools/halp/dht/dht_reach.h"
#include "tools/halp/dht/dht_verbs.h"
#include "tools/halp/dht/interruptible_runner.h"
#include "tools/halp/dht/node_under_test.h"
#include "tools/halp/interrupt.h"
#include "tools/program/child_process.h"

namespace halp::cli {
namespace {

using neo::Sanity;
using neo::Verdict;

Result<neo::Credential> credential_of(const std::string& file) {
    if (file.empty()) return neo::Credential{"admin", {}};
    return read_credentials_file(file);
}

ExitCode exit_code_of(Sanity::Kind kind) {
    switch (kind) {
        case Sanity::Kind::sound:
            return ExitCode::ok;
        case Sanity::Kind::unreachable:
            return ExitCode::no_daemon;
        case Sanity::Kind::silent:
            return ExitCode::timed_out;
        case Sanity::Kind::stranger:
            return ExitCode::failed;
        case Sanity::Kind::rejected:
            return ExitCode::refused;
    }
    return ExitCode::failed;
}

// The longest time between the end of a node's connections and the end of its process.
constexpr std::chrono::seconds time_to_die{1};

Duration seconds(double count) { return Duration{static_cast<std::int64_t>(count * 1e6)}; }

bool interrupted() { return interrupt::cause() != interrupt::Cause::none; }

neo::ConformanceOptions options_of(const CommandLine& command, const Endpoint& node, const neo::Credential& who) {
    neo::ConformanceOptions options;
    options.node = node;
    options.credential = who;
    if (command.timeout_s) options.patience = seconds(*command.timeout_s);
    return options;
}

// A whole run, from the start of the node (with --start) to the exit code.
class ConformanceRun {
public:
    ConformanceRun(const CommandLine& command, Console& console, neo::ConformanceOptions options,
                   std::vector<neo::ConformanceCase> cases)
        : typed_(command.dht),
          console_(console),
          options_(std::move(options)),
          cases_(std::move(cases)),
          report_(cases_, command.dht.progress, console) {}

    ExitCode run() {
        interrupt::prepare();
        const Result<void> started = typed_.start.empty() ? Result<void>{} : start_node();
        const ExitCode code =
            started ? run_cases() : not_begun(cli::exit_code_of(started.error().code), started.error().message);
        end_node();
        return code;
    }

private:
    Result<void> start_node() {
        const char* path = std::getenv("PATH");
        NodeUnderTestOptions own;
        own.argv = {process::find_program(typed_.start, path == nullptr ? "" : path)};
        if (own.argv.front().empty())
            return Error{ErrorCode::invalid, "--start: `" + typed_.start + "` is no program that can be run."};
        own.argv.insert(own.argv.end(), typed_.arguments.begin(), typed_.arguments.end());
        own.at = options_.node;
        own.credential = options_.credential;
        own.delay = seconds(typed_.delay_s);
        own.keeps_records = !typed_.no_restart;
        own.keep_directory = typed_.keep;
        auto node = NodeUnderTest::make(std::move(own));
        if (!node) return node.error();
        node_ = std::move(node).value();
        console_.detail("the node runs in " + node_->directory());
        return node_->start();
    }

    ExitCode run_cases() {
        LibeventWorld world(limits_for_streaming(1));
        InterruptibleRunner runner(world);
        neo::ConformanceSuite suite(world.environment(), runner, options_, node_.get());
        world.attach(suite);
        const Sanity sanity = suite.sanity();
        if (sanity.kind != Sanity::Kind::sound) return not_begun(exit_code_of(sanity.kind), sanity.reason + ".");
        for (const neo::ConformanceCase& each : cases_) {
            report_.begin(each);
            const Verdict verdict = suite.run(each);
            if (interrupted()) return finish(ExitCode::interrupted, "interrupted.");
            report_.add(each, verdict);
            if (const std::string why = what_became_of_the_node(suite, each, verdict); !why.empty())
                return finish(ExitCode::failed, why, true);
            if (typed_.fatal && verdict.kind == Verdict::Kind::failed && report_.not_run() > 0)
                return finish(ExitCode::failed, "the run ends with the failure of " + std::string(each.name) + ".");
        }
        return finish(report_.failed() == 0 ? ExitCode::ok : ExitCode::failed, "");
    }

    // The reason to stop, in sentences, when the node is gone; otherwise empty. A node that this run has started
    // is checked after every case: a case may pass although it has killed the node, because it expects the end of
    // the connection.
    std::string what_became_of_the_node(neo::ConformanceSuite& suite, const neo::ConformanceCase& test,
                                        const Verdict& verdict) {
        const bool look = node_ || (verdict.kind == Verdict::Kind::failed && report_.not_run() > 0);
        if (!look) return {};
        const Sanity::Kind found = suite.sanity().kind;
        if (found == Sanity::Kind::sound || interrupted()) return {};
        const std::string how = node_ ? node_->death(time_to_die) : "";
        if (!how.empty()) return "the node ended in the course of " + std::string(test.name) + ": " + how;
        const bool gone = found == Sanity::Kind::unreachable;
        return gone ? "the node cannot be reached any more behind " + std::string(test.name) + "." : "";
    }

    ExitCode not_begun(ExitCode code, const std::string& why) {
        if (interrupted()) return finish(ExitCode::interrupted, "interrupted.");
        console_.fail(code, "no case was run: " + why);
        return write_junit(why, why) ? code : ExitCode::failed;
    }

    // `why` the run has stopped early, in sentences; empty when it has not. `grave`: print it even with --quiet.
    ExitCode finish(ExitCode code, const std::string& why, bool grave = false) {
        const std::string text = report_.summary() + (why.empty() ? "." : ": " + why);
        if (grave)
            console_.fail(code, text);
        else
            console_.say(text);
        return write_junit(why, "") ? code : ExitCode::failed;
    }

    bool write_junit(const std::string& why, const std::string& fault) {
        if (typed_.junit.empty() || report_.write_junit(typed_.junit, options_.node, why, fault)) return true;
        console_.fail(ExitCode::failed, "`" + typed_.junit + "` could not be written.");
        return false;
    }

    void end_node() {
        if (!node_) return;
        if (const std::string words = node_->end(); !words.empty()) console_.say(words + ".");
        if (typed_.keep) console_.say("kept: " + node_->directory());
    }

    const DhtCommand& typed_;
    Console& console_;
    const neo::ConformanceOptions options_;
    const std::vector<neo::ConformanceCase> cases_;
    ConformanceReport report_;
    std::unique_ptr<NodeUnderTest> node_;
};

}  // namespace

ExitCode run_dht_conformance(const CommandLine& command, Console& console) {
    const DhtCommand& typed = command.dht;
    auto cases = chosen_cases(typed);
    if (!cases) return console.fail(ExitCode::usage, cases.error().message);
    if (typed.list) {
        list_cases(*cases, console);
        return ExitCode::ok;
    }
    const auto node = Endpoint::parse(typed.node);
    if (!node) return console.fail(ExitCode::usage, "`" + typed.node + "` is not HOST:PORT.");
    const auto credential = credential_of(typed.credentials);
    if (!credential) return console.fail(ExitCode::usage, credential.error().message);
    return ConformanceRun(command, console, options_of(command, *node, *credential), std::move(cases).value())
        .run();
}

}  // namespace halp::cli
