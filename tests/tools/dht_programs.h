// DHT nodes, `halp dht` and `halp store` as processes, for tests from outside.
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/endpoint.h"
#include "tests/tools/daemon_process.h"

namespace halp::testing {

inline std::string written(const Home& home, const std::string& name, const std::string& content) {
    std::string path = home.path() + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
}

// A program in the background. Its output goes to files.
class Running {
public:
    Running(const Home& home, const std::string& name, std::vector<std::string> argv)
        : out_(home.path() + "/" + name + ".out"), error_(home.path() + "/" + name + ".err") {
        auto child = process::ChildProcess::start(
            {.argv = std::move(argv), .environment = home.environment(), .out_file = out_, .error_file = error_});
        if (child)
            child_.emplace(std::move(child).value());
        else
            ADD_FAILURE() << child.error().message;
    }
    [[nodiscard]] std::string out() const { return process::read_whole_file(out_); }
    [[nodiscard]] std::string error() const { return process::read_whole_file(error_); }
    [[nodiscard]] bool says(const std::string& text) const {
        return eventually([&] { return out().find(text) != std::string::npos; });
    }
    // Sends the signal (0: none) and returns the exit code.
    int end(int signal = 0) {
        if (signal != 0) child_->signal(signal);
        return child_->wait(generous).value_or(-1);
    }

private:
    std::string out_, error_;
    std::optional<process::ChildProcess> child_;
};

// `halp dht fake` on a free port.
class FakeProcess {
public:
    explicit FakeProcess(const Home& home, const std::string& name = "fake")
        : process_(home, name, {HALP_BINARY, "dht", "fake", "--port", "0"}) {
        EXPECT_TRUE(process_.says("\nlegacy ")) << process_.error();
        const std::string said = process_.out();  // "neo HOST:PORT\nlegacy HOST:PORT\n"
        const std::size_t end = said.find('\n');
        if (end == std::string::npos || end < 5 || said.size() < end + 9) return;
        node = said.substr(4, end - 4);
        legacy = said.substr(end + 8, said.size() - end - 9);
    }
    // The exit code after a TERM.
    int stop() { return process_.end(SIGTERM); }

    std::string node, legacy;  // HOST:PORT

private:
    Running process_;
};

// Quotes a word for a shell.
inline std::string quoted(const std::string& word) {
    std::string out = "'";
    for (const char c : word) out += c == '\'' ? std::string{"'\\''"} : std::string{c};
    return out + "'";
}

// Runs `halp WORDS...` with `input` on stdin.
inline Finished halp_reading(const Home& home, const std::string& input, const std::vector<std::string>& words) {
    const std::string file = written(home, "stdin", input);
    std::string command = "exec " HALP_BINARY;
    for (const std::string& word : words) command += " " + quoted(word);
    return run(home, {"/bin/sh", "-c", command + " < " + quoted(file)});
}

inline std::string every_byte() {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
}

}  // namespace halp::testing
