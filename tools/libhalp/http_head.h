// The head of an HTTP answer, and the body of one that comes in chunks, as far as halpd uses HTTP.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace halp::lib {

struct HttpHead {
    static constexpr std::size_t bytes_max = std::size_t{16} << 10;
    int status = 0;
    std::size_t bytes = 0;  // of the head
    std::optional<std::size_t> length;
    bool chunked = false;
    bool closes = false;  // the connection, behind this answer

    // Nothing while it is not whole. A status of 0: it is no head of HTTP.
    [[nodiscard]] static std::optional<HttpHead> parse(std::string_view bytes);
};

class ChunkReader {
public:
    // Passes on what is in the chunks. False: it is no chunked body, or `take` has returned false.
    [[nodiscard]] bool feed(std::string_view bytes, const std::function<bool(std::string_view)>& take);
    [[nodiscard]] bool ended() const { return ended_; }

private:
    std::string line_;
    std::size_t left_ = 0;  // of the chunk
    bool in_chunk_ = false, ended_ = false;
};

}  // namespace halp::lib
