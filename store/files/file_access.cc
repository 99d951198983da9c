#include "store/files/file_access.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

namespace halp {
namespace {

constexpr std::uint32_t group_reads = 0040, others_read = 0004, others_write = 0002;

std::string mode_text(std::uint32_t mode) {
    char text[16];
    std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode));
    return text;
}

// The owner may change the mode of what he may not write.
bool belongs_to_another(const FileAccess& access, std::uint32_t me) {
    return access.owner != me && access.owner != 0;
}

std::string another_user(const FileAccess& access) {
    return "belongs to another user (uid " + std::to_string(access.owner) + ")";
}

}  // namespace

FileAccess FileAccess::of(const struct stat& about) { return {about.st_uid, about.st_mode & 07777}; }

std::uint32_t own_user() { return ::geteuid(); }

std::string readable_by_others(const std::string& path, const FileAccess& access, std::uint32_t me) {
    const bool own = access.owner == me;
    if ((access.mode & others_read) == 0 && !(own && (access.mode & group_reads) != 0)) return {};
    return "other users may read " + path + ", which holds keys (mode " + mode_text(access.mode) + "): chmod " +
           (own ? "600 " : "o-rwx ") + path;
}

std::string changeable_by_others(const std::string& path, const FileAccess& access, std::uint32_t me) {
    if (belongs_to_another(access, me))
        return path + " " + another_user(access) +
               ", who may change it: give it to this user (chown), or name another file";
    if ((access.mode & others_write) == 0) return {};
    return "every user may change " + path + " (mode " + mode_text(access.mode) + "): chmod go-w " + path;
}

std::string directory_of_others(const std::string& path, const FileAccess& access, std::uint32_t me) {
    if (belongs_to_another(access, me))
        return "the directory " + path + " " + another_user(access) +
               ", who may change what is kept there: give it to this user (chown), or choose another directory";
    if ((access.mode & others_write) == 0) return {};
    return "every user may put files into the directory " + path + " (mode " + mode_text(access.mode) +
           "): chmod go-w " + path;
}

}  // namespace halp
