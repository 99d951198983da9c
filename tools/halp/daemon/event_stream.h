// Server-sent events: bytes in, events out (WHATWG HTML, "Server-sent events", as far as halpd uses it).
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace halp::cli {

struct StreamEvent {
    std::string name;  // "message" when the stream named none
    std::string data;
};

class EventStream {
public:
    // A longer line is an error. Events of halpd are far shorter.
    static constexpr std::size_t line_bytes_max = std::size_t{1} << 20;

    // Calls `take` with each complete event. False if `take` returned false or a line is too long.
    bool feed(std::string_view bytes, const std::function<bool(const StreamEvent&)>& take);

private:
    void field(std::string_view line);

    std::string line_;
    StreamEvent event_;
    bool any_data_ = false;
};

}  // namespace halp::cli
