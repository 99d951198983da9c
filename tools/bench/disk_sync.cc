#include "tools/bench/disk_sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>

#include "store/files/file_handle.h"

namespace halp::bench {
namespace {

constexpr std::size_t page = 4096, pages = 256;

bool write_page(int fd, const std::string& bytes, std::size_t at) {
    return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at * page)) ==
           static_cast<ssize_t>(bytes.size());
}

}  // namespace

std::vector<double> syncs_alone(const std::string& path, std::size_t count) {
    const FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return {};
    ::unlink(path.c_str());
    std::string bytes(page, 'x');
    bool well = true;
    for (std::size_t i = 0; well && i < pages; ++i) well = write_page(file.get(), bytes, i);
    well = well && ::fsync(file.get()) == 0;
    std::vector<double> took_us;
    for (std::size_t i = 0; well && i < count; ++i) {
        bytes[i % page] = static_cast<char>('a' + i % 26);
        const auto began = std::chrono::steady_clock::now();
        well = write_page(file.get(), bytes, i % pages) && ::fdatasync(file.get()) == 0;
        took_us.push_back(
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - began).count());
    }
    return well ? took_us : std::vector<double>{};
}

}  // namespace halp::bench
