// How long a disk takes for one fdatasync: the lower limit for a durable write that waits for its answer.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "store/files/file_handle.h"

namespace halp::bench {

// A file that has its full length already and no name any more.
class SyncProbe {
public:
    explicit SyncProbe(const std::string& path);
    // Writes one page and syncs it. Microseconds; nothing when the file cannot be written.
    [[nodiscard]] std::optional<double> once();

private:
    FileHandle file_;
    std::string bytes_;
    std::size_t count_ = 0;
    bool well_ = false;
};

}  // namespace halp::bench
