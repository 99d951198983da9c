// The unix socket of the admin API: its file, its mode, and whether another daemon still answers there.
#pragma once

#include <string>

#include "store/result.h"

namespace halp {

class AdminSocket {
public:
    // Makes missing directories (0750). A file that nobody listens on is replaced; one where somebody does is
    // refused: ErrorCode::busy.
    [[nodiscard]] static Result<AdminSocket> open(const std::string& path);

    AdminSocket(AdminSocket&& other) noexcept;
    AdminSocket& operator=(AdminSocket&&) = delete;
    ~AdminSocket();  // removes the file, if it is still ours

    // Listening and non-blocking; the caller closes it.
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    AdminSocket(std::string path, int fd);

    std::string path_;
    int fd_ = -1;
    unsigned long inode_ = 0;
};

}  // namespace halp
