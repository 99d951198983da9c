#include "overlay/dht/libevent/dht_environment.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <system_error>

#include "overlay/dht/client/nodes_file.h"
#include "overlay/libevent/limits.h"

namespace halp {
namespace {

// Never destroyed at the end of the process, because the event base it uses may already be freed then.
DhtEnvironment* of_the_process = nullptr;

Result<void> write_file(const std::filesystem::path& path, const std::string& text) {
    std::FILE* const file = std::fopen(path.c_str(), "we");
    bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
    int why = written ? 0 : errno;
    if (file && std::fclose(file) != 0 && written) {
        written = false;
        why = errno;
    }
    if (written) return {};
    return Error{ErrorCode::io, "`" + path.string() + "` cannot be written: " + std::strerror(why) + "."};
}

Error wrong_state(const char* what) {
    return {ErrorCode::refused, std::string("The DHT environment ") + what + "."};
}

}  // namespace

DhtEnvironment::DhtEnvironment(event_base* borrowed, DhtEnvironmentOptions options)
    : world_(limits_for_streaming(options.connections_max), borrowed),
      runner_(world_),
      node_(world_.environment(), std::move(options.node), options.observer) {
    world_.attach(node_);
}

DhtEnvironment::~DhtEnvironment() = default;

Result<void> DhtEnvironment::initialize(event_base* borrowed, DhtEnvironmentOptions options) {
    if (of_the_process) return Error{ErrorCode::busy, "The DHT environment has been initialized before."};
    of_the_process = new DhtEnvironment(borrowed, std::move(options));
    return {};
}

DhtEnvironment& DhtEnvironment::dht() {
    if (of_the_process) return *of_the_process;
    std::fputs("DhtEnvironment::dht() was called before DhtEnvironment::initialize().\n", stderr);
    std::abort();
}

void DhtEnvironment::release() {
    delete of_the_process;
    of_the_process = nullptr;
}

Result<void> DhtEnvironment::start(const std::string& address, std::uint16_t port) {
    if (!neo_.host.empty()) return wrong_state("has been started before; restart() is for one that was stopped");
    constexpr int port_max = std::numeric_limits<std::uint16_t>::max() - neo_above_legacy;
    if (port > port_max)
        return Error{ErrorCode::invalid, "Port " + std::to_string(port) + " is too high: neo listens " +
                                             std::to_string(neo_above_legacy) + " above it, at most at 65535."};
    const auto neo_port = static_cast<std::uint16_t>(port == 0 ? 0 : port + neo_above_legacy);
    const auto listening = world_.listen({address, neo_port});
    if (!listening) return listening.error();
    neo_ = *listening;
    running_ = true;
    return {};
}

Result<void> DhtEnvironment::stop() {
    if (!running_) return wrong_state("cannot be stopped: it is not running");
    running_ = false;
    world_.stop_listening();
    node_.drop_listeners();
    node_.stop();
    return {};
}

Result<void> DhtEnvironment::restart() {
    if (neo_.host.empty()) return wrong_state("cannot be restarted: it was never started");
    if (running_) return wrong_state("cannot be restarted: it is running");
    const auto listening = world_.listen(neo_);
    if (!listening) return listening.error();
    node_.restart();
    running_ = true;
    return {};
}

Endpoint DhtEnvironment::node_addrport() const {
    const int port = neo_.port > neo_above_legacy ? neo_.port - neo_above_legacy : 0;
    return {neo_.host, static_cast<std::uint16_t>(port)};
}

Result<void> DhtEnvironment::gen_config_files(const std::string& directory) const {
    if (neo_.host.empty()) return wrong_state("has no address before start()");
    const std::filesystem::path in(directory);
    std::error_code failed;
    std::filesystem::create_directories(in, failed);
    if (failed)
        return Error{ErrorCode::io, "The directory `" + directory + "` cannot be made: " + failed.message() + "."};
    if (auto written = write_file(in / "dht.nodes", nodes_file_text({node_addrport()})); !written) return written;
    return write_file(in / "dht.neo.nodes", nodes_file_text({neo_}));
}

}  // namespace halp
