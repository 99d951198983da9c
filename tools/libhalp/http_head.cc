#include "tools/libhalp/http_head.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

namespace halp::lib {
namespace {

constexpr std::size_t chunk_bytes_max = std::size_t{1} << 30;

bool same_word(std::string_view a, std::string_view lower) {
    return std::ranges::equal(a, lower, [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) == static_cast<unsigned char>(y);
    });
}

void read_field(HttpHead& head, std::string_view line) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    while (value.starts_with(' ')) value.remove_prefix(1);
    const std::string_view name = line.substr(0, colon);
    if (same_word(name, "content-length")) {
        std::size_t length = 0;
        if (std::from_chars(value.data(), value.data() + value.size(), length).ec == std::errc{})
            head.length = length;
    } else if (same_word(name, "transfer-encoding")) {
        head.chunked = same_word(value, "chunked");
    } else if (same_word(name, "connection")) {
        head.closes = same_word(value, "close");
    }
}

}  // namespace

std::optional<HttpHead> HttpHead::parse(std::string_view bytes) {
    const std::size_t end = bytes.substr(0, bytes_max).find("\r\n\r\n");
    if (end == std::string_view::npos) {
        if (bytes.size() >= bytes_max) return HttpHead{};
        return std::nullopt;
    }
    HttpHead head;
    head.bytes = end + 4;
    std::string_view rest = bytes.substr(0, end + 2);
    const auto line = [&] {
        const std::size_t line_end = rest.find("\r\n");
        const std::string_view one = rest.substr(0, line_end);
        rest.remove_prefix(line_end + 2);
        return one;
    };
    const std::string_view first = line();
    if (!first.starts_with("HTTP/1.") || first.size() < 12) return HttpHead{};
    if (std::from_chars(first.data() + 9, first.data() + 12, head.status).ec != std::errc{} || head.status < 100)
        return HttpHead{};
    while (!rest.empty()) read_field(head, line());
    return head;
}

bool ChunkReader::feed(std::string_view bytes, const std::function<bool(std::string_view)>& take) {
    while (!bytes.empty() && !ended_) {
        if (in_chunk_ && left_ > 0) {
            const std::string_view piece = bytes.substr(0, left_);
            bytes.remove_prefix(piece.size());
            left_ -= piece.size();
            if (!take(piece)) return false;
            continue;
        }
        const std::size_t end = bytes.find('\n');
        line_ += bytes.substr(0, end);
        if (line_.size() > 100) return false;
        if (end == std::string_view::npos) return true;
        bytes.remove_prefix(end + 1);
        const std::string line = std::exchange(line_, {});
        if (in_chunk_) {  // the line end behind the chunk
            in_chunk_ = false;
            continue;
        }
        if (std::from_chars(line.data(), line.data() + line.size(), left_, 16).ec != std::errc{}) return false;
        if (left_ > chunk_bytes_max) return false;
        in_chunk_ = true;
        ended_ = left_ == 0;
    }
    return true;
}

}  // namespace halp::lib
