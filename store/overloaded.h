// Makes one visitor for std::visit of several lambdas.
#pragma once

namespace halp {

template <class... Fs>
struct overloaded : Fs... {
    using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

}  // namespace halp
