#include "tools/bench/disk_sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>

namespace halp::bench {
namespace {

constexpr std::size_t page = 4096, pages = 256;

bool write_page(int fd, const std::string& bytes, std::size_t at) {
    return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at * page)) ==
           static_cast<ssize_t>(bytes.size());
}

}  // namespace

SyncProbe::SyncProbe(const std::string& path)
    : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)), bytes_(page, 'x') {
    if (!file_) return;
    ::unlink(path.c_str());
    well_ = true;
    for (std::size_t i = 0; well_ && i < pages; ++i) well_ = write_page(file_.get(), bytes_, i);
    well_ = well_ && ::fsync(file_.get()) == 0;
}

std::optional<double> SyncProbe::once() {
    if (!well_) return std::nullopt;
    const std::size_t i = count_++;
    bytes_[i % page] = static_cast<char>('a' + i % 26);
    const auto began = std::chrono::steady_clock::now();
    well_ = write_page(file_.get(), bytes_, i % pages) && ::fdatasync(file_.get()) == 0;
    if (!well_) return std::nullopt;
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace halp::bench
