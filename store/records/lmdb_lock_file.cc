#include "store/records/lmdb_lock_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace halp {
namespace {

// LMDB asks for as much, for 126 readers; it also takes a larger file.
constexpr off_t lock_file_bytes = 8192;

// Overwritten in place, not copied. Only btrfs knows the flag, and takes it for an empty file alone.
void never_copy(int file) {
    int flags = 0;
    if (::ioctl(file, FS_IOC_GETFLAGS, &flags) != 0) return;
    flags |= FS_NOCOW_FL;
    // Others refuse it and do not need it.
    [[maybe_unused]] const int set = ::ioctl(file, FS_IOC_SETFLAGS, &flags);
}

int take_room(int file) {
    struct stat now {};
    if (::fstat(file, &now) != 0) return errno;
    if (now.st_size == 0) never_copy(file);
    const int taken = ::posix_fallocate(file, 0, lock_file_bytes);
    const bool unknown = taken == EOPNOTSUPP || taken == EINVAL;  // a file system without it
    return unknown ? 0 : taken;
}

}  // namespace

int take_room_of_lock_file(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (file < 0) return errno;
    const int why = take_room(file);
    ::close(file);
    return why;
}

}  // namespace halp
