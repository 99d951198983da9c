// Requests of a legacy client that find no room in the queue of their node, in a file for each node. The files have
// no names: they end with the process, as the requests do.
//
//     OverflowFiles overflow("/var/tmp");
//     options.client.links.overflow = &overflow;
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "overlay/dht/client/legacy/legacy_queue_overflow.h"
#include "store/files/file_handle.h"

namespace halp {

class OverflowFiles final : public legacy::QueueOverflow {
public:
    // `bytes_max`: of all nodes.
    explicit OverflowFiles(std::string directory, std::uint64_t bytes_max = std::uint64_t{1} << 30)
        : directory_(std::move(directory)), bytes_max_(bytes_max) {}

    [[nodiscard]] bool push(NodeNumber node, std::string_view request) override;
    [[nodiscard]] std::optional<std::string> pop(NodeNumber node) override;
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  // that wait
    // Why the last push was refused, as a sentence without its full stop; empty: it was not.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

private:
    struct File {
        FileHandle handle;
        std::uint64_t begin = 0, end = 0;  // what waits in it
    };
    [[nodiscard]] bool open(File& file);
    [[nodiscard]] bool refuse(std::string why);

    const std::string directory_;
    const std::uint64_t bytes_max_;
    std::map<NodeNumber, File> files_;
    std::uint64_t bytes_ = 0;
    std::string trouble_;
};

}  // namespace halp
