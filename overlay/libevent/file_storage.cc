#include "overlay/libevent/file_storage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <utility>

#include "store/files/file_error.h"

namespace halp {
namespace {

constexpr mode_t private_directory = 0700;
constexpr mode_t new_file = 0644;           // the umask applies, as with the original tools
constexpr timespec lock_pause{0, 200'000};  // short, because a busy writer leaves the lock for microseconds only
constexpr mode_t permission_bits = 0777;
constexpr mode_t lock_mode = 0600;
constexpr timespec holder_pause{0, 20'000'000};
constexpr std::string_view leaving_word = "leaving\n";

std::int64_t monotonic_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

Error not_plain(const std::string& attempt, const std::string& path) {
    return {ErrorCode::io, "cannot " + attempt + " " + path + ": it is not a plain file; move it away"};
}

Result<void> check_name(const std::string& name) {
    const bool dots = name == "." || name == "..";
    const bool component = !name.empty() && name.size() <= FileStorage::name_length_max && !dots &&
                           name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
    const bool ours = name.starts_with(FileStorage::temporary_prefix) || name == DirectoryLock::file_name;
    if (component && !ours) return {};
    return Error{ErrorCode::invalid,
                 "a file name must be 1 to 255 bytes without \"/\", not \".\" or \"..\", not begin "
                 "with \".halp-tmp-\" and not be \".halp-lock\"; choose another name"};
}

Result<void> make_directory(const std::string& path) {
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        const std::string part = path.substr(0, end);
        if (::mkdir(part.c_str(), private_directory) != 0 && errno != EEXIST)
            return file_error("create the directory", part, errno);
        if (end == std::string::npos) return {};
    }
}

Result<FileHandle> open_directory(const std::string& path, IfMissing missing) {
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    FileHandle directory(::open(path.c_str(), flags));
    if (!directory && errno == ENOENT && missing == IfMissing::create) {
        auto made = make_directory(path);
        if (!made) return made.error();
        directory = FileHandle(::open(path.c_str(), flags));
    }
    if (!directory && errno == ENOTDIR)
        return Error{ErrorCode::io, path + " is not a directory; move that file away or choose another directory"};
    if (!directory) return file_error("open the directory", path, errno);
    return directory;
}

Result<void> write_all(int fd, Bytes bytes, const std::string& path) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return file_error("write", path, errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<std::string> read_all(int fd, std::size_t expected, const std::string& path) {
    std::string content(expected, '\0');
    std::size_t filled = 0;
    for (;;) {
        if (filled == content.size())
            content.resize(filled + 4096);  // room to notice the end of the file, or that it grew
        const ssize_t got = ::read(fd, content.data() + filled, content.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return file_error("read", path, errno);
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
        if (filled > FileStorage::file_bytes_max) return file_error("read", path, EFBIG);
    }
    content.resize(filled);
    return content;
}

bool is_plain_file(int directory, const dirent& entry) {
    if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_REG;
    struct stat about {};
    return ::fstatat(directory, entry.d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(about.st_mode);
}

Result<std::vector<std::string>> plain_files(int directory, const std::string& path) {
    const int own = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* entries = own < 0 ? nullptr : ::fdopendir(own);
    if (!entries) {
        const int why = errno;
        if (own >= 0) ::close(own);
        return file_error("list", path, why);
    }
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(entries))
        if (is_plain_file(directory, *entry)) names.emplace_back(entry->d_name);
    ::closedir(entries);
    std::sort(names.begin(), names.end());
    return names;
}

// Who holds a lock on a state directory, as its file says.
struct Holder {
    std::string pid;
    bool leaving = false;
};

Holder holder_of(int file) {
    char text[64] = "";
    const ssize_t got = ::pread(file, text, sizeof text - 1, 0);
    const std::string content(text, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return {content.substr(0, content.find('\n')), content.find(leaving_word) != std::string::npos};
}

Error taken(const Holder& holder, const std::string& directory) {
    const std::string who = "(pid " + holder.pid + ") with the directory " + directory;
    if (holder.leaving)
        return {ErrorCode::busy,
                "already running " + who + ", and still not gone although it is leaving; end it, or wait for it"};
    return {ErrorCode::busy, "already running " + who + "; stop that one or choose another --state-dir"};
}

}  // namespace

FileStorage::FileStorage(std::string path, FileHandle directory, IfMissing missing)
    : path_(std::move(path)), directory_(std::move(directory)), missing_(missing) {}

Result<std::unique_ptr<FileStorage>> FileStorage::open(const std::string& directory, IfMissing missing) {
    auto opened = open_directory(directory, missing);
    if (!opened) return opened.error();
    std::unique_ptr<FileStorage> storage(new FileStorage(directory, std::move(*opened), missing));
    // A directory that is only read gets no lock file.
    const FileHandle locked(::openat(storage->directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (locked && ::flock(locked.get(), LOCK_EX | LOCK_NB) == 0) {
        storage->remove_leftovers();
        storage->leftovers_removed_ = true;
    }
    return storage;
}

Result<std::string> FileStorage::read(const std::string& name) {
    if (auto good = check_name(name); !good) return good.error();
    if (auto open = reopen_if_deleted(); !open) return open.error();
    // O_NONBLOCK: opening a pipe of that name would block. A link is no file of this directory; list() has none.
    constexpr int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW;
    const FileHandle file(::openat(directory_.get(), name.c_str(), flags));
    if (!file) return file_error("read", path_of(name), errno);
    struct stat about {};
    if (::fstat(file.get(), &about) != 0) return file_error("read", path_of(name), errno);
    if (S_ISDIR(about.st_mode)) return file_error("read", path_of(name), EISDIR);
    if (!S_ISREG(about.st_mode)) return not_plain("read", path_of(name));
    if (about.st_size > static_cast<off_t>(file_bytes_max)) return file_error("read", path_of(name), EFBIG);
    return read_all(file.get(), static_cast<std::size_t>(about.st_size), path_of(name));
}

Result<void> FileStorage::replace(const std::string& name, Bytes content) {
    auto locked = begin_writing(name);
    if (!locked) return locked.error();
    return write_whole(name, content);
}

Result<void> FileStorage::remove(const std::string& name) {
    auto locked = begin_writing(name);
    if (!locked) return locked.error();
    if (::unlinkat(directory_.get(), name.c_str(), 0) != 0) {
        if (errno == ENOENT) return {};
        return file_error("remove", path_of(name), errno);
    }
    if (::fsync(directory_.get()) != 0) return file_error("remove", path_of(name), errno);
    return {};
}

Result<std::vector<std::string>> FileStorage::list() {
    if (auto open = reopen_if_deleted(); !open) return open.error();
    auto names = plain_files(directory_.get(), path_);
    const auto ours = [](const std::string& name) {
        return name.starts_with(temporary_prefix) || name == DirectoryLock::file_name;
    };
    if (names) std::erase_if(*names, ours);
    return names;
}

Result<void> FileStorage::update(const std::string& name, Change& change) {
    auto locked = begin_writing(name);
    if (!locked) return locked.error();
    auto old_content = read(name);
    const bool missing = !old_content && old_content.error().code == ErrorCode::not_found;
    if (!old_content && !missing) return old_content.error();
    const Bytes before = missing ? Bytes{} : Bytes{*old_content};
    const std::string after = change.apply(before);
    if (after == before) return {};
    return write_whole(name, after);
}

Result<void> FileStorage::append(const std::string& name, Bytes bytes) {
    auto locked = begin_writing(name);
    if (!locked) return locked.error();
    const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW;
    const FileHandle file(::openat(directory_.get(), name.c_str(), flags, new_file));
    if (!file) return file_error("write", path_of(name), errno);
    struct stat before {};
    if (::fstat(file.get(), &before) != 0) return file_error("write", path_of(name), errno);
    if (!S_ISREG(before.st_mode)) return not_plain("write", path_of(name));
    auto written = write_all(file.get(), bytes, path_of(name));
    if (!written) {
        // A part of a line would spoil the next line. When this fails, too, the reader skips the part, and the
        // failure that is returned is the first one.
        static_cast<void>(::ftruncate(file.get(), before.st_size));
        return written;
    }
    if (::fdatasync(file.get()) != 0) return file_error("write", path_of(name), errno);
    return {};
}

// A directory that was removed while it is open takes no more files. A new one of the same path does.
Result<void> FileStorage::reopen_if_deleted() {
    struct stat about {};
    if (::fstat(directory_.get(), &about) == 0 && about.st_nlink > 0) return {};
    auto opened = open_directory(path_, missing_);
    if (!opened) return opened.error();
    directory_ = std::move(*opened);
    return {};
}

Result<DirectoryLock::Turn> FileStorage::lock() {
    const std::int64_t give_up_ms =
        monotonic_ms() + std::chrono::duration_cast<std::chrono::milliseconds>(patience_).count();
    for (;;) {
        auto turn = lock_.attempt(directory_.get(), path_);
        if (turn || turn.error().code != ErrorCode::busy) return turn;
        if (monotonic_ms() >= give_up_ms) {
            ++put_off_;
            return turn;
        }
        ::nanosleep(&lock_pause, nullptr);
    }
}

Result<DirectoryLock::Turn> FileStorage::begin_writing(const std::string& name) {
    if (auto good = check_name(name); !good) return good.error();
    if (auto open = reopen_if_deleted(); !open) return open.error();
    auto turn = lock();
    if (turn && turn->directory && !std::exchange(leftovers_removed_, true)) remove_leftovers();
    return turn;
}

Result<void> FileStorage::write_whole(const std::string& name, Bytes content) {
    const std::string temporary = std::string(temporary_prefix) + std::to_string(::getpid());
    const int directory = directory_.get();
    const auto give_up = [&](Error error) -> Result<void> {
        ::unlinkat(directory, temporary.c_str(), 0);
        return error;
    };
    ::unlinkat(directory, temporary.c_str(), 0);
    FileHandle file(::openat(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, new_file));
    if (!file) return file_error("write", path_of(name), errno);
    struct stat old {};
    // The mode of a link is that of a file elsewhere.
    if (::fstatat(directory, name.c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0) {
        if (S_ISDIR(old.st_mode)) return give_up(file_error("write", path_of(name), EISDIR));
        // A file system without modes takes the file all the same.
        if (S_ISREG(old.st_mode)) static_cast<void>(::fchmod(file.get(), old.st_mode & permission_bits));
    }
    auto written = write_all(file.get(), content, path_of(name));
    if (!written) return give_up(written.error());
    if (::fsync(file.get()) != 0) return give_up(file_error("write", path_of(name), errno));
    if (::renameat(directory, temporary.c_str(), directory, name.c_str()) != 0)
        return give_up(file_error("write", path_of(name), errno));
    if (::fsync(directory) != 0) return file_error("write", path_of(name), errno);
    return {};
}

// Every writer has the lock on the directory. So temporary files that exist while this process has it belong to
// dead writers.
void FileStorage::remove_leftovers() {
    const auto names = plain_files(directory_.get(), path_);
    if (!names) return;
    for (const std::string& name : *names)
        if (name.starts_with(temporary_prefix)) ::unlinkat(directory_.get(), name.c_str(), 0);
}

FileAccess FileStorage::access() const {
    struct stat about {};
    return ::fstat(directory_.get(), &about) == 0 ? FileAccess::of(about)
                                                  : FileAccess{own_user(), private_directory};
}

Result<StateLock> StateLock::acquire(const std::string& directory) { return acquire(directory, Patience{}); }

Result<StateLock> StateLock::acquire(const std::string& directory, const Patience& patience) {
    const std::string path = directory + "/lock";
    FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, lock_mode));
    struct stat about {};
    if (!file || ::fstat(file.get(), &about) != 0) return file_error("write", path, errno);
    if (!S_ISREG(about.st_mode)) return not_plain("write", path);
    // Whoever can open it can keep it locked.
    if (about.st_uid == ::geteuid() && (about.st_mode & permission_bits) != lock_mode)
        static_cast<void>(::fchmod(file.get(), lock_mode));  // some file systems have no modes
    const std::int64_t began_ms = monotonic_ms();
    for (bool said = false; ::flock(file.get(), LOCK_EX | LOCK_NB) != 0;) {
        if (errno == EINTR) continue;
        if (errno != EWOULDBLOCK) return file_error("lock", path, errno);
        const Holder holder = holder_of(file.get());
        const std::int64_t waited_ms = monotonic_ms() - began_ms;
        const Duration patient = holder.leaving ? patience.leaving : patience.unsaid;
        if (std::chrono::milliseconds{waited_ms} >= patient) return taken(holder, directory);
        if (holder.leaving && !std::exchange(said, true) && patience.say)
            patience.say("waiting for pid " + holder.pid + ", which is leaving, to give up " + directory);
        ::nanosleep(&holder_pause, nullptr);
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(file.get(), 0) != 0) return file_error("write", path, errno);
    if (auto written = write_all(file.get(), pid, path); !written) return written.error();
    return StateLock(std::move(file), path);
}

Result<void> StateLock::state_leaving() const {
    return write_all(file_.get(), leaving_word, path_);  // behind the pid
}

}  // namespace halp
