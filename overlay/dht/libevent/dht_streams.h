// Long answers one by one, for loops: the records of a channel, or the names of the channels.
//
//     auto records = dht.records("users");
//     for (const DhtRecord& record : records) {
//         use(record.key, record.value);
//         if (enough) break;                          // the nodes are told when `records` goes
//     }
//     if (records.error()) ...                        // not all nodes could answer: what came is not all
//
// The event loop runs while the next item is waited for, and only then: who takes long with one item is not sent
// more than the connection holds. The body may use the client for other requests.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "store/records/key.h"
#include "store/result.h"

namespace halp {

class BlockingDhtClient;

struct DhtRecord {
    Key key{};
    std::string value;  // empty when only keys were asked for
};

template <class Item>
class DhtStream {
public:
    // What it does; made by BlockingDhtClient, which it may not outlive.
    class Source {
    public:
        virtual ~Source() = default;  // leaves the nodes in good order
        [[nodiscard]] virtual const Item* next() = 0;
        [[nodiscard]] virtual const std::optional<Error>& error() const = 0;
    };
    explicit DhtStream(std::unique_ptr<Source> source) : source_(std::move(source)) {}

    // The next item, valid until the next call; nullptr when there is none any more, or when the time is over.
    [[nodiscard]] const Item* next() { return source_->next(); }
    // Why it is not complete. A node that is lost is waited for and is no error by itself.
    [[nodiscard]] const std::optional<Error>& error() const { return source_->error(); }

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
    // Once: it goes on where it is.
    [[nodiscard]] Iterator begin() { return Iterator{*this}; }
    [[nodiscard]] std::default_sentinel_t end() const { return {}; }

private:
    std::unique_ptr<Source> source_;
};

using DhtRecords = DhtStream<DhtRecord>;
using DhtChannels = DhtStream<std::string>;

}  // namespace halp
