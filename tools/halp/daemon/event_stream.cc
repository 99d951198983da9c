#include "tools/halp/daemon/event_stream.h"

#include <utility>

namespace halp::cli {

bool EventStream::feed(std::string_view bytes, const std::function<bool(const StreamEvent&)>& take) {
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        line_ += bytes.substr(0, end);
        if (line_.size() > line_bytes_max) return false;
        if (end == std::string_view::npos) return true;
        bytes.remove_prefix(end + 1);
        if (line_.ends_with('\r')) line_.pop_back();
        const std::string line = std::exchange(line_, {});
        if (!line.empty()) {
            field(line);
            continue;
        }
        StreamEvent event = std::exchange(event_, {});
        const bool whole = std::exchange(any_data_, false);
        if (event.name.empty()) event.name = "message";
        if (whole && !take(event)) return false;
    }
    return true;
}

void EventStream::field(std::string_view line) {
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "event") event_.name = value;
    if (name != "data") return;  // ids and comments (an empty name) carry nothing for us
    if (any_data_) event_.data += '\n';
    event_.data += value;
    any_data_ = true;
    // Many short lines make one long event: the same bound holds.
    if (event_.data.size() > line_bytes_max) event_.data.resize(line_bytes_max);
}

}  // namespace halp::cli
