// What an operator can set about halpd, as typed values with defaults. config/setting_table.h names every one of
// them once; reading, checking, printing, the sample file and reloads all walk that table.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "overlay/overlay_options.h"
#include "store/endpoint.h"
#include "store/time.h"

namespace halp::config {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };
enum class LogFormat : std::uint8_t { text, json };
enum class DhtEngine : std::uint8_t { memory, lmdb };
enum class DhtDurability : std::uint8_t { power, process };  // what an acknowledged record survives

// Where to listen. Other than an Endpoint it may be a wildcard, and port 0 means any free one.
struct ListenAddress {
    std::string host = "::";
    std::uint16_t port = 3451;

    [[nodiscard]] bool wildcard() const { return host == "::" || host == "0.0.0.0"; }
    [[nodiscard]] std::string text() const;
    bool operator==(const ListenAddress&) const = default;
};

struct LogSettings {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
    std::string file;  // empty: stderr
};

// Records for clients of the neo protocol (overlay/dht/README.md).
struct DhtSettings {
    static constexpr std::uint16_t neo_above_legacy = 100;
    bool enabled = false;               // as soon as anything else of the section is set
    ListenAddress listen{"::", 10100};  // the originals' neo port
    std::size_t port = 0;               // not 0: neo is served 100 above it, as the originals do
    bool test_client = false;           // `admin` with 128 zero bytes may do everything
    std::optional<Endpoint> advertise;  // none: the address under which this node is known, and our port
    std::uint64_t range_min = 0;        // the part of the key space, over bit-reversed keys
    std::uint64_t range_max = ~std::uint64_t{0};
    std::string data_dir;     // empty: `dht` in the state directory
    std::string credentials;  // empty: `credentials` in the data directory
    DhtEngine engine = DhtEngine::lmdb;
    bool dumps = false;  // of the memory engine: NAME.tcm in data_dir, read at the start, written at the end
    DhtDurability durability = DhtDurability::power;
    Duration flush_interval = std::chrono::milliseconds{5};
    std::size_t bytes_max = std::size_t{1} << 40;
    std::size_t connections_max = 5000;
    std::size_t message_bytes_max = std::size_t{64} << 20;  // the originals know no limit
    Duration handshake_timeout = std::chrono::seconds{10};
    std::string admins = "admin";  // clients that may remove channels, with commas between them
};

struct Settings {
    ListenAddress listen;   // "::" takes IPv4 as well, and falls back to 0.0.0.0 where IPv6 is off
    std::string state_dir;  // empty: config/directories.h chooses
    std::string cache_dir;
    std::string admin;  // socket path; "off": none
    Profile profile = Profile::lan;
    LogSettings log;
    DhtSettings dht;
    OverlayOptions node;  // what was really listened on is known to the daemon alone
};

// What the node is built with, before a port is taken.
OverlayOptions overlay_options(const Settings& settings);

}  // namespace halp::config
