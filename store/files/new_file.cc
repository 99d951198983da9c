#include "store/files/new_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "store/files/file_error.h"

namespace halp {
namespace {

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<NewFile> NewFile::make(const std::string& path, std::string_view suffix) {
    std::string beside = directory_of(path) + "/new.XXXXXX" + std::string(suffix);
    FileHandle file(::mkostemps(beside.data(), static_cast<int>(suffix.size()), O_CLOEXEC));
    if (!file) return file_error("write", path, errno);
    return NewFile(std::move(file), path, std::move(beside));
}

NewFile::NewFile(NewFile&& other) noexcept
    : file_(std::move(other.file_)), path_(std::move(other.path_)), beside_(std::exchange(other.beside_, {})) {}

NewFile::~NewFile() {
    if (!beside_.empty()) ::unlink(beside_.c_str());
}

Error NewFile::failure() const { return file_error("write", path_, errno); }

Result<void> NewFile::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failure();
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> NewFile::name(Present present) {
    if (present == Present::replaced) {
        if (::rename(beside_.c_str(), path_.c_str()) != 0) return failure();
        beside_.clear();
        return {};
    }
    // Unlike rename, link replaces nothing. The name beside it is removed by the destructor.
    if (::link(beside_.c_str(), path_.c_str()) == 0) return {};
    if (errno != EEXIST) return failure();
    return Error{ErrorCode::refused, path_ + " is there and is not overwritten: remove it, or name another file"};
}

Result<void> NewFile::finish(mode_t mode, Present present, Name name_is) {
    if (::fchmod(file_.get(), mode) != 0 || ::fsync(file_.get()) != 0) return failure();
    if (auto named = name(present); !named) return named;
    if (name_is == Name::later) return {};
    const FileHandle directory(::open(directory_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) return failure();
    return {};
}

Result<void> sync_directory(const std::string& path) {
    const FileHandle directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) return file_error("write", path, errno);
    return {};
}

}  // namespace halp
