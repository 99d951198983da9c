#include "overlay/dht/libevent/dht_environment.h"

#include <stdio.h>
#include <unistd.h>

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

constexpr int legacy_port_max = std::numeric_limits<std::uint16_t>::max() - DhtEnvironment::neo_above_legacy;

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
      legacy_world_(limits_for_streaming(options.connections_max), world_.base(), &world_.files()),
      runner_(world_),
      node_(world_.environment(), std::move(options.node), options.observer) {
    world_.attach(node_);
    legacy_world_.attach(node_.open_legacy(legacy_world_.environment()));
}

DhtEnvironment::~DhtEnvironment() = default;

Result<void> DhtEnvironment::initialize(event_base* borrowed, DhtEnvironmentOptions options) {
    if (of_the_process) return Error{ErrorCode::busy, "The DHT environment has been initialized before."};
    of_the_process = new DhtEnvironment(borrowed, std::move(options));
    return {};
}

DhtEnvironment& DhtEnvironment::dht() {
    if (of_the_process) return *of_the_process;
    ::dprintf(STDERR_FILENO, "DhtEnvironment::dht() was called before DhtEnvironment::initialize().\n");
    std::abort();
}

void DhtEnvironment::release() {
    delete of_the_process;
    of_the_process = nullptr;
}

Result<void> DhtEnvironment::start(const std::string& address, std::uint16_t port) {
    if (!neo_.host.empty()) return wrong_state("has been started before; restart() is for one that was stopped");
    if (port > legacy_port_max)
        return Error{ErrorCode::invalid, "Port " + std::to_string(port) + " is too high: neo listens " +
                                             std::to_string(neo_above_legacy) + " above it, at most at 65535."};
    const Result<void> listening = port == 0 ? listen_at_any_port(address) : listen({address, port});
    if (listening) running_ = true;
    return listening;
}

// The kernel chooses the legacy port; the neo port is mostly free, too.
Result<void> DhtEnvironment::listen_at_any_port(const std::string& address) {
    constexpr int attempts = 50;
    Result<void> listening;
    for (int i = 0; i < attempts; ++i)
        if (listening = listen({address, 0}); listening || listening.error().code != ErrorCode::busy) break;
    return listening;
}

Result<void> DhtEnvironment::listen(const Endpoint& legacy) {
    const auto at_legacy = legacy_world_.listen(legacy);
    if (!at_legacy) return at_legacy.error();
    const bool too_high = at_legacy->port > legacy_port_max;
    const auto neo_port = static_cast<std::uint16_t>(at_legacy->port + neo_above_legacy);
    const Result<Endpoint> at_neo =
        too_high ? Error{ErrorCode::busy, "No port is left for neo."} : world_.listen({legacy.host, neo_port});
    if (!at_neo) {
        legacy_world_.stop_listening();
        return at_neo.error();
    }
    neo_ = *at_neo;
    legacy_ = *at_legacy;
    return {};
}

Result<void> DhtEnvironment::stop() {
    if (!running_) return wrong_state("cannot be stopped: it is not running");
    running_ = false;
    world_.stop_listening();
    legacy_world_.stop_listening();
    node_.drop_listeners();
    node_.stop();
    return {};
}

Result<void> DhtEnvironment::restart() {
    if (neo_.host.empty()) return wrong_state("cannot be restarted: it was never started");
    if (running_) return wrong_state("cannot be restarted: it is running");
    if (const auto listening = listen(legacy_); !listening) return listening;
    node_.restart();
    running_ = true;
    return {};
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
