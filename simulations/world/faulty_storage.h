// A wrapper that makes a Storage fail as disks do: full, read-only, locked by another process, broken, switched
// off in the middle of an append. Without a fault it is transparent. What is promised atomic stays atomic.
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
    full,       // nothing more can be written; removing works; an append may leave a torn piece
    read_only,  // neither written nor removed
    busy,       // update finds the lock held by another process
    broken,     // everything fails, reading too: the disk is gone or the process is dead
};

class FaultyStorage final : public Storage {
public:
    static constexpr std::size_t for_ever = std::numeric_limits<std::size_t>::max();

    // How long an append may take to be safe from a loss of power; without a clock it never is.
    static constexpr Duration settles_after = std::chrono::milliseconds{500};

    explicit FaultyStorage(Storage& inner, const Clock* clock = nullptr) : inner_(inner), clock_(clock) {}

    // The next `operations` that this fault can hit fail.
    void fail(StorageFault fault, std::size_t operations = for_ever);
    // How many bytes of a refused append reach the file all the same, at most.
    void tear_appends(std::size_t bytes) { torn_bytes_ = bytes; }

    // The machine loses its power: of what was appended lately any tail may be missing.
    void lose_power(Random& random);

    [[nodiscard]] std::size_t failures() const { return failures_; }
    [[nodiscard]] std::size_t replacements() const { return replacements_; }  // replace and update
    [[nodiscard]] std::size_t appends() const { return appends_; }
    [[nodiscard]] std::size_t bytes_written() const { return bytes_written_; }

    [[nodiscard]] Result<std::string> read(const std::string& name) override;
    [[nodiscard]] Result<void> replace(const std::string& name, Bytes content) override;
    [[nodiscard]] Result<void> remove(const std::string& name) override;
    [[nodiscard]] Result<std::vector<std::string>> list() override;
    [[nodiscard]] Result<void> update(const std::string& name, Change& change) override;
    [[nodiscard]] Result<void> append(const std::string& name, Bytes bytes) override;

private:
    enum class Operation : std::uint8_t { look, write, update, append, remove };
    bool strikes(Operation operation);
    [[nodiscard]] Error error(const std::string& name) const;

    struct Tail {
        Instant appended;
        std::size_t bytes;
    };
    void forget_settled(std::vector<Tail>& tails) const;

    Storage& inner_;
    const Clock* clock_;
    StorageFault fault_ = StorageFault::none;
    std::size_t left_ = 0;
    std::size_t torn_bytes_ = 0;
    std::map<std::string, std::vector<Tail>> unsettled_;  // the latest appends to each file
    std::size_t failures_ = 0;
    std::size_t replacements_ = 0;
    std::size_t appends_ = 0;
    std::size_t bytes_written_ = 0;
};

}  // namespace halp
