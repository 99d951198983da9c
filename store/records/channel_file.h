// The file that a channel's dump has, and the channel of a file. Most names are their own file names, as in the
// originals: `my.channel` has `my.channel.tcm`. Bytes that could lead out of a directory or hide a file are written
// as %XX: "/", "%", control bytes, and a "." in front. A name that is longer than a file name may be is a path: all
// but the last part are directories whose names end in "%", which no other name of a channel does.
//
//     ../evil          %2E.%2Fevil.tcm
//     300 times x      (236 times x)%/(64 times x).tcm
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "store/records/channel.h"

namespace halp {

inline constexpr std::string_view channel_file_extension = ".tcm";

// Relative to the directory of the dumps. With n > 0 it is a name for a further file of this channel, which is no
// channel's own: `NAME%.1.tcm`.
[[nodiscard]] std::string channel_file(const Channel& channel, std::size_t n = 0);
// Nothing unless channel_file() of some channel gives the last components of this path.
[[nodiscard]] std::optional<Channel> channel_of_file(std::string_view path);
// Whether files of channels may be in a directory of this name.
[[nodiscard]] bool is_channel_directory(std::string_view name);

}  // namespace halp
