#include "overlay/libevent/interface_watch.h"

#include <event2/event.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "overlay/libevent/interfaces.h"
#include "overlay/libevent/loop_calls.h"

namespace halp {

namespace {

constexpr long settle_ms = 50;           // an address that is replaced is deleted and added
constexpr long look_every_ms = 5'000;    // without reports of the kernel
constexpr long check_every_ms = 60'000;  // with them: a report may be lost with a full buffer

}  // namespace

InterfaceWatch::InterfaceWatch(event_base* base, Changed changed)
    : base_(base),
      changed_(std::move(changed)),
      timer_(new_event(
          base, -1, 0, [](evutil_socket_t, short, void* self) { static_cast<InterfaceWatch*>(self)->look(); },
          this)) {
    open_socket();  // before the first look, so that nothing falls between the two
    addresses_ = read_addresses();
    look_in(told_by_kernel() ? check_every_ms : look_every_ms);
}

InterfaceWatch::~InterfaceWatch() {
    close_socket();
    event_free(timer_);
}

void InterfaceWatch::open_socket() {
    const int made = ::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (made < 0) return;
    sockaddr_nl local{};
    local.nl_family = AF_NETLINK;
    local.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    event* const readable =
        ::bind(made, reinterpret_cast<const sockaddr*>(&local), sizeof local) == 0
            ? new_event(
                  base_, made, EV_READ | EV_PERSIST,
                  [](evutil_socket_t, short, void* self) { static_cast<InterfaceWatch*>(self)->take_reports(); },
                  this)
            : nullptr;
    if (!readable || !watch(readable)) {  // then the addresses are compared every few seconds
        if (readable) event_free(readable);
        ::close(made);
        return;
    }
    socket_ = made;
    readable_ = readable;
}

void InterfaceWatch::close_socket() {
    if (readable_) event_free(std::exchange(readable_, nullptr));
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

// What the reports say is not read: the look that follows finds it out, also when some were lost (ENOBUFS).
void InterfaceWatch::take_reports() {
    std::array<char, 8192> report{};
    ssize_t got = 0;
    do {
        got = ::recv(socket_, report.data(), report.size(), 0);
    } while (got > 0 || (got < 0 && (errno == EINTR || errno == ENOBUFS)));
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) close_socket();
    if (std::exchange(look_is_due_, true)) return;
    look_in(settle_ms);
}

std::vector<std::string> InterfaceWatch::read_addresses() {
    InterfaceAddresses found = interface_addresses();
    not_read_ = found.not_read;
    return std::move(found.addresses);
}

void InterfaceWatch::look() {
    look_is_due_ = false;
    look_in(told_by_kernel() ? check_every_ms : look_every_ms);
    std::vector<std::string> now = read_addresses();
    if (now == addresses_ || now.empty()) return;
    const std::vector<std::string> before = std::exchange(addresses_, std::move(now));
    changed_(before, addresses_);
}

void InterfaceWatch::look_in(long milliseconds) { set_timer(timer_, std::chrono::milliseconds{milliseconds}); }

}  // namespace halp
