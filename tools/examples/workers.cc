// A pool of workers. `workers serve HOST PORT` is a worker that squares numbers and announces itself; `workers ask
// N...` asks whichever worker answers. Workers that have died are reported, and passed over by the next one who
// asks.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <halp/halp.hpp>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>

namespace {

constexpr const char* label = "squares";

int serve(const std::string& host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener, 16) != 0)
        throw std::runtime_error(std::string("cannot listen: ") + std::strerror(errno));
    halp::app::Handle h;
    const auto announced = h.announce(label, port, host);
    for (;;) {
        const int fd = ::accept(listener, nullptr, nullptr);
        char number[32] = {};
        if (::recv(fd, number, sizeof number - 1, 0) > 0) {
            const std::string answer = std::to_string(std::atoll(number) * std::atoll(number));
            if (::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) std::cerr << "the asker has gone\n";
        }
        ::close(fd);
        h.dispatch();  // announces again when the daemon was restarted
    }
}

int ask(halp::app::Handle& h, const char* number) {
    const int fd = h.connect(label);
    char answer[64] = {};
    if (::send(fd, number, std::strlen(number), MSG_NOSIGNAL) > 0 && ::recv(fd, answer, sizeof answer - 1, 0) > 0)
        std::cout << number << " squared is " << answer << std::endl;
    return ::close(fd);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string verb = argc > 1 ? argv[1] : "";
    try {
        if (verb == "serve" && argc == 4) return serve(argv[2], static_cast<std::uint16_t>(std::atoi(argv[3])));
        if (verb != "ask") return std::cerr << "usage: workers serve HOST PORT | workers ask N...\n", 2;
        halp::app::Handle h;
        for (int i = 2; i < argc; ++i) ask(h, argv[i]);
        return 0;
    } catch (const halp::app::NotFound&) {
        return std::cerr << "there is no worker\n", 3;
    } catch (const std::exception& why) {
        return std::cerr << "workers: " << why.what() << '\n', 1;
    }
}
