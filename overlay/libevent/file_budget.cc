#include "overlay/libevent/file_budget.h"

#include <sys/resource.h>

#include <algorithm>
#include <cassert>
#include <numeric>

namespace halp {
namespace {

constexpr std::size_t files_kept = 32;  // for everything that is no connection
constexpr std::size_t unknown_limit = 1024;
constexpr rlim_t limit_max = 1U << 20;

std::size_t count_of(const rlimit& limit) {
    return static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, limit_max));
}

}  // namespace

FileBudget::FileBudget(std::size_t limit) { set_limit(limit); }

std::size_t FileBudget::allowed() {
    rlimit limit{};
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? count_of(limit) : unknown_limit;
}

std::size_t FileBudget::raise() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return unknown_limit;
    if (limit.rlim_cur < limit.rlim_max) {
        const rlimit wanted{limit.rlim_max, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &wanted) == 0) limit = wanted;
    }
    return count_of(limit);
}

void FileBudget::set_limit(std::size_t limit) {
    limit_ = limit;
    shared_ = limit - std::min(files_kept, limit / 2);
}

std::size_t FileBudget::lend(std::size_t files) {
    const std::size_t lent = std::min(files, shared_ - std::min(used_, shared_));
    shared_ -= lent;
    return lent;
}

void FileBudget::guarantee(FileUse use, std::size_t eighths) {
    of(use).eighths = eighths;
    assert(std::accumulate(accounts_.begin(), accounts_.end(), std::size_t{0},
                           [](std::size_t sum, const Account& each) { return sum + each.eighths; }) <= 8);
}

std::size_t FileBudget::available(FileUse use) const {
    std::size_t spoken_for = used_;
    for (const Account& other : accounts_)
        if (&other != &of(use)) spoken_for += std::max(guaranteed(other), other.used) - other.used;
    return shared_ > spoken_for ? shared_ - spoken_for : 0;
}

std::size_t FileBudget::most(FileUse use) const {
    std::size_t most = shared_;
    for (const Account& other : accounts_)
        if (&other != &of(use)) most -= guaranteed(other);
    return most;
}

bool FileBudget::take(FileUse use) {
    if (available(use) == 0) {
        system_refused(use);
        return false;
    }
    ++of(use).used;
    ++used_;
    return true;
}

void FileBudget::give_back(FileUse use) {
    assert(of(use).used > 0 && used_ > 0);
    --of(use).used;
    --used_;
}

void FileBudget::system_refused(FileUse use) {
    ++of(use).refused;
    if (refused_call_) refused_call_(use);
}

}  // namespace halp
