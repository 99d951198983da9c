// What the tests of `halp` share: servers on loopback that follow a script, a directory of their own, a console
// that remembers.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "overlay/environment.h"
#include "overlay/libevent/text_query.h"
#include "overlay/text/text_client.h"
#include "store/endpoint.h"
#include "tools/halp/console.h"
#include "tools/halp/server_round.h"

namespace halp::cli::testing {

class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string file(const std::string& name) const;  // its content; "(missing)"
    void write(const std::string& name, const std::string& content) const;

private:
    std::string path_;
};

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

struct RecordedConsole {
    explicit RecordedConsole(Style style = {}) : console(data, messages, style) {}
    std::ostringstream data, messages;
    Console console;
};

// Time stands still unless told: the wall shows 1700000000.
class TestClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override;  // the real one: time-outs are real
    [[nodiscard]] UnixSeconds wall() const override { return UnixSeconds{1700000000}; }
};

class NetworkAsker final : public TextAsker {
public:
    Result<std::string> ask(const Endpoint& server, const std::string& query, Duration timeout) override {
        return halp::ask(server, query, timeout, TextAnswer::bytes_max);
    }
};

// Runs a program to its end; its output and how it ended.
struct Ran {
    int code = -1;
    std::string data, messages;
};
Ran run_program(const std::string& shell_command);

}  // namespace halp::cli::testing
