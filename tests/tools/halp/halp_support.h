// What the tests of `halp` share: a directory of their own, a console that remembers, a clock.
#pragma once

#include <chrono>
#include <sstream>
#include <string>

#include "overlay/environment.h"
#include "tools/halp/output/console.h"

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

}  // namespace halp::cli::testing
