// Servers for the tests of `halp`: they follow a script, on loopback or on a Unix socket.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "overlay/environment.h"
#include "overlay/libevent/text_query.h"
#include "overlay/text/text_client.h"
#include "store/endpoint.h"
#include "tools/halp/server_round.h"

namespace halp::cli::testing {

// Reads what comes first on a connection and answers what the script says, once per connection.
class ScriptedServer {
public:
    struct Reply {
        std::string bytes;
        bool hang = false;   // keeps the connection open and says no more
        bool reset = false;  // RST instead of FIN
    };
    using Script = std::function<Reply(const std::string& request)>;

    explicit ScriptedServer(Script script);  // TCP, 127.0.0.1, any port
    ScriptedServer(const std::string& unix_socket_path, Script script);
    ~ScriptedServer();
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    [[nodiscard]] Endpoint endpoint() const { return {"127.0.0.1", port_}; }
    [[nodiscard]] std::vector<std::string> requests() const;

private:
    void serve();
    void serve_one(int fd);

    Script script_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::vector<int> hanging_;
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;
    std::thread thread_;
};

// A script from query to answer; other queries get zero bytes, as from an original that knows nothing.
ScriptedServer::Script answers(std::vector<std::pair<std::string, std::string>> table);

// An HTTP reply as halpd gives it.
std::string http_reply(int status, const std::string& body, const std::string& type = "application/json");

class NetworkAsker final : public TextAsker {
public:
    Result<std::string> ask(const Endpoint& server, const std::string& query, Duration timeout) override {
        return halp::ask(server, query, timeout, TextAnswer::bytes_max);
    }
};

}  // namespace halp::cli::testing
