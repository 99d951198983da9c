// All channels of a node by name, a page at a time, so that a client with a hundred thousand of them costs neither
// memory nor a long turn. Channels that come or go meanwhile may be told or not.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "overlay/dht/records/write_log.h"
#include "store/records/channel.h"

namespace halp {

class ChannelPages {
public:
    explicit ChannelPages(const WriteLog& records) : records_(records) {}

    // Null: there are no more. Valid until the next call.
    [[nodiscard]] const Channel* next() {
        if (at_ == page_.size()) {
            const std::optional<Channel> last = page_.empty() ? std::nullopt : std::optional{page_.back()};
            page_ = records_.store().channels(last, page_channels);
            at_ = 0;
        }
        return at_ == page_.size() ? nullptr : &page_[at_++];
    }

private:
    static constexpr std::size_t page_channels = 64;

    const WriteLog& records_;
    std::vector<Channel> page_;
    std::size_t at_ = 0;
};

}  // namespace halp
