// What the tools read of records: JSON lines, values as text (escaped, hexadecimal, base64), keys, and lists of
// nodes. The first byte chooses. What is accepted means the same when it is written again, whatever bytes are
// written can be read back, and nothing becomes longer than what it was read from.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tools/halp/dht/dht_reach.h"
#include "tools/halp/output/record_lines.h"
#include "tools/halp/output/record_text.h"
#include "tools/program/hex.h"

namespace {

using namespace halp;
using namespace halp::cli;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_line(std::string_view text) {
    const auto line = parse_record_line(text);
    if (!line) return;
    require(line->value.size() <= text.size());
    const std::string& channel = line->channel.name();
    const auto again =
        parse_record_line(line->key ? record_line(channel, *line->key, line->value) : channel_line(channel));
    require(again && again->channel == line->channel && again->key == line->key);
    require(!line->key || again->value == line->value);
}

void check_form(std::string_view text, ValueForm form) {
    const auto bytes = read_value(text, form);
    if (bytes) {
        require(bytes->size() <= text.size());
        const auto again = read_value(written_value(*bytes, form), form);
        const bool text_form = form != ValueForm::escape;  // blanks at the ends of what is escaped do not count
        require(again && (!text_form || *again == *bytes));
    }
}

void check_escaped(std::string_view bytes) {
    const std::string text = escaped(bytes);
    for (const char c : text) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    const auto back = unescaped(text);
    require(back && *back == bytes);
    if (const auto read = unescaped(bytes)) require(unescaped(escaped(*read)).value() == *read);
}

void check_digits(std::string_view bytes) {
    require(bytes_of_hex(hex_of(bytes)) == bytes);
    require(bytes_of_base64(base64_of(bytes)) == bytes);
    if (const auto read = bytes_of_base64(bytes)) require(read->size() <= bytes.size() / 4 * 3 + 2);
    if (const auto read = bytes_of_hex(bytes)) require(read->size() * 2 == bytes.size());
}

void check_key(std::string_view text) {
    const auto key = parse_shown_key(text);
    require(!key || !text.empty());
    if (key) require(parse_shown_key(shown_key(*key)).value() == *key);
}

void check_nodes(std::string_view text) {
    const auto nodes = parse_node_list(std::string{text});
    if (!nodes) return;
    require(!nodes->empty() && nodes->size() <= text.size());
    std::string again;
    for (const Endpoint& node : *nodes) again += (again.empty() ? "" : ",") + node.text();
    require(parse_node_list(again).value() == *nodes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view input{reinterpret_cast<const char*>(data) + 1, size - 1};
    switch (data[0] % 6) {
        case 0:
            check_line(input);
            break;
        case 1:
            for (const ValueForm form :
                 {ValueForm::automatic, ValueForm::raw, ValueForm::hex, ValueForm::escape, ValueForm::base64})
                check_form(input, form);
            break;
        case 2:
            check_escaped(input);
            break;
        case 3:
            check_digits(input);
            break;
        case 4:
            check_key(input);
            break;
        default:
            check_nodes(input);
    }
    return 0;
}
