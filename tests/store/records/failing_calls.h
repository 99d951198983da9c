// Makes system calls of this process fail on purpose. The functions in failing_calls.cc replace those of the C
// library, also for liblmdb.so, because the test program exports them.
#pragma once

#include <cstdint>
#include <string_view>

namespace halp::tests {

enum class SystemCall : std::uint8_t {
    open,
    pwrite,
    writev,
    write,
    fdatasync,
    fsync,
    mmap,
    mremap,
    msync,
    ftruncate,
    posix_fallocate,
    pread,
    read,
    fstat,
    fcntl,  // locks, too
    rename,
};
inline constexpr SystemCall system_calls[] = {
    SystemCall::open,      SystemCall::pwrite,          SystemCall::writev,
    SystemCall::write,     SystemCall::fsync,           SystemCall::fdatasync,
    SystemCall::mmap,      SystemCall::mremap,          SystemCall::msync,
    SystemCall::ftruncate, SystemCall::posix_fallocate, SystemCall::pread,
    SystemCall::read,      SystemCall::fstat,           SystemCall::fcntl,
    SystemCall::rename};
[[nodiscard]] std::string_view name(SystemCall call);

// While it exists, call number `first` of its kind (counted from 0) fails with `error`. With `lasting`, all later
// ones fail too. One object at a time; calls of other threads count as well.
class FailingCalls {
public:
    FailingCalls(SystemCall call, unsigned first, int error, bool lasting);
    ~FailingCalls();
    FailingCalls(const FailingCalls&) = delete;
    FailingCalls& operator=(const FailingCalls&) = delete;

    [[nodiscard]] bool failed_once() const;  // false: there were fewer calls
};

}  // namespace halp::tests
