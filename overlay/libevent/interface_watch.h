// Tells when the addresses of this machine change: the kernel reports it (rtnetlink), and where it does not, they
// are compared every few seconds. One change causes several reports, so the look follows a moment after the first.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

struct event;
struct event_base;

namespace halp {

class InterfaceWatch {
public:
    // `changed` gets the addresses, as interface_addresses() lists them, whenever they differ from those before.
    using Changed =
        std::function<void(const std::vector<std::string>& before, const std::vector<std::string>& now)>;
    InterfaceWatch(event_base* base, Changed changed);
    ~InterfaceWatch();
    InterfaceWatch(const InterfaceWatch&) = delete;
    InterfaceWatch& operator=(const InterfaceWatch&) = delete;

    [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }
    // Addresses that the machine has besides: this node does not know that they are its own.
    [[nodiscard]] std::size_t not_read() const { return not_read_; }
    [[nodiscard]] bool told_by_kernel() const { return socket_ >= 0; }

private:
    void open_socket();
    void close_socket();
    void take_reports();
    [[nodiscard]] std::vector<std::string> read_addresses();
    void look();
    void look_in(long milliseconds);

    event_base* base_;
    Changed changed_;
    std::vector<std::string> addresses_;
    std::size_t not_read_ = 0;
    int socket_ = -1;
    event* readable_ = nullptr;
    event* timer_;
    bool look_is_due_ = false;
};

}  // namespace halp
