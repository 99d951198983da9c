#include "overlay/dht/client/nodes_file.h"

#include <algorithm>

#include "overlay/dht/wire/config_lines.h"

namespace halp {

Result<std::vector<Endpoint>> parse_nodes_file(std::string_view text) {
    if (text.size() > nodes_file_bytes_max) return Error{ErrorCode::full, "The nodes file is longer than 1 MiB."};
    std::vector<Endpoint> nodes;
    ConfigLines lines(text);
    while (const auto line = lines.next()) {
        const std::string_view said = ConfigLines::trimmed(line->substr(0, line->find('#')));
        if (said.empty()) continue;
        Result<Endpoint> node = Endpoint::parse(said);
        if (!node)
            return Error{ErrorCode::invalid, "Line " + std::to_string(lines.number()) +
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
