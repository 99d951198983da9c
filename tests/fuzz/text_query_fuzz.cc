// HALP text queries from strangers. Whatever the bytes, and however they are cut into segments: a connection ends with
// a verdict, keeps a bounded number of bytes, and is answered within the stated bound.
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "overlay/text/text_codec.h"
#include "tests/overlay/text/text_connection.h"

namespace {

using namespace halp;
using Verdict = TextSession::Verdict;

std::size_t answer_bytes(const TextQuery& query) {
    const auto* insert = std::get_if<TextInsert>(&query);
    std::string answer;
    if (insert == nullptr) return 0;
    for (const Label& label : insert->labels) {
        TextLines lines{insert->entries};
        for (std::string_view line; lines.next(line);) {
            const bool good =
                label.lists_names() ? parse_name_line(line).has_value() : parse_host_line(line).has_value();
            append_insert_reply(answer, good, label, line);
        }
    }
    return answer.size();
}

// The first byte of the input says into how large segments the rest is cut; 0 leaves it whole.
void play(std::size_t segment, std::string_view bytes) {
    const Instant start{};
    TextConnection connection;
    auto verdict = Verdict::wait;
    for (std::size_t at = 0; at < bytes.size() && verdict == Verdict::wait; at += segment)
        verdict = connection.on_bytes(bytes.substr(at, segment), start);
    if (verdict == Verdict::wait) verdict = connection.on_deadline(connection.next_deadline());
    assert(verdict == (bytes.empty() ? Verdict::wait : Verdict::answer));
    assert(connection.bytes().size() <= text_query_bytes_max + 1);
    assert(bytes.starts_with(connection.bytes()));
    assert(answer_bytes(parse_text_query(connection.bytes())) <= text_answer_bytes_max);
}

void check_shape(std::string_view bytes) {
    TextScan scan;
    for (const char& byte : bytes) scan.feed(std::string_view{&byte, 1});
    const TextStart start = parse_text_start(bytes);
    assert(scan.complete() == (start.shape == TextShape::complete));
    if (start.shape == TextShape::may_grow)
        assert(std::holds_alternative<TextGet>(start.query) || std::holds_alternative<TextInsert>(start.query));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    if (bytes.empty()) return 0;
    const std::size_t segment = data[0] == 0 ? size : data[0];
    play(segment, bytes.substr(1));
    check_shape(bytes.substr(1));
    return 0;
}
