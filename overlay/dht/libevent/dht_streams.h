// Long answers item by item, for range-based loops: the records of a channel, or the names of the channels.
//
//     auto records = dht.records("users");
//     for (const DhtRecord& record : records) {
//         use(record.key, record.value);
//         if (enough) break;                          // the nodes are told when `records` goes
//     }
//     if (records.error()) ...                        // not all nodes could answer: what came is not all
//
// The event loop runs only while the loop waits for the next item. Nodes send no more than the connection holds to
// a program that takes long with one item. The loop's body may use the client for other requests.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "overlay/dht/client/range_cover.h"
#include "store/records/key.h"
#include "store/result.h"

namespace halp {

class BlockingDhtClient;

struct DhtRecord {
    Key key{};
    std::string value;  // empty in a GetAll of keys only
};

template <class Item>
class DhtStream {
public:
    // The implementation, made by BlockingDhtClient, which must outlive it.
    class Source {
    public:
        virtual ~Source() = default;  // the destructor tells the nodes to stop
        [[nodiscard]] virtual const Item* next() = 0;
        [[nodiscard]] virtual const std::optional<Error>& error() const = 0;
        [[nodiscard]] virtual const dht::RangeCover& cover() const = 0;
    };
    explicit DhtStream(std::unique_ptr<Source> source) : source_(std::move(source)) {}

    // The next item, valid until the next call; nullptr at the end and after the time-out.
    [[nodiscard]] const Item* next() { return source_->next(); }
    // Why the items are incomplete. A lost node is waited for and is no error by itself.
    [[nodiscard]] const std::optional<Error>& error() const { return source_->error(); }
    // After the last item: for which keys nobody has answered, and for which more than one node has, so that their
    // records came more than once. Empty after a loop that was left.
    [[nodiscard]] const dht::RangeCover& cover() const { return source_->cover(); }

    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Item;
        using difference_type = std::ptrdiff_t;
        using pointer = const Item*;
        using reference = const Item&;

        explicit Iterator(DhtStream& stream) : stream_(&stream), item_(stream.next()) {}
        reference operator*() const { return *item_; }
        pointer operator->() const { return item_; }
        Iterator& operator++() {
            item_ = stream_->next();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const { return item_ == nullptr; }

    private:
        DhtStream* stream_;
        const Item* item_;
    };
    // For one loop only: a second loop continues where the first has stopped.
    [[nodiscard]] Iterator begin() { return Iterator{*this}; }
    [[nodiscard]] std::default_sentinel_t end() const { return {}; }

private:
    std::unique_ptr<Source> source_;
};

using DhtRecords = DhtStream<DhtRecord>;
using DhtChannels = DhtStream<std::string>;

}  // namespace halp
