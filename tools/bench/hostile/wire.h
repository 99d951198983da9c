// One TCP connection of a hostile host, from the address that it wants, and a socket that such a host listens on.
// Numeric IPv4 only.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "store/endpoint.h"

namespace halp::bench {

// Strangers are other machines. So the threads that play them leave the processors to the nodes: each calls this
// first.
void leave_processors_to_nodes();

class Wire {
public:
    // Nothing when the connection does not come about within `patience`.
    [[nodiscard]] static std::optional<Wire> open(const std::string& from, const Endpoint& to,
                                                  std::chrono::milliseconds patience);
    // The connection is under way; the first sends find it unready.
    [[nodiscard]] static std::optional<Wire> begin(const std::string& from, const Endpoint& to);
    [[nodiscard]] static std::optional<Wire> listen(const Endpoint& at);

    explicit Wire(int descriptor) : descriptor_(descriptor) {}
    ~Wire();
    Wire(Wire&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Wire& operator=(Wire&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }

    [[nodiscard]] std::optional<Wire> accept() const;  // without waiting
    // False when the peer takes no more within the patience, or is gone.
    [[nodiscard]] bool send_all(std::string_view bytes);
    // How many bytes were taken; nothing when the connection is over.
    [[nodiscard]] std::optional<std::size_t> send_some(std::string_view bytes);
    // What is there; nothing when the connection is over.
    [[nodiscard]] std::optional<std::string> receive_some();
    // Exactly so many; nothing when they do not come within the patience.
    [[nodiscard]] std::optional<std::string> receive(std::size_t count);
    void drain();  // reads until the peer closes or the patience ends
    void half_close();
    [[nodiscard]] bool does_not_wait();  // from now on; false when the system refuses
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

}  // namespace halp::bench
