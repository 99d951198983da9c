#include "tools/halp/demo.h"

#include <signal.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <optional>
#include <system_error>
#include <utility>

#include "tools/halp/demo_swarm.h"
#include "tools/halp/interrupt.h"
#include "tools/halp/output/json_report.h"
#include "tools/halp/output/printed_text.h"
#include "tools/program/durations.h"

namespace halp::cli {
namespace {

constexpr std::chrono::milliseconds poll_pause{4};
constexpr std::size_t log_lines_shown = 12;

bool lists(const Listing& listing, const Endpoint& endpoint) {
    return std::ranges::any_of(listing.hosts, [&](const ListedAt& host) { return host.endpoint == endpoint; });
}

class Demo {
public:
    Demo(const DemoWorld& world, DemoSwarm& swarm)
        : world_(world), swarm_(swarm), label_(Label::parse("demo").value()) {}

    Result<void> play() {
        for (const auto act :
             {&Demo::start_all, &Demo::meet, &Demo::announce, &Demo::show_lists, &Demo::kill_one, &Demo::stop_all})
            if (auto done = (this->*act)(); !done) return done;
        return {};
    }

    [[nodiscard]] const DemoReport& report() const { return report_; }
    [[nodiscard]] const DemoNode* failing() const { return failing_; }

private:
    using Condition = std::function<bool(DemoNode&)>;

    [[nodiscard]] bool tells_story() const { return !world_.command.json && !world_.command.quiet; }
    void tell(const std::string& text) {
        if (tells_story())
            world_.console.line(text);
        else
            world_.console.detail(text);
    }
    [[nodiscard]] double since(Instant begin) const {
        return std::chrono::duration<double>(world_.clock.now() - begin).count();
    }
    [[nodiscard]] Duration time_max() const {
        return Duration{static_cast<std::int64_t>(std::ceil(world_.command.timeout_s.value_or(60) * 1e6))};
    }

    Error failed(const DemoNode* node, ErrorCode code, const std::string& why) {
        failing_ = node;
        return {code, why};
    }

    // Waits until `holds` was true once at every node except `without`. Fails if a node ends, and after time_max().
    Result<void> until_everywhere(const std::string& what, const Condition& holds,
                                  const DemoNode* without = nullptr) {
        const Instant deadline = world_.clock.now() + time_max();
        std::vector<DemoNode*> pending;
        for (const auto& node : swarm_.nodes())
            if (node.get() != without) pending.push_back(node.get());
        while (true) {
            std::erase_if(pending, [&](DemoNode* node) { return holds(*node); });
            if (pending.empty()) return {};
            for (DemoNode* node : pending)
                if (!node->process.running())
                    return failed(node, ErrorCode::io,
                                  name(*node) + " ended by itself (" + node->process.how_it_ended() + ").");
            if (interrupt::cause() != interrupt::Cause::none)
                return failed(nullptr, ErrorCode::io, "Interrupted while waiting until " + what + ".");
            if (world_.clock.now() >= deadline)
                return failed(pending.front(), ErrorCode::timed_out,
                              "After " + human_span(std::chrono::duration<double>(time_max()).count()) +
                                  " it is still not so that " + what + "; " + name(*pending.front()) +
                                  " is the first that lacks.");
            interrupt::nap(poll_pause);
        }
    }

    [[nodiscard]] std::string name(const DemoNode& node) const {
        const auto& nodes = swarm_.nodes();
        const auto at = std::ranges::find_if(nodes, [&](const auto& each) { return each.get() == &node; });
        return "node " + std::to_string(at - nodes.begin() + 1);
    }
    [[nodiscard]] int wanted() const { return world_.command.number; }

    Result<void> start_all();
    Result<void> meet();
    Result<void> announce();
    Result<void> show_lists();
    Result<void> kill_one();
    Result<void> stop_all();

