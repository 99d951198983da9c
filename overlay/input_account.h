// The bytes that the peers of one process have sent and that cannot be used up yet: frames and queries that are not
// whole, requests that wait for their turn. All nodes of a process share one account, whatever protocol they speak.
// When it is exceeded, the fullest source pays: of the address group that keeps the most, the address that keeps
// the most, and of that the connection that keeps the most. It is ended, and its bytes are freed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <utility>

#include "store/endpoint.h"

namespace halp {

enum class StreamId : std::uint64_t;

class InputHolder {
public:
    // Ends a connection of this holder, which then keeps nothing. Never called during a call of InputAccount::set.
    virtual void drop_input(StreamId stream) = 0;

protected:
    ~InputHolder() = default;
};

class InputAccount {
    struct Address;
    struct Group;

public:
    // What one connection keeps, beside the connection. It enters the account with the first byte that is kept, and
    // leaves it when it is destroyed. So a message that is whole at once costs nothing, and the next one that is
    // not costs no allocation.
    class Share {
    public:
        Share() = default;
        ~Share() { leave(); }
        Share(const Share&) = delete;
        Share& operator=(const Share&) = delete;

        void leave() {
            if (account_) account_->remove(*this);
        }

    private:
        friend class InputAccount;
        InputAccount* account_ = nullptr;
        InputHolder* holder_ = nullptr;
        StreamId stream_{};
        std::size_t bytes_ = 0;
        Address* address_ = nullptr;
        std::list<Share*>::iterator self_;
    };

    static constexpr std::size_t bytes_max_default = std::size_t{32} << 20;
    explicit InputAccount(std::size_t bytes_max = bytes_max_default);
    ~InputAccount();
    InputAccount(const InputAccount&) = delete;
    InputAccount& operator=(const InputAccount&) = delete;

    // A connection keeps so many bytes now. Holder, stream and source are those of the first call.
    void set(Share& share, InputHolder& holder, StreamId stream, const Endpoint& source, std::size_t bytes) {
        if (bytes == share.bytes_) return;
        if (!share.account_) enter(share, holder, stream, source);
        change(share, bytes);
    }
    // Ends connections until the account is within its maximum. For the end of a turn: bytes that have come within
    // it may exceed the maximum until then.
    void relieve() {
        if (bytes_ > bytes_max_) drop_fullest();
    }
    // Hears of each connection that was ended, and what it kept.
    void on_dropped(std::function<void(const Endpoint&, std::size_t)> call) { dropped_call_ = std::move(call); }

    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    [[nodiscard]] std::size_t bytes_max() const { return bytes_max_; }
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }                // connections
    [[nodiscard]] std::size_t take_peak() { return std::exchange(peak_, bytes_); }  // bytes, since the last call

private:
    void enter(Share& share, InputHolder& holder, StreamId stream, const Endpoint& source);
    void change(Share& share, std::size_t bytes);
    void remove(Share& share);
    [[nodiscard]] const Share& fullest() const;
    void drop_fullest();

    std::size_t bytes_max_;
    std::size_t bytes_ = 0, peak_ = 0;
    std::map<std::uint32_t, Group> groups_;
    std::uint64_t dropped_ = 0;
    bool relieving_ = false;
    std::function<void(const Endpoint&, std::size_t)> dropped_call_;
};

}  // namespace halp
