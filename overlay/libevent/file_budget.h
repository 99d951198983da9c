// The open files that this process may have (RLIMIT_NOFILE), shared out among its connections. Everything that
// accepts or dials draws on one budget, so no port takes the files that another one needs: each use has a number of
// files that the others leave to it, and the rest goes to whoever comes first. A part of the limit is not in the
// budget. It is for files, the record store, name servers and libevent.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "overlay/libevent/limits.h"

namespace halp {

class FileBudget {
public:
    // `limit`: how many files the process may have open.
    explicit FileBudget(std::size_t limit = allowed());
    // Of what another budget has lent, for another thread.
    struct Part {
        std::size_t files;
    };
    explicit FileBudget(Part part) : limit_(part.files), shared_(part.files) {}
    FileBudget(const FileBudget&) = delete;
    FileBudget& operator=(const FileBudget&) = delete;

    // The limit of this process, and the same after it was raised to what is allowed.
    [[nodiscard]] static std::size_t allowed();
    [[nodiscard]] static std::size_t raise();
    void set_limit(std::size_t limit);

    // This budget has so many files less from now on, but not less than it has given out. Returns how many they
    // are.
    [[nodiscard]] std::size_t lend(std::size_t files);

    // So many eighths of the budget are left to this use.
    void guarantee(FileUse use, std::size_t eighths);

    // False is counted and told to on_refused(); then the caller must not keep a file for this use.
    [[nodiscard]] bool take(FileUse use);
    void give_back(FileUse use);
    // The system had no descriptor (EMFILE, ENFILE), though the budget may have had one.
    void system_refused(FileUse use);
    void on_refused(std::function<void(FileUse)> call) { refused_call_ = std::move(call); }

    // How many files the use could take now.
    [[nodiscard]] std::size_t available(FileUse use) const;
    // How many it could have if nobody had any.
    [[nodiscard]] std::size_t most(FileUse use) const;
    [[nodiscard]] std::size_t limit() const { return limit_; }
    [[nodiscard]] std::size_t used(FileUse use) const { return of(use).used; }
    [[nodiscard]] std::uint64_t refused(FileUse use) const { return of(use).refused; }

private:
    struct Account {
        std::size_t eighths = 0;
        std::size_t used = 0;
        std::uint64_t refused = 0;
    };
    [[nodiscard]] const Account& of(FileUse use) const { return accounts_[static_cast<std::size_t>(use)]; }
    [[nodiscard]] Account& of(FileUse use) { return accounts_[static_cast<std::size_t>(use)]; }
    [[nodiscard]] std::size_t guaranteed(const Account& account) const { return shared_ * account.eighths / 8; }

    std::size_t limit_ = 0;
    std::size_t shared_ = 0;  // the part of the limit that is shared out
    std::size_t used_ = 0;
    std::array<Account, file_uses> accounts_{};
    std::function<void(FileUse)> refused_call_;
};

}  // namespace halp
