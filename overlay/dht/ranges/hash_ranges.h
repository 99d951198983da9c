// The hash range of this node, and the listeners that are told when it or the range of another node changes.
#pragma once

#include <vector>

#include "overlay/dht/wire/neo_codec.h"
#include "store/records/hash_range.h"

namespace halp {

class HashRangeListener {
public:
    virtual ~HashRangeListener() = default;
    virtual void on_hash_range_news(const neo::HashRangeNews& news) = 0;
};

class HashRanges {
public:
    explicit HashRanges(const HashRange& own) : own_(own) {}

    [[nodiscard]] const HashRange& own() const { return own_; }
    void set_own(const HashRange& range) {
        own_ = range;
        tell({neo::HashRangeCode::change_hash_range, {}, 0, {range.min(), range.max()}});
    }
    // Passes `news` on to every listener, for example NewNode when another node took over records.
    void tell(const neo::HashRangeNews& news) {
        for (HashRangeListener* listener : listeners_) listener->on_hash_range_news(news);
    }

    void listen(HashRangeListener& listener) { listeners_.push_back(&listener); }
    void unlisten(HashRangeListener& listener) { std::erase(listeners_, &listener); }

private:
    HashRange own_;
    std::vector<HashRangeListener*> listeners_;
};

}  // namespace halp
