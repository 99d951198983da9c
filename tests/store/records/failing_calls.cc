#include "tests/store/records/failing_calls.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace halp::tests {
namespace {

std::atomic<bool> armed{false};
std::atomic<unsigned> calls{0}, failures{0};
SystemCall failing{};
unsigned first_failing = 0;
int error_given = 0;
bool failing_on = false;

}  // namespace

// Returns true and sets errno when this call must fail.
bool fails(SystemCall call) {
    if (!armed || call != failing) return false;
    const unsigned number = calls++;
    if (failing_on ? number < first_failing : number != first_failing) return false;
    ++failures;
    errno = error_given;
    return true;
}

// The function of this name in the next library.
template <class Function>
Function behind(const char* symbol) {
    void* found = dlsym(RTLD_NEXT, symbol);
    if (found == nullptr) std::abort();
    return reinterpret_cast<Function>(found);
}

std::string_view name(SystemCall call) {
    switch (call) {
        case SystemCall::open:
            return "open";
        case SystemCall::pwrite:
            return "pwrite";
        case SystemCall::writev:
            return "writev";
        case SystemCall::write:
            return "write";
        case SystemCall::fdatasync:
            return "fdatasync";
        case SystemCall::fsync:
            return "fsync";
        case SystemCall::mmap:
            return "mmap";
        case SystemCall::mremap:
            return "mremap";
        case SystemCall::msync:
            return "msync";
        case SystemCall::posix_fallocate:
            return "posix_fallocate";
        case SystemCall::read:
            return "read";
        case SystemCall::fstat:
            return "fstat";
        case SystemCall::fcntl:
            return "fcntl";
        case SystemCall::rename:
            return "rename";
        case SystemCall::ftruncate:
            return "ftruncate";
        case SystemCall::pread:
            return "pread";
    }
    return "?";
}

FailingCalls::FailingCalls(SystemCall call, unsigned first, int error, bool lasting) {
    failing = call;
    first_failing = first;
    error_given = error;
    failing_on = lasting;
    calls = 0;
    failures = 0;
    armed = true;
}

FailingCalls::~FailingCalls() { armed = false; }

bool FailingCalls::failed_once() const { return failures > 0; }

}  // namespace halp::tests

using halp::tests::behind;
using halp::tests::fails;
using halp::tests::SystemCall;

// With the names of the C library, so that the calls of other libraries arrive here.
extern "C" {

__attribute__((visibility("default"))) int open(const char* path, int flags, ...) {
    if (fails(SystemCall::open)) return -1;
    va_list more;
    va_start(more, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    static const auto real = behind<int (*)(const char*, int, ...)>("open");
    return real(path, flags, mode);
}

__attribute__((visibility("default"))) ssize_t pwrite(int file, const void* bytes, size_t count, off_t at) {
    if (fails(SystemCall::pwrite)) return -1;
    static const auto real = behind<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
    return real(file, bytes, count, at);
}

__attribute__((visibility("default"))) ssize_t writev(int file, const iovec* pieces, int count) {
    if (fails(SystemCall::writev)) return -1;
    static const auto real = behind<ssize_t (*)(int, const iovec*, int)>("writev");
    return real(file, pieces, count);
}

__attribute__((visibility("default"))) ssize_t write(int file, const void* bytes, size_t count) {
    if (fails(SystemCall::write)) return -1;
    static const auto real = behind<ssize_t (*)(int, const void*, size_t)>("write");
    return real(file, bytes, count);
}

__attribute__((visibility("default"))) int fdatasync(int file) {
    if (fails(SystemCall::fdatasync)) return -1;
    static const auto real = behind<int (*)(int)>("fdatasync");
    return real(file);
}

__attribute__((visibility("default"))) void* mmap(void* at, size_t bytes, int protection, int flags, int file,
                                                  off_t offset) {
    // The allocator maps memory without a file and is not under test.
    if (file >= 0 && fails(SystemCall::mmap)) return MAP_FAILED;
    static const auto real = behind<void* (*)(void*, size_t, int, int, int, off_t)>("mmap");
    return real(at, bytes, protection, flags, file, offset);
}

__attribute__((visibility("default"))) int ftruncate(int file, off_t size) noexcept {
    if (fails(SystemCall::ftruncate)) return -1;
    static const auto real = behind<int (*)(int, off_t)>("ftruncate");
    return real(file, size);
}

__attribute__((visibility("default"))) ssize_t pread(int file, void* bytes, size_t count, off_t at) {
    if (fails(SystemCall::pread)) return -1;
    static const auto real = behind<ssize_t (*)(int, void*, size_t, off_t)>("pread");
    return real(file, bytes, count, at);
}

__attribute__((visibility("default"))) int fsync(int file) {
    if (fails(SystemCall::fsync)) return -1;
    static const auto real = behind<int (*)(int)>("fsync");
    return real(file);
}

__attribute__((visibility("default"))) void* mremap(void* at, size_t old_bytes, size_t bytes, int flags,
                                                    ...) noexcept {
    if (fails(SystemCall::mremap)) return MAP_FAILED;
    va_list more;
    va_start(more, flags);
    void* wanted = (flags & MREMAP_FIXED) != 0 ? va_arg(more, void*) : nullptr;
    va_end(more);
    static const auto real = behind<void* (*)(void*, size_t, size_t, int, ...)>("mremap");
    return real(at, old_bytes, bytes, flags, wanted);
}

__attribute__((visibility("default"))) int msync(void* at, size_t bytes, int flags) {
    if (fails(SystemCall::msync)) return -1;
    static const auto real = behind<int (*)(void*, size_t, int)>("msync");
    return real(at, bytes, flags);
}

__attribute__((visibility("default"))) int posix_fallocate(int file, off_t at, off_t bytes) {
    if (fails(SystemCall::posix_fallocate)) return errno;
    static const auto real = behind<int (*)(int, off_t, off_t)>("posix_fallocate");
    return real(file, at, bytes);
}

__attribute__((visibility("default"))) ssize_t read(int file, void* bytes, size_t count) {
    if (fails(SystemCall::read)) return -1;
    static const auto real = behind<ssize_t (*)(int, void*, size_t)>("read");
    return real(file, bytes, count);
}

__attribute__((visibility("default"))) int fstat(int file, struct stat* found) noexcept {
    if (fails(SystemCall::fstat)) return -1;
    static const auto real = behind<int (*)(int, struct stat*)>("fstat");
    return real(file, found);
}

__attribute__((visibility("default"))) int fcntl(int file, int command, ...) {
    if (fails(SystemCall::fcntl)) return -1;
    va_list more;
    va_start(more, command);
    void* argument = va_arg(more, void*);  // an int or a pointer, in a register of this size
    va_end(more);
    static const auto real = behind<int (*)(int, int, ...)>("fcntl");
    return real(file, command, argument);
}

__attribute__((visibility("default"))) int rename(const char* from, const char* to) noexcept {
    if (fails(SystemCall::rename)) return -1;
    static const auto real = behind<int (*)(const char*, const char*)>("rename");
    return real(from, to);
}

}  // extern "C"
