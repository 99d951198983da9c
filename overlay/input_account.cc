#include "overlay/input_account.h"

#include <algorithm>
#include <cassert>
#include <string>

namespace halp {

struct InputAccount::Address {
    Endpoint endpoint;  // of its first connection here
    Group* group = nullptr;
    std::size_t bytes = 0;
    std::list<Share*> shares;
};

struct InputAccount::Group {
    std::uint32_t number = 0;
    std::size_t bytes = 0;
    std::map<std::string, Address> addresses;  // by host
};

InputAccount::InputAccount(std::size_t bytes_max) : bytes_max_(bytes_max) {}
InputAccount::~InputAccount() { assert(groups_.empty()); }

void InputAccount::enter(Share& share, InputHolder& holder, StreamId stream, const Endpoint& source) {
    Group& group = groups_[source.group()];
    group.number = source.group();
    const auto [entry, added] = group.addresses.try_emplace(source.host);
    Address& address = entry->second;
    if (added) address.endpoint = source;
    address.group = &group;
    share.account_ = this;
    share.holder_ = &holder;
    share.stream_ = stream;
    share.address_ = &address;
    share.self_ = address.shares.insert(address.shares.end(), &share);
}

void InputAccount::change(Share& share, std::size_t bytes) {
    const std::size_t more = bytes - share.bytes_;  // modulo 2^64
    share.bytes_ = bytes;
    share.address_->bytes += more;
    share.address_->group->bytes += more;
    bytes_ += more;
    peak_ = std::max(peak_, bytes_);
}

void InputAccount::remove(Share& share) {
    change(share, 0);
    Address& address = *std::exchange(share.address_, nullptr);
    Group& group = *address.group;
    address.shares.erase(share.self_);
    share.account_ = nullptr;
    if (address.shares.empty()) group.addresses.erase(std::string(address.endpoint.host));
    if (group.addresses.empty()) groups_.erase(std::uint32_t{group.number});
}

// Looks at all groups, at the addresses of one and at the connections of one. Each look ends a connection, so who
// fills the account pays for it with connections, of which there is a limit.
const InputAccount::Share& InputAccount::fullest() const {
    const auto bytes = [](const auto& entry) { return entry.second.bytes; };
    const Group& group = std::ranges::max_element(groups_, {}, bytes)->second;
    const Address& address = std::ranges::max_element(group.addresses, {}, bytes)->second;
    return **std::ranges::max_element(address.shares, {}, [](const Share* share) { return share->bytes_; });
}

void InputAccount::drop_fullest() {
    if (std::exchange(relieving_, true)) return;
    std::size_t before = bytes_ + 1;
    // A holder that had to keep its bytes is asked again at the end of the next turn.
    while (bytes_ > bytes_max_ && bytes_ < before) {
        before = bytes_;
        const Share& most = fullest();
        const std::size_t kept = most.bytes_;
        const Endpoint source = most.address_->endpoint;
        ++dropped_;
        most.holder_->drop_input(most.stream_);
        if (dropped_call_) dropped_call_(source, kept);
    }
    relieving_ = false;
}

}  // namespace halp
