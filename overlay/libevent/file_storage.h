// A Storage in one directory of the file system, shared with other processes: other halp programs, and the original
// tools, which read label files at any moment.
//
// A file is whole at every moment: new content goes to a temporary file, is synced and renamed. Writers take turns
// (overlay/libevent/directory_lock.h). Links are no files of the directory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/environment.h"
#include "overlay/libevent/directory_lock.h"
#include "store/files/file_access.h"
#include "store/files/file_handle.h"
#include "store/result.h"

namespace halp {

enum class IfMissing { fail, create };

class FileStorage final : public Storage {
public:
    static constexpr std::size_t name_length_max = 255;
    static constexpr std::size_t file_bytes_max = std::size_t{256} << 20;
    static constexpr std::string_view temporary_prefix = ".halp-tmp-";

    // A missing directory is created for this user alone (0700), and so are its parents. Removes temporary files of
    // writers that died.
    [[nodiscard]] static Result<std::unique_ptr<FileStorage>> open(const std::string& directory, IfMissing missing);

    [[nodiscard]] Result<std::string> read(const std::string& name) override;
    [[nodiscard]] Result<void> replace(const std::string& name, Bytes content) override;
    [[nodiscard]] Result<void> remove(const std::string& name) override;
    // Plain files, sorted by name.
    [[nodiscard]] Result<std::vector<std::string>> list() override;
    // Unchanged content is not written, and an empty file is not created.
    [[nodiscard]] Result<void> update(const std::string& name, Change& change) override;
    [[nodiscard]] Result<void> append(const std::string& name, Bytes bytes) override;

    // A change fails with ErrorCode::busy while another writer has its turn. A program without an event loop may
    // wait for that.
    void wait_for_writers(Duration most) { patience_ = most; }

    // Changes that failed because of another writer, and changes while the directory was locked by a program that
    // is none.
    struct LockCounts {
        std::uint64_t put_off = 0, passed_over = 0;
    };
    [[nodiscard]] LockCounts locks() const { return {put_off_, lock_.passed_over()}; }
    void on_lock_passed_over(std::function<void(const std::string&)> say) { lock_.on_passed_over(std::move(say)); }

    [[nodiscard]] const std::string& directory() const { return path_; }
    [[nodiscard]] FileAccess access() const;  // of the directory

private:
    FileStorage(std::string path, FileHandle directory, IfMissing missing);

    Result<void> reopen_if_deleted();
    Result<DirectoryLock::Turn> lock();
    Result<DirectoryLock::Turn> begin_writing(const std::string& name);
    Result<void> write_whole(const std::string& name, Bytes content);
    void remove_leftovers();
    std::string path_of(const std::string& name) const { return path_ + "/" + name; }

    std::string path_;
    FileHandle directory_;
    IfMissing missing_;
    DirectoryLock lock_;
    Duration patience_{0};
    std::uint64_t put_off_ = 0;
    bool leftovers_removed_ = false;
};

// Allows one running program per directory: holds a lock on the file `lock` there, which names the process. The
// lock ends with the object or with the process, however that dies.
class StateLock {
public:
    // How long to wait for a holder that is about to end. One that was told to end may take a moment to say so.
    struct Patience {
        Duration leaving{0};                            // for a holder that says that it is leaving
        Duration unsaid{0};                             // for one that does not say so
        std::function<void(const std::string&)> say{};  // called once, when a wait begins
    };
    // Fails with ErrorCode::busy and "already running (pid 123) ..." when another program holds the lock.
    [[nodiscard]] static Result<StateLock> acquire(const std::string& directory);
    [[nodiscard]] static Result<StateLock> acquire(const std::string& directory, const Patience& patience);

    // Says in the file that this process is about to end, so that its successor waits for it.
    [[nodiscard]] Result<void> state_leaving() const;

private:
    StateLock(FileHandle file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
    FileHandle file_;
    std::string path_;
};

}  // namespace halp
