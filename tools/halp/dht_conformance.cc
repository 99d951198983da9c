// `halp dht conformance HOST:PORT`: one line of verdict for each case.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/dht/conformance.h"
#include "overlay/libevent_runner.h"
#include "tools/halp/dht_verbs.h"
#include "tools/halp/dht_world.h"

namespace halp::cli {
namespace {

using neo::Verdict;

std::string padded(std::string_view text, std::size_t width) {
    std::string out(text);
    out.resize(std::max(width, out.size()), ' ');
    return out;
}

ExitCode list(const std::vector<neo::ConformanceCase>& cases, Console& console) {
    for (const neo::ConformanceCase& each : cases) {
        if (console.style().json)
            console.line(nlohmann::json{{"name", each.name}, {"shows", each.shows}}.dump());
        else
            console.line(padded(each.name, 40) + " " + std::string(each.shows));
    }
    return ExitCode::ok;
}

Result<neo::Credential> credential_of(const std::string& file) {
    if (file.empty()) return neo::Credential{"admin", {}};
    std::ifstream in(file, std::ios::binary);
    if (!in) return Error{ErrorCode::invalid, "`" + file + "` cannot be read."};
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    return neo::parse_client_credential(text);
}

void show(const Verdict& verdict, Console& console) {
    const std::string word(name(verdict.kind));
    if (console.style().json) {
        nlohmann::json line{{"name", verdict.name}, {"verdict", word}, {"took_us", verdict.took.count()}};
        if (!verdict.reason.empty()) line["reason"] = verdict.reason;
        console.line(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        return;
    }
    const std::string why = verdict.reason.empty() ? "" : ": " + verdict.reason;
    console.line(padded(word, 8) + std::string(verdict.name) + why);
}

std::size_t count_of(const std::vector<Verdict>& verdicts, Verdict::Kind kind) {
    std::size_t found = 0;
    for (const Verdict& verdict : verdicts) found += verdict.kind == kind ? 1 : 0;
    return found;
}

ExitCode conclude(const std::vector<Verdict>& verdicts, const Endpoint& node, const std::string& junit,
                  Console& console) {
    if (!junit.empty()) {
        std::ofstream out(junit, std::ios::binary);
        out << junit_xml(verdicts, node) << std::flush;
        if (!out) return console.fail(ExitCode::failed, "`" + junit + "` could not be written.");
    }
    const std::size_t failed = count_of(verdicts, Verdict::Kind::failed);
    console.say(std::to_string(count_of(verdicts, Verdict::Kind::passed)) + " passed, " + std::to_string(failed) +
                " failed, " + std::to_string(count_of(verdicts, Verdict::Kind::skipped)) + " skipped.");
    return failed == 0 ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

ExitCode run_dht_conformance(const CommandLine& command, Console& console) {
    const DhtCommand& typed = command.dht;
    const auto cases = neo::conformance_cases_named(typed.only);
    if (cases.empty())
        return console.fail(ExitCode::usage, "there is no case or group `" + typed.only + "`; --list names them.");
    if (typed.list) return list(cases, console);
    const auto node = Endpoint::parse(typed.node);
    if (!node) return console.fail(ExitCode::usage, "`" + typed.node + "` is not HOST:PORT.");
    const auto credential = credential_of(typed.credentials);
    if (!credential) return console.fail(ExitCode::usage, credential.error().message);

    DhtWorld around(1);
    LibeventRunner runner(around.world);
    neo::ConformanceOptions options;
    options.node = *node;
    options.credential = *credential;
    if (command.timeout_s) options.patience = Duration{static_cast<std::int64_t>(*command.timeout_s * 1e6)};
    neo::Conformance judge(around.doors(), runner, options);
    around.world.attach(judge);
    std::vector<Verdict> verdicts;
    for (const neo::ConformanceCase& each : cases) {
        verdicts.push_back(judge.run(each));
        show(verdicts.back(), console);
    }
    return conclude(verdicts, *node, typed.junit, console);
}

}  // namespace halp::cli
