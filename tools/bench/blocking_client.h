// Sends one HALP text query as the original does: connect, send, read until the server closes. It blocks, with
// deadlines, and is for benchmarks and tests only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/endpoint.h"
#include "store/result.h"

namespace halp::process {

// A TCP socket that is closed with its object.
class ClientSocket {
public:
    // `from` is the numeric address to call from; empty: the kernel's choice.
    static Result<ClientSocket> connect(const Endpoint& to, std::chrono::milliseconds patience,
                                        const std::string& from = {});
    ~ClientSocket();
    ClientSocket(ClientSocket&& other) noexcept;
    ClientSocket& operator=(ClientSocket&& other) noexcept;

    // False if the peer did not accept all bytes in time, or closed the connection.
    bool send(std::string_view bytes);
    // Everything until the peer closes or resets the connection, or is silent for the patience given at connect.
    struct Answer {
        std::string bytes;
        enum class End : std::uint8_t { closed, reset, silence } end = End::silence;
    };
    Answer read_all(std::size_t bytes_max = std::size_t{64} << 20);
    void half_close();
    void reset();  // closes with RST instead of FIN
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    explicit ClientSocket(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
};

// A numeric host only.
Result<std::string> text_query(const Endpoint& server, std::string_view query,
                               std::chrono::milliseconds patience = std::chrono::seconds{10});

}  // namespace halp::process
