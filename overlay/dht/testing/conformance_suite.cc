#include "overlay/dht/testing/conformance_suite.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <utility>

#include "overlay/dht/testing/conformance_case_run.h"
#include "store/markup.h"

namespace halp::neo {
namespace {

template <std::size_t n>
bool among(std::string_view name, const std::array<std::string_view, n>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// The values 1000, 100 and the order between them are the original's. Its other cases have 0, and so have ours.
int priority_of(std::string_view name) {
    constexpr std::array<std::string_view, 2> first = {"handshake.version", "handshake.accepted"};
    constexpr std::array<std::string_view, 3> transport = {"handshake", "frames", "requests"};
    constexpr std::array<std::string_view, 3> basic = {"dhttest.put_get", "dhttest.put_remove_get",
                                                       "dhttest.get_non_existent"};
    const std::string_view group = name.substr(0, name.find('.'));
    if (among(name, first)) return 1000;
    if (among(group, transport)) return 500;
    if (among(name, basic)) return 100;
    return group == "dhttest" ? 50 : 0;
}

void put_in_order(std::vector<ConformanceCase>& cases) {
    for (ConformanceCase& each : cases) each.priority = priority_of(each.name);
    std::ranges::stable_sort(cases, std::ranges::greater(), &ConformanceCase::priority);
    std::size_t number = 0;
    for (ConformanceCase& each : cases) each.number = ++number;
}

}  // namespace

const std::vector<ConformanceCase>& conformance_cases() {
    static const std::vector<ConformanceCase> all = [] {
        std::vector<ConformanceCase> cases;
        add_transport_cases(cases);
        add_framing_cases(cases);
        add_record_cases(cases);
        add_update_cases(cases);
        add_get_all_cases(cases);
        add_mirror_cases(cases);
        add_node_cases(cases);
        add_legacy_cases(cases);
        add_restart_cases(cases);
        put_in_order(cases);
        return cases;
    }();
    return all;
}

std::vector<ConformanceCase> conformance_cases_named(std::string_view only) {
    std::vector<ConformanceCase> chosen;
    for (const ConformanceCase& each : conformance_cases()) {
        const bool in_group = each.name.starts_with(only) && each.name.substr(only.size()).starts_with('.');
        if (only.empty() || each.name == only || in_group) chosen.push_back(each);
    }
    return chosen;
}

std::string_view name(Verdict::Kind kind) {
    switch (kind) {
        case Verdict::Kind::passed:
            return "passed";
        case Verdict::Kind::failed:
            return "FAILED";
        case Verdict::Kind::skipped:
            return "skipped";
    }
    return "?";
}

ConformanceSuite::ConformanceSuite(Environment environment, WorldRunner& world, ConformanceOptions options,
                                   NodeControl* control)
    : environment_(environment), world_(world), options_(std::move(options)), control_(control) {}

ConformanceSuite::~ConformanceSuite() = default;

Sanity ConformanceSuite::sanity() {
    run_ = std::make_unique<CaseRun>(environment_, world_, options_, control_);
    Sanity found = assess_sanity(*run_);
    run_.reset();
    return found;
}

Verdict ConformanceSuite::run(const ConformanceCase& test) {
    const Instant began = environment_.clock.now();
    run_ = std::make_unique<CaseRun>(environment_, world_, options_, control_);
    run_->tidy();
    test.run(*run_);
    Verdict verdict{test.name, run_->kind(), run_->reason(), Duration{0}};
    // The connections of the case close before the channels it has left are removed.
    const std::set<std::string> others = run_->others();
    run_ = std::make_unique<CaseRun>(environment_, world_, options_, control_);
    run_->tidy(others);
    run_.reset();
    verdict.took = environment_.clock.now() - began;
    return verdict;
}

void ConformanceSuite::on_accept(StreamId stream, const Endpoint&) { environment_.transport.abort(stream); }

void ConformanceSuite::on_connected(StreamId stream, const Endpoint&) {
    if (run_) run_->on_connected(stream);
}

void ConformanceSuite::on_connect_failed(StreamId stream, ConnectFailure why) {
    if (run_) run_->on_connect_failed(stream, why);
}

void ConformanceSuite::on_bytes(StreamId stream, Bytes bytes) {
    if (run_) run_->on_bytes(stream, bytes);
}

void ConformanceSuite::on_end(StreamId stream) {
    if (run_) run_->on_gone(stream, true);
}

void ConformanceSuite::on_closed(StreamId stream) {
    if (run_) run_->on_gone(stream, false);
}

void ConformanceSuite::on_wakeup() {}

namespace {

// XML cannot represent control characters at all.
std::string in_xml(std::string_view text) {
    std::string printable{text};
    for (char& c : printable)
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
    return markup_escaped(printable);
}

std::string in_seconds(Duration span) {
    const std::string fraction = std::to_string(1'000'000 + span.count() % 1'000'000).substr(1, 3);
    return std::to_string(span.count() / 1'000'000) + "." + fraction;
}

std::string junit_case(const Verdict& verdict) {
    const auto dot = verdict.name.find('.');
    std::string out = "  <testcase classname=\"dht." + in_xml(verdict.name.substr(0, dot)) + "\" name=\"" +
                      in_xml(verdict.name.substr(dot + 1)) + "\" time=\"" + in_seconds(verdict.took) + "\"";
    if (verdict.kind == Verdict::Kind::passed) return out + "/>\n";
    const bool failed = verdict.kind == Verdict::Kind::failed;
    return out + ">\n    <" + (failed ? "failure" : "skipped") + " message=\"" + in_xml(verdict.reason) +
           "\"/>\n  </testcase>\n";
}

}  // namespace

std::string junit_xml(const std::vector<Verdict>& verdicts, const Endpoint& node) {
    std::size_t failures = 0, skipped = 0;
    Duration took{};
    std::string cases;
    for (const Verdict& verdict : verdicts) {
        failures += verdict.kind == Verdict::Kind::failed ? 1 : 0;
        skipped += verdict.kind == Verdict::Kind::skipped ? 1 : 0;
        took += verdict.took;
        cases += junit_case(verdict);
    }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"dht conformance of " +
           in_xml(node.text()) + "\" tests=\"" + std::to_string(verdicts.size()) + "\" failures=\"" +
           std::to_string(failures) + "\" skipped=\"" + std::to_string(skipped) + "\" errors=\"0\" time=\"" +
           in_seconds(took) + "\">\n" + cases + "</testsuite>\n";
}

}  // namespace halp::neo
