// Where the lines of a log go: stderr or a file. It never waits for whoever reads them: a line for which a pipe, a
// socket or a terminal has no room is lost, and counted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/files/file_handle.h"
#include "store/result.h"

namespace halp {

class LogOutput {
public:
    static constexpr int standard_error = 2;

    LogOutput() : LogOutput(standard_error) {}
    explicit LogOutput(int borrowed);  // stays open

    // Opens a plain file to append to it, and makes it and its directory if need be. A terminal or another
    // character device will do as well; a pipe will not.
    [[nodiscard]] static Result<LogOutput> to_file(const std::string& path);

    // `line` without its end. False: it is lost.
    bool write(std::string_view line);
    [[nodiscard]] std::uint64_t lost() const { return lost_; }  // and not told yet
    void forget_lost(std::uint64_t told) { lost_ -= told; }

private:
    enum class Kind : std::uint8_t { file, pipe, socket, terminal };

    bool send_rest();
    [[nodiscard]] int fd() const { return own_ ? own_.get() : borrowed_; }

    FileHandle own_;
    int borrowed_ = -1;
    Kind kind_ = Kind::file;
    std::string rest_;  // of a line of which a part has been written
    std::uint64_t lost_ = 0;
};

}  // namespace halp
