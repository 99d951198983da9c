#include "overlay/dht/libevent/overflow_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "store/files/file_error.h"

namespace halp {
namespace {

constexpr std::size_t size_bytes = sizeof(std::uint64_t);

bool write_at(int file, std::string_view bytes, std::uint64_t at) {
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(at));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
        at += static_cast<std::uint64_t>(written);
    }
    return true;
}

bool read_at(int file, char* to, std::size_t bytes, std::uint64_t at) {
    while (bytes > 0) {
        const ssize_t got = ::pread(file, to, bytes, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        to += got;
        bytes -= static_cast<std::size_t>(got);
        at += static_cast<std::uint64_t>(got);
    }
    return true;
}

}  // namespace

bool OverflowFiles::refuse(std::string why) {
    trouble_ = std::move(why);
    return false;
}

bool OverflowFiles::open(File& file) {
    if (file.handle) return true;
    std::string name = directory_ + "/overflow.XXXXXX";
    file.handle = FileHandle(::mkostemp(name.data(), O_CLOEXEC));
    if (!file.handle) return refuse(file_error("write to", directory_, errno).message);
    ::unlink(name.c_str());
    return true;
}

bool OverflowFiles::push(NodeNumber node, std::string_view request) {
    if (bytes_ + size_bytes + request.size() > bytes_max_)
        return refuse("the overflow has its most bytes already, " + std::to_string(bytes_max_));
    File& file = files_[node];
    if (!open(file)) return false;
    const std::uint64_t size = request.size();
    std::string entry(size_bytes, '\0');
    std::memcpy(entry.data(), &size, size_bytes);
    entry.append(request);
    if (!write_at(file.handle.get(), entry, file.end))
        return refuse(file_error("write to", directory_, errno).message);
    file.end += entry.size();
    bytes_ += entry.size();
    trouble_.clear();
    return true;
}

std::optional<std::string> OverflowFiles::pop(NodeNumber node) {
    File& file = files_[node];
    std::uint64_t size = 0;
    char head[size_bytes] = {};
    if (file.begin == file.end || !read_at(file.handle.get(), head, size_bytes, file.begin)) return std::nullopt;
    std::memcpy(&size, head, size_bytes);
    if (size > file.end - file.begin - size_bytes) return std::nullopt;
    std::string request(static_cast<std::size_t>(size), '\0');
    const bool whole = read_at(file.handle.get(), request.data(), request.size(), file.begin + size_bytes);
    file.begin += size_bytes + size;
    bytes_ -= size_bytes + size;
    if (file.begin == file.end) {
        file.begin = file.end = 0;
        if (::ftruncate(file.handle.get(), 0) != 0) file.handle = {};  // another file takes its place
    }
    return whole ? std::optional(std::move(request)) : std::nullopt;
}

}  // namespace halp
