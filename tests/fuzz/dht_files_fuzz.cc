// The small texts of a DHT: nodes files, credentials, keys, and the rows of the store's table of channels. The
// first byte chooses. An accepted text keeps the limits of its format and has the same meaning when it is written
// again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "overlay/dht/client/nodes_file.h"
#include "overlay/dht/wire/neo_credentials.h"
#include "store/records/channel.h"
#include "store/records/channel_row.h"
#include "store/records/key.h"

namespace {

using namespace halp;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_nodes(std::string_view text) {
    const auto nodes = parse_nodes_file(text);
    if (!nodes) return;
    std::string again;
    for (const Endpoint& node : *nodes) again += node.text() + "  # a node\n";
    const auto second = parse_nodes_file(again);
    require(second && *second == *nodes);
}

std::string hex(const neo::Secret& secret) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : secret) {
        const auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

void check_credentials(std::string_view text) {
    const auto credentials = neo::Credentials::parse(text);
    const auto client = neo::parse_client_credential(text);
    require(static_cast<bool>(client) == (credentials && credentials->size() == 1));
    if (!credentials) return;
    require(credentials->size() <= text.size() / (2 * neo::secret_bytes));
    std::string again;
    for (const std::string& name : credentials->names()) {
        require(neo::well_formed_client_name(name));
        again += name + ":" + hex(*credentials->find(name)) + "\n";
    }
    const auto second = neo::Credentials::parse(again);
    require(second && second->names() == credentials->names());
    for (const std::string& name : second->names()) require(*second->find(name) == *credentials->find(name));
}

void check_names(std::string_view text) {
    if (const auto key = parse_key(text)) require(parse_key(key_text(*key)).value() == *key);
    if (const auto channel = Channel::parse(text)) require(!text.empty() && channel->name() == text);
}

void check_rows(std::string_view bytes) {
    if (const auto row = decode_row(bytes)) {
        const auto again = decode_row(encode_row(*row));
        require(again && again->number == row->number && again->count.records == row->count.records &&
                again->count.bytes == row->count.bytes);
    }
    if (const auto number = parse_number(bytes)) require(parse_number(number_text(*number)) == number);
    (void)key_in_channel(ChannelNumber{1}, bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view input{reinterpret_cast<const char*>(data) + 1, size - 1};
    switch (data[0] % 4) {
        case 0:
            check_nodes(input);
            break;
        case 1:
            check_credentials(input);
            break;
        case 2:
            check_names(input);
            break;
        default:
            check_rows(input);
    }
    return 0;
}
