// Sockets that a service manager has opened for this process (sd_listen_fds(3)): LISTEN_PID, LISTEN_FDS and
// LISTEN_FDNAMES. A socket is known by its name (FileDescriptorName= of its unit), or when that is the one that
// systemd gives by itself, by its kind.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/result.h"

namespace halp {

struct SocketName {
    const char* name;
    const char* help;
};
[[nodiscard]] std::span<const SocketName> socket_names();

class ActivatedSockets {
public:
    ActivatedSockets() = default;
    // Those of this process, and none when there are none. Their variables are removed, so that no child takes them
    // for its own. An error is a sentence for the operator.
    [[nodiscard]] static Result<ActivatedSockets> take();

    ActivatedSockets(ActivatedSockets&& other) noexcept;
    ActivatedSockets& operator=(ActivatedSockets&& other) noexcept;
    ~ActivatedSockets();  // closes what nobody has taken

    // Listening TCP sockets of the HALP port; the first one is the node's address. The caller closes them.
    [[nodiscard]] std::vector<int> take_halp();
    [[nodiscard]] std::optional<int> take_admin();

private:
    [[nodiscard]] Result<void> sort_in(int fd, const std::string& name);

    std::vector<int> halp_;
    std::optional<int> admin_;
};

}  // namespace halp
