// Without a daemon: the cache directory of the original tools, and HALP text to the servers that it lists. A thread
// announces again and looks at watched labels, so that no call of the application waits for a server that hangs,
// and an announcement goes on while the application does something else.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "overlay/libevent/file_storage.h"
#include "tools/halp/local_cache.h"
#include "tools/halp/server_round.h"
#include "tools/libhalp/backend.h"
#include "tools/libhalp/mailbox.h"
#include "tools/libhalp/poller.h"

namespace halp::lib {

struct CacheSettings {
    std::string directory;  // "": ~/.halp
    std::chrono::milliseconds timeout{10'000};
    // HALP text grants no time. Our nodes keep a claim for their ttl, five minutes in the profile `lan`.
    std::chrono::milliseconds announce_every{std::chrono::milliseconds{300'000} * 7 / 8};
    std::chrono::milliseconds poll_every{60'000};
};

// ~/.halp, or an error that says what is missing.
[[nodiscard]] Result<std::string> cache_directory_or_usual(const std::string& named);

class CacheBackend final : public Backend {
public:
    static constexpr std::size_t servers_told = 5;  // of an announcement, as the original's `bcast` did

    [[nodiscard]] static Result<std::unique_ptr<Backend>> open(CacheSettings settings, Poller& poller);
    ~CacheBackend() override;

    [[nodiscard]] int mode() const override;
    [[nodiscard]] Result<HostPage> lookup(const Label& label, const PageWanted& wanted) override;
    [[nodiscard]] Result<HostPage> labels(const Label& directory, const PageWanted& wanted) override;
    [[nodiscard]] Result<void> announce(Id id, const AnnouncementWanted& wanted) override;
    [[nodiscard]] Result<void> watch(Id id, const Label& label) override;
    [[nodiscard]] Result<void> cancel(Id id) override;
    [[nodiscard]] Result<void> confirm(const Label& label, const Endpoint& endpoint, bool worked) override;
    void step(const std::vector<std::uint64_t>& ready, std::vector<Update>& updates) override;

private:
    struct Task {
        Label label;
        std::optional<Endpoint> announced;  // nothing: a watch
        SteadyClock::time_point due{};
    };
    CacheBackend(CacheSettings settings, std::unique_ptr<FileStorage> storage,
                 std::unique_ptr<FileStorage> of_thread, std::unique_ptr<Mailbox> mailbox);
    void add(Id id, Task task);
    void work();
    void carry_out(Id id, const Task& task);
    [[nodiscard]] bool wanted(Id id);

    CacheSettings settings_;
    std::unique_ptr<FileStorage> storage_, storage_of_thread_;
    std::unique_ptr<Mailbox> mailbox_;
    std::set<Endpoint> failed_;  // reported; they are listed last

    std::mutex mutex_;  // of what follows
    std::condition_variable changed_;
    std::map<Id, Task> tasks_;
    bool ending_ = false;
    std::thread thread_;  // begins with the first task
};

}  // namespace halp::lib
