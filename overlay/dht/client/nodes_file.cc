#include "overlay/dht/client/nodes_file.h"

#include <algorithm>

namespace halp {
namespace {

std::string_view trimmed(std::string_view line) {
    constexpr std::string_view blanks = " \t\r\v\f";
    const auto begin = line.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return line.substr(begin, line.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

Result<std::vector<Endpoint>> parse_nodes_file(std::string_view text) {
    if (text.size() > nodes_file_bytes_max) return Error{ErrorCode::full, "The nodes file is longer than 1 MiB."};
    std::vector<Endpoint> nodes;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::string_view said = trimmed(line.substr(0, line.find('#')));
        if (said.empty()) continue;
        Result<Endpoint> node = Endpoint::parse(said);
        if (!node)
            return Error{ErrorCode::invalid, "Line " + std::to_string(number) +
                                                 " of the nodes file is not address:port: " + node.error().message};
        if (std::ranges::find(nodes, *node) == nodes.end()) nodes.push_back(*node);
    }
    return nodes;
}

std::string nodes_file_text(const std::vector<Endpoint>& nodes) {
    std::string text;
    for (const Endpoint& node : nodes) text += node.text() + "\n";
    return text;
}

}  // namespace halp
