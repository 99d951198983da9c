// A halpd with a DHT for tests: its credentials, its options and its port.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "overlay/dht/wire/neo_hmac.h"
#include "store/endpoint.h"
#include "tests/tools/daemon_process.h"

namespace halp::testing {

inline std::string credentials_line(const std::string& name, char digit) {
    return name + ":" + std::string(2 * neo::secret_bytes, digit) + "\n";
}

inline std::string write_credentials(const Home& home, const std::string& text) {
    std::string path = home.path() + "/credentials";
    std::ofstream{path} << text;
    return path;
}

inline DaemonOptions dht_options(const Home& home, const std::vector<std::string>& settings = {}) {
    DaemonOptions options;
    const std::string credentials = write_credentials(home, credentials_line("admin", '0'));
    for (const std::string& setting : {std::string{"dht.listen=127.0.0.1:0"}, "dht.credentials=" + credentials})
        options.more.insert(options.more.end(), {"--set", setting});
    for (const std::string& setting : settings) options.more.insert(options.more.end(), {"--set", setting});
    return options;
}

// The endpoint behind the mark in what the daemon says.
inline Endpoint dht_port(const Daemon& daemon, const std::string& mark = "serving records on ") {
    const std::string said = daemon.messages();
    const auto at = said.rfind(mark);
    if (at == std::string::npos) {
        ADD_FAILURE() << "no DHT. It said:\n" << said;
        return {};
    }
    const auto begin = at + mark.size();
    return Endpoint::parse(said.substr(begin, said.find('\n', begin) - begin)).value_or(Endpoint{});
}

inline Endpoint legacy_port(const Daemon& daemon) { return dht_port(daemon, "serving records by legacy on "); }

}  // namespace halp::testing
