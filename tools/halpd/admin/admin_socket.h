// The unix socket of the admin API: its file, its mode, and whether another daemon still answers there.
#pragma once

#include <string>

#include "store/result.h"

namespace halp {

class AdminSocket {
public:
    // Creates missing directories (mode 0750). Replaces a socket file on which nobody listens. ErrorCode::busy if
    // another process listens on it.
    [[nodiscard]] static Result<AdminSocket> open(const std::string& path);

    // A socket that listens already and whose file is somebody else's, such as one of systemd's.
    [[nodiscard]] static AdminSocket adopt(int fd);

    AdminSocket(AdminSocket&& other) noexcept;
    AdminSocket& operator=(AdminSocket&&) = delete;
    ~AdminSocket();  // removes the file, if it is still ours

    // The listening socket, non-blocking. The caller closes it.
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    AdminSocket(std::string path, int fd, bool ours);

    std::string path_;
    int fd_ = -1;
    bool ours_ = true;  // the file
    unsigned long inode_ = 0;
};

}  // namespace halp
