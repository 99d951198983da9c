// A wrapper that makes a Storage fail as disks do: full, read-only, locked by another process, broken, without
// power in the middle of an append. Without a fault it is transparent. Operations that are atomic stay atomic.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "overlay/environment.h"

namespace halp {

enum class StorageFault : std::uint8_t {
    none,
    full,       // writing fails; removing works; an append may leave a torn piece
    read_only,  // writing and removing fail
    busy,       // another process holds the lock: update fails
    broken,     // every operation fails: the disk is gone or the process is dead
};

// Asked before each change of a file.
class WriteWatcher {
public:
    virtual ~WriteWatcher() = default;
    // False: the process was killed, and the change does not happen.
    [[nodiscard]] virtual bool may_write() = 0;
};

class FaultyStorage final : public Storage {
public:
    static constexpr std::size_t for_ever = std::numeric_limits<std::size_t>::max();

    // An append survives a loss of power after this time. Without a clock it never does.
    static constexpr Duration durable_after = std::chrono::milliseconds{500};

    explicit FaultyStorage(Storage& inner, const Clock* clock = nullptr) : inner_(inner), clock_(clock) {}

    // Makes the next `operations` fail among those that the fault concerns.
    void fail(StorageFault fault, std::size_t operations = for_ever);
    // The first `bytes` bytes of an append that fails still reach the file.
    void tear_appends(std::size_t bytes) { torn_bytes_ = bytes; }

    void watch_writes(WriteWatcher* watcher) { watcher_ = watcher; }

    // Loss of power: cuts a random tail from what was appended within durable_after.
    void lose_power(Random& random);

    [[nodiscard]] std::size_t failures() const { return failures_; }
    [[nodiscard]] std::size_t replacements() const { return replacements_; }  // by replace and update
    [[nodiscard]] std::size_t appends() const { return appends_; }
    [[nodiscard]] std::size_t bytes_written() const { return bytes_written_; }

    [[nodiscard]] Result<std::string> read(const std::string& name) override;
    [[nodiscard]] Result<void> replace(const std::string& name, Bytes content) override;
    [[nodiscard]] Result<void> remove(const std::string& name) override;
    [[nodiscard]] Result<std::vector<std::string>> list() override;
    [[nodiscard]] Result<void> update(const std::string& name, Change& change) override;
    [[nodiscard]] Result<void> append(const std::string& name, Bytes bytes) override;

private:
    enum class Operation : std::uint8_t { read, write, update, append, remove };
    bool strikes(Operation operation);
    [[nodiscard]] Error error(const std::string& name) const;

    struct Tail {
        Instant appended;
        std::size_t bytes;
    };
    void forget_durable(std::vector<Tail>& tails) const;

    Storage& inner_;
    const Clock* clock_;
    WriteWatcher* watcher_ = nullptr;
    StorageFault fault_ = StorageFault::none;
    std::size_t left_ = 0;
    std::size_t torn_bytes_ = 0;
    std::map<std::string, std::vector<Tail>> recent_appends_;  // by file: appends that are not durable yet
    std::size_t failures_ = 0;
    std::size_t replacements_ = 0;
    std::size_t appends_ = 0;
    std::size_t bytes_written_ = 0;
};

}  // namespace halp
