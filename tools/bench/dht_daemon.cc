#include "tools/bench/dht_daemon.h"

#include <chrono>
#include <fstream>
#include <string_view>
#include <thread>
#include <utility>

#include "tools/bench/report.h"

namespace halp::bench {
namespace {

constexpr std::string_view announcement = "serving records on ";
constexpr std::string_view legacy_announcement = "serving records by legacy on ";

std::optional<Endpoint> endpoint_in(const std::string& messages, std::string_view announced) {
    const auto at = messages.rfind(announced);
    if (at == std::string::npos) return std::nullopt;
    const auto begin = at + announced.size();
    const auto end = messages.find('\n', begin);
    if (end == std::string::npos) return std::nullopt;
    const Result<Endpoint> endpoint = Endpoint::parse(messages.substr(begin, end - begin));
    return endpoint ? std::optional(*endpoint) : std::nullopt;
}

}  // namespace

std::optional<DhtDaemon> DhtDaemon::start(const std::string& halpd, const std::vector<std::string>& settings) {
    process::TemporaryDirectory directory;
    const std::string& home = directory.path();
    std::ofstream{home + "/credentials"} << "admin:" << std::string(2 * neo::secret_bytes, '0') << "\n";
    process::Command command{
        .argv = {halpd, "--listen", "127.0.0.1:0", "--state-dir", home + "/state", "--cache-dir", home + "/cache",
                 "--admin", home + "/halpd.sock", "--set", "dht.listen=127.0.0.1:0", "--set",
                 "dht.credentials=" + home + "/credentials"},
        .environment = {{"HOME", home}},
        .error_file = home + "/stderr"};
    for (const std::string& setting : settings) command.argv.insert(command.argv.end(), {"--set", setting});
    Result<process::ChildProcess> child = process::ChildProcess::start(command);
    if (!child) {
        progress(child.error().message);
        return std::nullopt;
    }
    for (int tries = 0; tries < 10000 && child->running(); ++tries) {
        if (const auto endpoint = endpoint_in(process::read_whole_file(command.error_file), announcement))
            return DhtDaemon{std::move(directory), std::move(child).value(), *endpoint};
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    progress("halpd did not start: " + process::read_whole_file(command.error_file));
    return std::nullopt;
}

std::optional<Endpoint> DhtDaemon::legacy_endpoint() const {
    for (int tries = 0; tries < 1000; ++tries) {
        const std::string said = process::read_whole_file(directory_.path() + "/stderr");
        if (const auto endpoint = endpoint_in(said, legacy_announcement)) return endpoint;
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    progress("halpd does not serve legacy");
    return std::nullopt;
}

}  // namespace halp::bench
