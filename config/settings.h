// The settings of halpd as typed values with their defaults. config/setting_table.h has a row for each of them;
// reading, checking, printing, the sample file and the reload go by that table.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "overlay/input_account.h"
#include "overlay/overlay_options.h"
#include "store/endpoint.h"
#include "store/time.h"

namespace halp::config {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };
enum class LogFormat : std::uint8_t { text, json };
enum class DhtEngine : std::uint8_t { memory, lmdb };
enum class DumpOutOfRange : std::uint8_t { load, ignore, fatal };
enum class DumpEmptyValues : std::uint8_t { load, skip, fatal };
enum class DumpBadRecords : std::uint8_t { skip, fatal };
enum class DhtRange : std::uint8_t { fixed, automatic };
enum class DhtLeave : std::uint8_t { automatic, hand_over, keep };  // automatic: hand over a range that was found
enum class DhtDurability : std::uint8_t {
    power,
    process
};  // what acknowledged records survive: power loss, or only the end of the process

// An address to listen on. Unlike an Endpoint it may be a wildcard, and port 0 means any free port.
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

// Records for clients of the neo and legacy protocols (overlay/dht/README.md).
struct DhtSettings {
    static constexpr std::uint16_t neo_above_legacy = 100;
    bool enabled = false;               // set when any other setting of the section is
    ListenAddress listen{"::", 10100};  // the original's neo port
    std::size_t port = 0;  // not 0: legacy is served on this port and neo 100 above, as the original does
    bool legacy = false;   // set when `port` or legacy_listen is
    ListenAddress legacy_listen{"127.0.0.1", 10000};  // loopback, because the protocol knows no credentials
    bool test_client = false;           // the client `admin` with a key of 128 zero bytes has all rights
    std::optional<Endpoint> advertise;  // none: the address that other nodes know, with the port of `listen`
    DhtRange range = DhtRange::fixed;   // by range_min and range_max, or found (overlay/dht/ranges/auto_range.h)
    Duration range_alone_after = std::chrono::seconds{10};
    Duration range_look_interval = std::chrono::seconds{30};
    DhtLeave leave = DhtLeave::automatic;
    Duration leave_timeout = std::chrono::seconds{60};
    std::uint64_t range_min = 0;  // the served range of bit-reversed keys
    std::uint64_t range_max = ~std::uint64_t{0};
    std::string data_dir;     // empty: `dht` in the state directory
    std::string credentials;  // empty: `credentials` in the data directory
    DhtEngine engine = DhtEngine::lmdb;
    bool dumps = false;  // memory engine: reads NAME.tcm of data_dir at the start and writes it at the end
    // Of dumps that are read (store/records/tcm_dump.h).
    DumpOutOfRange dump_out_of_range = DumpOutOfRange::load;
    std::size_t dump_out_of_range_max = 10000;  // 0: no limit
    DumpEmptyValues dump_empty_values = DumpEmptyValues::load;
    DumpBadRecords dump_bad_records = DumpBadRecords::skip;
    std::size_t dump_value_bytes_max = std::size_t{64} << 20;  // whatever a node may have written
    Duration legacy_flush_interval = std::chrono::milliseconds{250};
    std::size_t batch_bytes = std::size_t{64} << 10;  // of the legacy protocol
    DhtDurability durability = DhtDurability::power;
    Duration flush_interval = std::chrono::milliseconds{5};
    std::size_t bytes_max = std::size_t{1} << 40;
    std::size_t cache_bytes = std::size_t{128} << 20;  // of values that were read; 0: none
    std::size_t connections_max = 5000;
    std::size_t message_bytes_max = std::size_t{16} << 20;  // the original has no limit
    Duration handshake_timeout = std::chrono::seconds{10};
    bool request_times = false;                  // requests are timed, each by two readings of the clock
    Duration statistics_interval = Duration{0};  // between two lines of the log; 0: none
    std::size_t threads = 1;                     // each has a share of the records
    std::string admins = "admin";                // clients that may remove channels, separated by commas
};

// The lists as a DNS zone (overlay/dns/README.md).
struct DnsSettings {
    bool enabled = true;
    ListenAddress listen{"127.0.0.1", 3453};
    bool listen_stated = false;  // somebody chose the address, so a taken port is an error
    std::string zone = "halp";
    std::size_t hosts_max = 64;  // of one answer
    Duration ttl_max = std::chrono::seconds{5};
};

// Connections of the daemon. The limit of open files (RLIMIT_NOFILE) may lower all of them.
struct ConnectionSettings {
    std::size_t connections_max = 4096;            // accepted ones, for gossip and HALP text
    std::size_t connections_per_source_max = 256;  // of one IPv4 address or IPv6 /64
    std::size_t admin_connections_max = 512;
    std::size_t admin_streams_max = 256;
    std::size_t input_bytes_max = InputAccount::bytes_max_default;
    std::size_t output_bytes_max = std::size_t{24} << 20;
};

// The admin API and the dashboard over TCP (tools/halpd/http/README.md).
struct HttpSettings {
    bool enabled = true;
    ListenAddress listen{"127.0.0.1", 3480};
    bool listen_stated = false;  // somebody set `listen`: then a port that is taken is an error
    std::string token_file;      // empty: nothing can be changed over TCP
    std::string certificate;     // empty: no TLS, and loopback only
    std::string key;             // empty: in the file of the certificate
    std::string hosts;           // further names in the Host header, separated by commas
    std::size_t connections_max = 256;
    std::size_t streams_max = 128;
};

struct Settings {
    ListenAddress listen;   // "::" accepts IPv4 as well; 0.0.0.0 is used where IPv6 is off
    std::string state_dir;  // empty: config/directories.h chooses
    std::string cache_dir;
    std::string admin;  // socket path; "off": none
    Profile profile = Profile::lan;
    LogSettings log;
    ConnectionSettings connections;
    DhtSettings dht;
    DnsSettings dns;
    HttpSettings http;
    OverlayOptions node;  // without listen_port, see overlay_options()
};

// Options of the node, with the configured port: with port 0 the daemon knows the actual port later.
OverlayOptions overlay_options(const Settings& settings);

}  // namespace halp::config
