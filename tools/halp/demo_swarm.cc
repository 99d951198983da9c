#include "tools/halp/demo_swarm.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace halp::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds call_time_max{5};
constexpr std::chrono::seconds stop_time_max{15};

bool is_program(const std::string& path) {
    std::error_code none;
    return fs::is_regular_file(path, none) && ::access(path.c_str(), X_OK) == 0;
}

// Short enough for the path of a socket in it (at most 107 bytes).
std::string temporary_root() {
    const char* set = ::getenv("TMPDIR");
    const std::string root = set != nullptr ? set : "";
    return root.empty() || root.size() > 60 || root.front() != '/' ? "/tmp" : root;
}

}  // namespace

DemoNode::DemoNode(std::string directory_name, process::ChildProcess child)
    : directory(std::move(directory_name)),
      process(std::move(child)),
      admin(directory + "/admin.sock", call_time_max) {}

Result<std::unique_ptr<DemoSwarm>> DemoSwarm::make(std::string halpd) {
    std::string directory = temporary_root() + "/halp-demo-XXXXXX";
    if (::mkdtemp(directory.data()) == nullptr)
        return Error{ErrorCode::io,
                     "No directory could be made in " + temporary_root() + ": " + std::strerror(errno)};
    return std::unique_ptr<DemoSwarm>{new DemoSwarm{std::move(halpd), std::move(directory)}};
}

DemoSwarm::~DemoSwarm() {
    stop();
    nodes_.clear();
    std::error_code none;
    fs::remove_all(directory_, none);
}

Result<void> DemoSwarm::start_node() {
    const std::string home = directory_ + "/" + std::to_string(nodes_.size() + 1);
    std::error_code failed;
    for (const char* part : {"/state", "/cache"}) fs::create_directories(home + part, failed);
    if (failed)
        return Error{ErrorCode::io, "No directory could be made in " + directory_ + ": " + failed.message()};
    std::vector<std::string> arguments = {
        halpd_,          "--listen", "127.0.0.1:0",        "--profile",     "local",
        "--swarm",       "demo",     "--state-dir",        home + "/state", "--cache-dir",
        home + "/cache", "--admin",  home + "/admin.sock", "--set",         "http.enabled=false"};
    if (!nodes_.empty()) {
        arguments.emplace_back("--join");
        arguments.push_back(nodes_.front()->endpoint.text());
    }
    const std::string log = home + "/log";
    Result<process::ChildProcess> child =
        process::ChildProcess::start({.argv = std::move(arguments), .out_file = log, .error_file = log});
    if (!child) return child.error();
    nodes_.push_back(std::make_unique<DemoNode>(home, std::move(child).value()));
    return {};
}

bool DemoSwarm::find_endpoint(DemoNode& node) {
    if (node.endpoint.port != 0) return true;
    std::ifstream file{node.log_path(), std::ios::binary};
    const std::string log{std::istreambuf_iterator<char>{file}, {}};
    const auto endpoint = listening_endpoint(log);
    if (endpoint) node.endpoint = *endpoint;
    return endpoint.has_value();
}

bool DemoSwarm::stop() {
    for (const auto& node : nodes_) node->process.signal(SIGTERM);
    const auto deadline = std::chrono::steady_clock::now() + stop_time_max;
    bool all_ended = true;
    for (const auto& node : nodes_) {
        const auto left = deadline - std::chrono::steady_clock::now();
        const bool ended =
            node->process.wait(std::chrono::duration_cast<std::chrono::milliseconds>(left)).has_value();
        if (!ended) node->process.signal(SIGKILL);
        all_ended = all_ended && ended;
    }
    return all_ended;
}

Result<std::string> find_halpd(const std::string& wanted, const std::string& own_program,
                               const std::string& search_path) {
    if (!wanted.empty()) {
        if (is_program(wanted)) return wanted;
        return Error{ErrorCode::not_found, wanted + " is not a program that can be run."};
    }
    const std::string beside = fs::path{own_program}.parent_path() / "halpd";
    if (is_program(beside)) return beside;
    if (std::string found = process::find_program("halpd", search_path); !found.empty()) return found;
    return Error{ErrorCode::not_found, "halpd is neither beside halp nor in PATH; name it with --halpd."};
}

Result<Endpoint> listening_endpoint(std::string_view log) {
    constexpr std::string_view words = "listening on ";
    for (std::size_t at = log.find(words); at != std::string_view::npos; at = log.find(words, at + 1)) {
        const std::string_view rest = log.substr(at + words.size());
        const std::size_t end = rest.find_first_of(" \r\n,;");
        if (end == std::string_view::npos) break;  // the line is still being written
        if (auto endpoint = Endpoint::parse(rest.substr(0, end))) return endpoint;
    }
    return Error{ErrorCode::not_found, "It does not listen yet."};
}

}  // namespace halp::cli