    const DemoWorld& world_;
    DemoSwarm& swarm_;
    Label label_;
    DemoReport report_;
    Instant begin_{};
    const DemoNode* failing_ = nullptr;
};

Result<void> Demo::start_all() {
    const auto listens = [](DemoNode& node) { return DemoSwarm::find_endpoint(node); };
    for (int i = 0; i < wanted(); ++i) {
        if (i == 1) begin_ = world_.clock.now();
        if (auto started = swarm_.start_node(); !started) return started;
        const bool bootstrap = i == 0;  // the others need its address
        if (bootstrap)
            if (auto up = until_everywhere("the first node listens", listens); !up) return up;
    }
    if (auto up = until_everywhere("every node listens", listens); !up) return up;
    report_.started_s = since(begin_);
    std::vector<std::vector<std::string>> rows;
    for (const auto& node : swarm_.nodes()) {
        rows.push_back(
            {name(*node), node->endpoint.text(), rows.empty() ? "the bootstrap" : "joins through node 1"});
        report_.nodes.push_back(node->endpoint);
    }
    if (tells_story()) world_.console.block(table(rows, "  "));
    return {};
}

Result<void> Demo::meet() {
    const auto knows_all = [&](DemoNode& node) {
        const auto halp = node.admin.list(Label::halp());
        return halp && std::ranges::all_of(swarm_.nodes(), [&](const auto& other) {
                   return other.get() == &node || lists(*halp, other->endpoint);
               });
    };
    if (auto met = until_everywhere("every node knows every other", knows_all); !met) return met;
    report_.joined_s = since(begin_);
    tell("Every node knows every other: " + human_span(report_.joined_s) + " after the first of them was started.");
    return {};
}

Result<void> Demo::announce() {
    DemoNode& announcer = *swarm_.nodes()[wanted() > 2 ? 1 : 0];
    report_.service = Endpoint{"127.0.0.1", 8080};
    tell("\n" + name(announcer) + " announces " + report_.service.text() + " under the label `demo`.");
    const Instant begin = world_.clock.now();
    if (auto done = announcer.admin.announce(label_, report_.service); !done)
        return failed(&announcer, done.error().code, done.error().message);
    const auto listed = [&](DemoNode& node) {
        const auto listing = node.admin.list(label_);
        return listing && lists(*listing, report_.service);
    };
    if (auto done = until_everywhere("every node lists the service", listed); !done) return done;
    report_.announced_s = since(begin);
    tell("Every node lists it: " + human_span(report_.announced_s) + ".\n");
    return {};
}

Result<void> Demo::show_lists() {
    std::vector<std::vector<std::string>> rows = {{"NODE", "LISTENS ON", "HOSTS OF `demo`", "SEEN", "KNOWS"}};
    for (const auto& node : swarm_.nodes()) {
        const auto listing = node->admin.list(label_);
        if (!listing) return failed(node.get(), listing.error().code, listing.error().message);
        const auto halp = node->admin.list(Label::halp());
        std::string hosts, seen;
        for (const ListedAt& host : listing->hosts) {
            hosts += (hosts.empty() ? "" : ", ") + host.endpoint.text() + (host.own ? " (its own)" : "");
            seen += (seen.empty() ? "" : ", ") + human_age(host.seen, world_.clock.wall());
        }
        std::size_t others = 0;
        for (const auto& other : swarm_.nodes())
            others += halp && other != node && lists(*halp, other->endpoint) ? 1U : 0U;
        rows.push_back({name(*node), node->endpoint.text(), hosts, seen, std::to_string(others) + " others"});
    }
    if (tells_story()) world_.console.headed(table(rows, "  "));
    return {};
}

Result<void> Demo::kill_one() {
    DemoNode& victim = *swarm_.nodes().back();
    report_.killed = victim.endpoint;
    tell("\n" + name(victim) + " (" + victim.endpoint.text() + ") is killed with SIGKILL.");
    const Instant begin = world_.clock.now();
    victim.process.signal(SIGKILL);
    victim.process.wait(std::chrono::seconds{5});
    const auto forgot = [&](DemoNode& node) {
        const auto halp = node.admin.list(Label::halp());
        return halp && !lists(*halp, victim.endpoint);
    };
    if (auto done = until_everywhere("every other node has forgotten it", forgot, &victim); !done) return done;
    report_.forgotten_s = since(begin);
    tell("Every other node has forgotten it: " + human_span(report_.forgotten_s) + ".");
    return {};
}

Result<void> Demo::stop_all() {
    const Instant begin = world_.clock.now();
    const bool in_order = swarm_.stop();
    report_.stopped_s = since(begin);
    if (!in_order)
        return failed(swarm_.nodes().front().get(), ErrorCode::timed_out, "Some node did not end when asked to.");
    tell("All nodes have left and ended: " + human_span(report_.stopped_s) +
         ". Nothing of them stays on the disk.");
    return {};
}

// The program as the user would type it: its bare name, if the shell would find it by that.
std::string typed(const std::string& program, const std::string& search_path) {
    namespace fs = std::filesystem;
    const fs::path path{program};
    if ((":" + search_path + ":").find(":" + path.parent_path().string() + ":") != std::string::npos)
        return path.filename();
    std::error_code none;
    const fs::path here = fs::current_path(none);
    const fs::path shorter = path.lexically_relative(here);
    if (none || shorter.empty() || *shorter.begin() == "..") return program;
    return shorter.has_parent_path() ? shorter.string() : "./" + shorter.string();
}

std::string what_next(const std::string& halpd, const std::string& halp) {
    return "\nWhat to type for a real node:\n"
           "  " +
           halpd +
           " &\n"
           "      run one here, on TCP port 3451 of every address\n"
           "  " +
           halp +
           " join seed.example.org:3451\n"
           "      introduce it to any node you know\n"
           "  " +
           halp +
           " announce chat my.example.org:5222\n"
           "      be listed under `chat` until Ctrl-C\n"
           "  " +
           halp +
           " get chat\n"
           "      who else is there?\n";
}

ExitCode explain(const DemoWorld& world, const Demo& demo, const Error& why) {
    if (world.command.json) {
        DemoReport report = demo.report();
        report.failure = why.message;
        world.console.line(json_of_demo(report));
    }
    const interrupt::Cause cause = interrupt::cause();
    if (cause == interrupt::Cause::interrupted || cause == interrupt::Cause::terminated)
        return world.console.fail(ExitCode::interrupted, why.message + " All nodes are being stopped.");
    std::string text = "The demo failed. " + why.message;
    if (demo.failing() != nullptr)
        text += "\nThe end of its log:\n" + process::tail_of(demo.failing()->log_path(), log_lines_shown);
    return world.console.fail(ExitCode::failed, text);
}

}  // namespace

ExitCode run_demo(const DemoWorld& world) {
    const auto halpd = find_halpd(world.command.halpd, world.own_program, world.search_path);
    if (!halpd) return world.console.fail(ExitCode::failed, halpd.error().message);
    interrupt::prepare();
    const auto swarm = DemoSwarm::make(*halpd);
    if (!swarm) return world.console.fail(swarm.error());
    const bool story = !world.command.json && !world.command.quiet;
    if (story)
        world.console.headed(std::to_string(world.command.number) + " nodes of " + *halpd + " on this machine:");
    Demo demo{world, **swarm};
    if (auto played = demo.play(); !played) return explain(world, demo, played.error());
    if (world.command.json) world.console.line(json_of_demo(demo.report()));
    if (story)
        world.console.block(
            what_next(typed(*halpd, world.search_path), typed(world.own_program, world.search_path)));
    return ExitCode::ok;
}

}  // namespace halp::cli
