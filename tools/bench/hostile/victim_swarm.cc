#include "tools/bench/hostile/victim_swarm.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include "tools/bench/report.h"
#include "tools/halp/daemon/admin_client.h"

namespace halp::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds admin_patience{3};
constexpr seconds assembly_patience{20};

}  // namespace

bool comes_true(const std::function<bool()>& what, milliseconds within) {
    const auto until = std::chrono::steady_clock::now() + within;
    while (!what()) {
        if (std::chrono::steady_clock::now() >= until) return false;
        std::this_thread::sleep_for(milliseconds{25});
    }
    return true;
}

VictimSwarm::VictimSwarm(VictimPlan plan) : plan_(std::move(plan)) {
    for (std::size_t i = 0; i < plan_.nodes; ++i)
        nodes_.push_back({{plan_.network + std::to_string(i + 1), plan_.port}});
}

std::string VictimSwarm::directory(std::size_t node) const {
    return directory_.path() + "/" + std::to_string(node);
}

bool VictimSwarm::start_again(std::size_t node, bool with_seed) {
    const std::string home = directory(node);
    std::error_code exists;
    std::filesystem::create_directories(home + "/cache", exists);
    process::Command command{
        .argv = {plan_.halpd, "--listen", plan_.listen.empty() ? nodes_[node].endpoint.text() : plan_.listen,
                 "--state-dir", home + "/state", "--cache-dir", home + "/cache", "--admin", admin(node)},
        .environment = {{"HOME", home}},
        .error_file = home + "/stderr"};
    for (std::string argument : plan_.arguments) {
        const auto at = argument.find("%h");
        if (at != std::string::npos) argument.replace(at, 2, nodes_[node].endpoint.host);
        command.argv.push_back(std::move(argument));
    }
    if (with_seed && node > 0) command.argv.insert(command.argv.end(), {"--join", nodes_[0].endpoint.text()});
    Result<process::ChildProcess> child = process::ChildProcess::start(command);
    if (child) nodes_[node].process.emplace(std::move(child).value());
    const bool answers =
        child && comes_true([&] { return !nodes_[node].process->running() || !status(node).is(Json::Kind::null); },
                            assembly_patience);
    if (answers && nodes_[node].process->running()) return true;
    progress("halpd did not start: " + (child ? process::tail_of(command.error_file, 3) : child.error().message));
    return false;
}

bool VictimSwarm::start() {
    for (std::size_t i = 0; i < size(); ++i)
        if (!start_again(i, true)) return false;
    const auto together = [&] {
        for (std::size_t i = 0; i < size(); ++i)
            if (knows(i) + 1 < size()) return false;
        return true;
    };
    if (comes_true(together, assembly_patience)) return true;
    progress("the swarm did not come together");
    return false;
}

bool VictimSwarm::begin_stop(std::size_t node) { return nodes_[node].process->signal(SIGTERM); }

bool VictimSwarm::stop(std::size_t node) {
    process::ChildProcess& process = *nodes_[node].process;
    return (process.signal(SIGTERM) || !process.running()) && process.wait(seconds{10}).has_value();
}

std::vector<VictimSwarm::Peer> VictimSwarm::peers(std::size_t node) const {
    std::vector<Peer> all;
    const auto answer = cli::AdminClient{admin(node), admin_patience}.call(cli::Method::get, "/v1/peers");
    const auto body = answer && answer->status == 200 ? Json::parse(answer->body) : std::nullopt;
    if (!body) return all;
    for (const Json& peer : (*body)["peers"].items())
        all.push_back({peer["endpoint"].text_or(""), peer["role"].text_or(""), peer["proved"].flag_or(false),
                       peer["suspect"].flag_or(false)});
    return all;
}

Json VictimSwarm::status(std::size_t node) const {
    const auto answer = cli::AdminClient{admin(node), admin_patience}.call(cli::Method::get, "/v1/status");
    return answer && answer->status == 200 ? Json::parse(answer->body).value_or(Json{}) : Json{};
}

std::string VictimSwarm::put(std::size_t node, const std::string& label, const std::string& body) const {
    const auto answer =
        cli::AdminClient{admin(node), admin_patience}.call(cli::Method::put, "/v1/labels/" + label, body);
    return answer ? answer->body : std::string{};
}

bool VictimSwarm::announce(std::size_t node, const std::string& label, const Endpoint& host) const {
    const std::string body =
        Json::object({{"host", host.host}, {"port", static_cast<std::uint64_t>(host.port)}}).line();
    return put(node, label, body).find(host.text()) != std::string::npos;
}

std::size_t VictimSwarm::knows(std::size_t node) const {
    std::size_t known = 0;
    for (const Peer& peer : peers(node))
        for (std::size_t other = 0; other < size(); ++other)
            known += other != node && peer.endpoint == nodes_[other].endpoint.text() && peer.listed() && peer.proved
                         ? 1U
                         : 0U;
    return known;
}

std::size_t VictimSwarm::doubters(std::size_t of) const {
    std::size_t doubting = 0;
    for (std::size_t node = 0; node < size(); ++node) {
        if (node == of) continue;
        bool trusted = false;
        for (const Peer& peer : peers(node))
            trusted = trusted || (peer.endpoint == nodes_[of].endpoint.text() && peer.listed() && !peer.suspect);
        doubting += trusted ? 0U : 1U;
    }
    return doubting;
}

double VictimSwarm::peak_mib(std::size_t node) const {
    std::ifstream file{"/proc/" + std::to_string(pid(node)) + "/status"};
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
    return 0;
}

}  // namespace halp::bench
