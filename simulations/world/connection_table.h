// The connections of a virtual network in stable slots. An id names one end of a connection and carries its slot,
// so that finding a connection is one array access and no hashing. The connection's serial number is the generation
// of the slot: an id whose connection has ended finds nothing, also when its slot is used again.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace halp {

// One end of a connection in 64 bits: | serial (39) | slot (24) | side (1) |. Ids grow with the serial number, so
// that their order is the order in which connections were made.
class EndId {
public:
    static constexpr unsigned slot_bits = 24;
    static constexpr std::uint32_t no_slot = (std::uint32_t{1} << slot_bits) - 1;

    constexpr explicit EndId(std::uint64_t word) : word_(word) {}
    constexpr EndId(std::uint64_t serial, std::uint32_t slot, unsigned side)
        : word_(serial << (slot_bits + 1) | std::uint64_t{slot} << 1 | side) {}

    [[nodiscard]] constexpr std::uint64_t word() const { return word_; }
    [[nodiscard]] constexpr std::uint64_t serial() const { return word_ >> (slot_bits + 1); }
    [[nodiscard]] constexpr std::uint32_t slot() const { return static_cast<std::uint32_t>(word_ >> 1) & no_slot; }
    [[nodiscard]] constexpr unsigned side() const { return static_cast<unsigned>(word_ & 1U); }
    [[nodiscard]] constexpr EndId other() const { return EndId{word_ ^ 1U}; }
    // The same whatever slot was free: what digests mix.
    [[nodiscard]] constexpr std::uint64_t without_slot() const { return serial() << 1 | side(); }
    bool operator==(const EndId&) const = default;

private:
    std::uint64_t word_;
};

// `Connection` has a member `std::uint64_t serial`, 0 in a free slot, and clear(), after which it is as a new one.
// Its address stays until erase().
template <class Connection>
class ConnectionTable {
public:
    // A fresh connection; returns the id of its side 0.
    EndId insert() {
        if (free_.empty()) {
            assert(slots_.size() < EndId::no_slot && "more connections at once than ids can name");
            free_.push_back(static_cast<std::uint32_t>(slots_.size()));
            slots_.emplace_back();
        }
        const std::uint32_t slot = free_.back();
        free_.pop_back();
        slots_[slot].serial = next_serial_;
        return {next_serial_++, slot, 0};
    }
    // An id that never finds a connection, for an attempt that leads nowhere.
    EndId insert_nothing() { return {next_serial_++, EndId::no_slot, 0}; }

    // Null when the connection has ended.
    [[nodiscard]] Connection* find(EndId id) {
        if (id.slot() >= slots_.size()) return nullptr;
        Connection& found = slots_[id.slot()];
        return found.serial == id.serial() ? &found : nullptr;
    }
    void erase(EndId id) {
        assert(find(id));
        slots_[id.slot()].clear();
        free_.push_back(id.slot());
    }
    [[nodiscard]] std::size_t size() const { return slots_.size() - free_.size(); }

private:
    std::deque<Connection> slots_;
    std::vector<std::uint32_t> free_;  // the one used last is on top
    std::uint64_t next_serial_ = 1;
};

}  // namespace halp
