#include "store/files/file_handle.h"

#include <unistd.h>

#include <utility>

namespace halp {

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
    const FileHandle old(give());
    fd_ = other.give();
    return *this;
}

FileHandle::~FileHandle() {
    if (fd_ >= 0) ::close(fd_);
}

int FileHandle::give() { return std::exchange(fd_, -1); }

}  // namespace halp
