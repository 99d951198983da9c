// Lets the writers of a directory take turns. Nothing here waits: an attempt succeeds at once or not at all.
//
// Every writer locks the directory itself; earlier versions of these programs lock nothing else. Whoever may read a
// directory may keep that lock. So in a directory that others can open, writers lock a file of their own, too,
// which nobody else can open. A lock on the directory that is kept for longer than any writer needs is passed over
// there.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "store/files/file_handle.h"
#include "store/result.h"
#include "store/time.h"

namespace halp {

class DirectoryLock {
public:
    static constexpr std::string_view file_name = ".halp-lock";  // no label has such a name
    static constexpr Duration respected = std::chrono::seconds{1};

    // The turn of one writer; it ends with the object.
    struct Turn {
        FileHandle file, directory;
    };
    // ErrorCode::busy: another writer has its turn. `directory` is open.
    [[nodiscard]] Result<Turn> attempt(int directory, const std::string& path);

    // How many turns were taken although the directory was locked.
    [[nodiscard]] std::uint64_t passed_over() const { return passed_over_; }
    // Is told a sentence each time.
    void on_passed_over(std::function<void(const std::string&)> say) { say_ = std::move(say); }

private:
    [[nodiscard]] bool kept_too_long();

    std::optional<std::int64_t> refused_since_ms_;  // monotonic: since when the directory is locked by another
    std::int64_t last_refused_ms_ = 0;
    std::uint64_t passed_over_ = 0;
    std::function<void(const std::string&)> say_;
};

}  // namespace halp
