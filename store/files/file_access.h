// Who may read or change a file or directory, besides its owner and root, and what to say about it.
#pragma once

#include <cstdint>
#include <string>

struct stat;

namespace halp {

struct FileAccess {
    std::uint32_t owner = 0;  // uid
    std::uint32_t mode = 0;   // permission bits

    [[nodiscard]] static FileAccess of(const struct stat& about);
};

[[nodiscard]] std::uint32_t own_user();  // for which this process acts

// Each is a sentence that names the path and the remedy, or empty when all is well. `me` is the user of this
// process.

// Of a file with keys: others may read it. A file of root's that this user reads as one of its group is well.
[[nodiscard]] std::string readable_by_others(const std::string& path, const FileAccess& access,
                                             std::uint32_t me = own_user());
// Of a file that this program believes: a user who is neither this one nor root may change it.
[[nodiscard]] std::string changeable_by_others(const std::string& path, const FileAccess& access,
                                               std::uint32_t me = own_user());
// Of a directory in which this program keeps files: the same.
[[nodiscard]] std::string directory_of_others(const std::string& path, const FileAccess& access,
                                              std::uint32_t me = own_user());

}  // namespace halp
