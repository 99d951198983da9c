// The name of a channel: one or more bytes of any kind, as the originals take them. A name is safe as it is in
// memory and in the store; where it becomes a file name, channel_file.h makes it safe, and where it is printed or
// typed, tools/halp escapes it.
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
    // A name is a key of LMDB, which takes 511 bytes, behind a prefix of up to 31 bytes.
    static constexpr std::size_t length_max = 480;

    [[nodiscard]] static bool well_formed(std::string_view name) {
        return !name.empty() && name.size() <= length_max;
    }
    [[nodiscard]] static Result<Channel> parse(std::string_view name);
    // The names that the legacy protocol takes: letters, digits, "_" and "-".
    [[nodiscard]] static bool plain(std::string_view name);

    [[nodiscard]] const std::string& name() const { return name_; }

    auto operator<=>(const Channel&) const = default;

private:
    explicit Channel(std::string name) : name_(std::move(name)) {}
    std::string name_;
};

}  // namespace halp
