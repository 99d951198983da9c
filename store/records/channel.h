// The name of a channel: one or more ASCII letters, digits, "_" and "-". Every Channel object is well formed, so
// its name is safe in a file name. (The original's neo node accepts `../evil`.)
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "store/result.h"

namespace halp {

class Channel {
public:
    // The longest name whose dump has a valid file name while it is written: `<name>.tcm.XXXXXX.dumping`.
    static constexpr std::size_t length_max = 236;

    [[nodiscard]] static bool well_formed(std::string_view name);
    [[nodiscard]] static Result<Channel> parse(std::string_view name);

    [[nodiscard]] const std::string& name() const { return name_; }

    auto operator<=>(const Channel&) const = default;

private:
    explicit Channel(std::string name) : name_(std::move(name)) {}
    std::string name_;
};

}  // namespace halp
