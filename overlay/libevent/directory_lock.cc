#include "overlay/libevent/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>

#include "store/files/file_error.h"

namespace halp {
namespace {

constexpr mode_t lock_file_mode = 0600;
constexpr std::int64_t one_wait_ms = 5000;

Error directory_busy(const std::string& path) {
    return {ErrorCode::busy,
            "another program is writing in " + path + "; if it hangs, end it (`fuser -v " + path + "` names it)"};
}

// 0, or errno.
int try_lock(int file) {
    while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        if (errno == ENOLCK || errno == EOPNOTSUPP)
            return 0;  // some network file systems have no locks: the last writer wins
        return errno;
    }
    return 0;
}

bool others_can_open(const struct stat& directory) {
    constexpr mode_t others_read = S_IRGRP | S_IROTH;
    return directory.st_uid != ::geteuid() || (directory.st_mode & others_read) != 0;
}

// Who may write in the directory may open its lock file, and nobody else.
mode_t mode_of_lock_file(const struct stat& directory) {
    mode_t mode = lock_file_mode;
    if ((directory.st_mode & S_IWGRP) != 0) mode |= S_IRGRP | S_IWGRP;
    if ((directory.st_mode & S_IWOTH) != 0) mode |= S_IROTH | S_IWOTH;
    return mode;
}

// A file system without owners and modes takes the lock all the same, so failures are of no account.
void give_to_writers(int file, const struct stat& lock, const struct stat& directory) {
    const uid_t me = ::geteuid();
    const bool root = me == 0;
    if (lock.st_uid != me && !root) return;
    const bool other_owner = root && lock.st_uid != directory.st_uid;
    const bool other_group = (directory.st_mode & S_IWGRP) != 0 && lock.st_gid != directory.st_gid;
    if (other_owner || other_group) {
        const uid_t owner = other_owner ? directory.st_uid : static_cast<uid_t>(-1);
        [[maybe_unused]] const int given = ::fchown(file, owner, directory.st_gid);
    }
    const mode_t wanted = mode_of_lock_file(directory);
    if ((lock.st_mode & 07777) == wanted) return;
    [[maybe_unused]] const int set = ::fchmod(file, wanted);
}

// Nothing when the disk has no room for it.
Result<FileHandle> lock_own_file(int directory, const struct stat& about, const std::string& path) {
    const std::string name{DirectoryLock::file_name}, named = path + "/" + name;
    constexpr int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    for (int tries = 0; tries < 3; ++tries) {
        FileHandle file(::openat(directory, name.c_str(), flags, lock_file_mode));
        if (!file && (errno == ENOSPC || errno == EDQUOT)) return file;
        struct stat lock {};
        if (!file || ::fstat(file.get(), &lock) != 0) return file_error("write", named, errno);
        if (!S_ISREG(lock.st_mode))
            return Error{ErrorCode::io, "cannot lock " + named + ": it is not a plain file; move it away"};
        give_to_writers(file.get(), lock, about);
        const int why = try_lock(file.get());
        if (why == EWOULDBLOCK) return directory_busy(path);
        if (why != 0) return file_error("lock", named, why);
        struct stat now {};
        const bool there = ::fstatat(directory, name.c_str(), &now, AT_SYMLINK_NOFOLLOW) == 0;
        if (there && now.st_ino == lock.st_ino && now.st_dev == lock.st_dev) return file;
        // It was removed before it was locked, as the original's `nuke` does.
    }
    return directory_busy(path);
}

}  // namespace

Result<DirectoryLock::Turn> DirectoryLock::attempt(int directory, const std::string& path) {
    struct stat about {};
    if (::fstat(directory, &about) != 0) return file_error("lock", path, errno);
    Turn turn;
    if (others_can_open(about)) {
        auto own = lock_own_file(directory, about, path);
        if (!own) return own.error();
        turn.file = std::move(*own);
    }
    // The lock belongs to a second open description of the directory, so it ends with the handle.
    turn.directory = FileHandle(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!turn.directory) return file_error("open the directory", path, errno);
    const int why = try_lock(turn.directory.get());
    if (why == 0) {
        refused_since_ms_.reset();
        return turn;
    }
    if (why != EWOULDBLOCK) return file_error("lock", path, why);
    if (!kept_too_long() || !turn.file) return directory_busy(path);
    turn.directory = FileHandle();
    ++passed_over_;
    if (say_)
        say_("another program has kept the directory " + path +
             " locked for more than a second; saving goes on, as other writers lock " + std::string{file_name} +
             " as well (`fuser -v " + path + "` names the program, chmod 700 keeps others out)");
    return turn;
}

bool DirectoryLock::kept_too_long() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const std::int64_t now_ms = std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
    // Two refusals far from each other may be two short turns of others.
    const bool new_wait = !refused_since_ms_ || now_ms - last_refused_ms_ > one_wait_ms;
    last_refused_ms_ = now_ms;
    if (new_wait) refused_since_ms_ = now_ms;
    return std::chrono::milliseconds{now_ms - *refused_since_ms_} >= respected;
}

}  // namespace halp
