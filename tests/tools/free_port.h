// A free TCP port on loopback, for programs that need a fixed one.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <random>

namespace halp::testing {

// A port that nobody uses. It is below the ephemeral ports, so that the kernel assigns it to nobody.
inline std::uint16_t free_port() {
    std::random_device random;
    for (int tries = 0; tries < 100; ++tries) {
        const auto port = static_cast<std::uint16_t>(20000 + random() % 12000);
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        ::close(fd);
        if (bound) return port;
    }
    ADD_FAILURE() << "no free port";
    return 0;
}

}  // namespace halp::testing
