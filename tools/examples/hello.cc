#include <halp/halp.hpp>

#include <iostream>

int main() {
    halp::app::Handle h;
    for (const auto& host : h.lookup("chat")) std::cout << host.host << ' ' << host.port << '\n';
}
