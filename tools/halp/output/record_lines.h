// Records as JSON, one object a line: what `halp dht scan --json` and `halp store export --format json` write and
// `halp store import` reads (README.md, "Records as JSON lines").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/records/channel.h"
#include "store/records/key.h"
#include "store/result.h"

namespace halp::cli {

struct RecordLine {
    Channel channel;
    std::optional<Key> key;  // none: only the channel, which has no records
    std::string value;
};

[[nodiscard]] std::string record_line(std::string_view channel, Key key, std::string_view value);
[[nodiscard]] std::string channel_line(std::string_view channel);
// A channel's name as it is printed, in JSON too, and as it is typed and read: escaped as values are, so that every
// name is one line and can be typed. Most names are the same in both forms.
[[nodiscard]] std::string shown_channel(std::string_view name);
[[nodiscard]] Result<Channel> parse_shown_channel(std::string_view text);
[[nodiscard]] std::string json_channel(std::string_view name);  // with its quotes
// Escapes the names, because strangers may have chosen them.
[[nodiscard]] std::string channels_object(const std::vector<std::string>& names);
// Ignores unknown fields. The error is a sentence; it does not name the file or the line.
[[nodiscard]] Result<RecordLine> parse_record_line(std::string_view line);

}  // namespace halp::cli
