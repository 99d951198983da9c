#include "overlay/dht/libevent/struct_files.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "store/files/file_error.h"
#include "store/files/named_file.h"
#include "store/files/new_file.h"

namespace halp {
namespace {

constexpr std::size_t number_bytes = sizeof(std::uint64_t), piece_bytes = std::size_t{1} << 20;

void add_number(std::string& to, std::uint64_t number) {
    for (std::size_t i = 0; i < number_bytes; ++i) to += static_cast<char>(number >> (8 * i) & 0xff);
}

// Numbers and values from the front of a file.
class RecordFileReader {
public:
    RecordFileReader(const std::string& path, const NamedFile& file)
        : path_(path), file_(file), left_(file.bytes) {}

    Result<std::uint64_t> number() {
        std::string bytes;
        if (auto read = take(number_bytes, bytes); !read) return read.error();
        std::uint64_t found = 0;
        for (std::size_t i = 0; i < number_bytes; ++i)
            found |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
        return found;
    }
    Result<void> take(std::uint64_t bytes, std::string& found) {
        if (bytes > left_) return Error{ErrorCode::invalid, path_ + " ends in the middle of a record"};
        found.resize(static_cast<std::size_t>(bytes));
        left_ -= bytes;
        for (std::size_t have = 0; have < found.size();) {
            if (at_ == buffer_.size())
                if (auto more = fill(); !more) return more;
            const std::size_t some = std::min(found.size() - have, buffer_.size() - at_);
            std::memcpy(found.data() + have, buffer_.data() + at_, some);
            have += some;
            at_ += some;
        }
        return {};
    }
    [[nodiscard]] std::uint64_t left() const { return left_; }

private:
    Result<void> fill() {
        buffer_.resize(piece_bytes);
        ssize_t got = 0;
        do got = ::read(file_.handle.get(), buffer_.data(), buffer_.size());
        while (got < 0 && errno == EINTR);
        if (got < 0) return file_error("read", path_, errno);
        buffer_.resize(static_cast<std::size_t>(got));
        at_ = 0;
        if (got == 0) return Error{ErrorCode::invalid, path_ + " became shorter while it was read"};
        return {};
    }

    const std::string& path_;
    const NamedFile& file_;
    std::uint64_t left_;
    std::string buffer_;
    std::size_t at_ = 0;
};

}  // namespace

Result<void> write_record_file(const std::string& path, std::uint64_t count, const NextRecord& next) {
    auto file = NewFile::make(path);
    if (!file) return file.error();
    std::string buffer, value;
    add_number(buffer, count);
    for (; count > 0; --count) {
        Key key{};
        next(key, value);
        add_number(buffer, value_of(key));
        add_number(buffer, value.size());
        buffer += value;
        if (buffer.size() < piece_bytes) continue;
        if (auto written = file->write(buffer); !written) return written;
        buffer.clear();
    }
    if (auto written = file->write(buffer); !written) return written;
    return file->finish(0640);
}

Result<void> read_record_file(const std::string& path, const EachRecord& each) {
    const auto file = open_named_file(path, Pipes::refused);
    if (!file) return Error{file.error().code, path + " " + file.error().message};
    RecordFileReader reader(path, *file);
    auto count = reader.number();
    if (!count) return count.error();
    std::string value;
    for (std::uint64_t left = *count; left > 0; --left) {
        const auto key = reader.number();
        if (!key) return key.error();
        const auto bytes = reader.number();
        if (!bytes) return bytes.error();
        if (auto taken = reader.take(*bytes, value); !taken) return taken;
        if (auto told = each(Key{*key}, value); !told) return told;
    }
    if (reader.left() > 0) return Error{ErrorCode::invalid, path + " goes on behind its last record"};
    return {};
}

// ---- in a child process ----

StructDump::~StructDump() { reap(true); }

Result<bool> StructDump::begin_child(const std::string& path, const std::function<bool()>& write) {
    if (running()) return false;
    path_ = path;
    failed_ = false;
    child_ = ::fork();
    if (child_ < 0) return Error{ErrorCode::io, std::string{"no process for a dump: "} + std::strerror(errno)};
    if (child_ == 0) ::_exit(write() ? 0 : 1);  // without the destructors and buffers of the parent
    return true;
}

void StructDump::reap(bool block) {
    if (child_ <= 0) return;
    int status = 0;
    pid_t ended = 0;
    do ended = ::waitpid(child_, &status, block ? 0 : WNOHANG);
    while (ended < 0 && errno == EINTR);
    if (ended == 0) return;
    failed_ = ended != child_ || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    child_ = -1;
}

bool StructDump::running() {
    reap(false);
    return child_ > 0;
}

Result<void> StructDump::wait() {
    reap(true);
    if (!failed_) return {};
    return Error{ErrorCode::io, path_ + " was not written"};
}

}  // namespace halp
