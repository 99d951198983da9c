// One visitor made of several lambdas, for std::visit.
#pragma once

namespace halp {

template <class... Fs>
struct overloaded : Fs... {
    using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

}  // namespace halp
