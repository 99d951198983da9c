// A Storage that is one directory of the file system, shared with other processes: other halp programs, and the
// original tools, which read label files at any moment.
//
// A file is always whole: it is written beside its place, synced and renamed into it. Writers take turns by a lock
// on the directory itself, so that no file appears that the original tools would take for a label.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/environment.h"
#include "store/result.h"

namespace halp {

// Closes a file descriptor at the end of its life.
class FileHandle {
public:
    FileHandle() = default;
    explicit FileHandle(int fd) : fd_(fd) {}
    FileHandle(FileHandle&& other) noexcept : fd_(other.give()) {}
    FileHandle& operator=(FileHandle&& other) noexcept;
    ~FileHandle();

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }
    int give();

private:
    int fd_ = -1;
};

enum class IfMissing { fail, create };

class FileStorage final : public Storage {
public:
    static constexpr std::size_t name_length_max = 255;
    static constexpr std::size_t file_bytes_max = std::size_t{256} << 20;
    static constexpr std::string_view temporary_prefix = ".halp-tmp-";

    // A missing directory is created for this user alone (0700), its parents too. Removes what writers that died
    // left behind.
    [[nodiscard]] static Result<std::unique_ptr<FileStorage>> open(const std::string& directory, IfMissing missing);

    [[nodiscard]] Result<std::string> read(const std::string& name) override;
    [[nodiscard]] Result<void> replace(const std::string& name, Bytes content) override;
    [[nodiscard]] Result<void> remove(const std::string& name) override;
    // Plain files, sorted by name.
    [[nodiscard]] Result<std::vector<std::string>> list() override;
    // Unchanged content is not written, nor an empty file where there is none. Waits for other writers up to two
    // seconds, then ErrorCode::busy.
    [[nodiscard]] Result<void> update(const std::string& name, Change& change) override;
    [[nodiscard]] Result<void> append(const std::string& name, Bytes bytes) override;

    [[nodiscard]] const std::string& directory() const { return path_; }

private:
    FileStorage(std::string path, FileHandle directory, IfMissing missing);

    Result<void> reopen_if_deleted();
    Result<FileHandle> lock();
    Result<FileHandle> begin_writing(const std::string& name);
    Result<void> write_whole(const std::string& name, Bytes content);
    void remove_leftovers();
    std::string path_of(const std::string& name) const { return path_ + "/" + name; }

    std::string path_;
    FileHandle directory_;
    IfMissing missing_;
};

// One running program per directory: holds a lock on its file `lock`, which names the process. Ends with the object
// or the process, however that dies.
class StateLock {
public:
    // ErrorCode::busy: "already running (pid 123) ...".
    [[nodiscard]] static Result<StateLock> acquire(const std::string& directory);

private:
    explicit StateLock(FileHandle file) : file_(std::move(file)) {}
    FileHandle file_;
};

}  // namespace halp
