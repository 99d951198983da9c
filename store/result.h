// A value, or the reason why there is none. The names are those of std::expected, so that this can become an alias
// for it when both compilers have it (DECISIONS.md, D2).
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace halp {

enum class ErrorCode { invalid, not_found, io, full, refused, busy, unreachable, timed_out };

struct Error {
    ErrorCode code = ErrorCode::invalid;
    std::string message;  // one sentence: what failed, where, and what to do about it
};

template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    T& value() & { return *checked(); }
    const T& value() const& { return *checked(); }
    T&& value() && { return std::move(*checked()); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T* operator->() { return checked(); }
    const T* operator->() const { return checked(); }

    [[nodiscard]] const Error& error() const {
        assert(!has_value());
        return std::get<1>(state_);
    }
    [[nodiscard]] T value_or(T fallback) const { return has_value() ? value() : std::move(fallback); }

private:
    T* checked() {
        assert(has_value());
        return &std::get<0>(state_);
    }
    const T* checked() const {
        assert(has_value());
        return &std::get<0>(state_);
    }
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)), failed_(true) {}
    [[nodiscard]] bool has_value() const { return !failed_; }
    explicit operator bool() const { return has_value(); }
    [[nodiscard]] const Error& error() const {
        assert(failed_);
        return error_;
    }

private:
    Error error_;
    bool failed_ = false;
};

}  // namespace halp
