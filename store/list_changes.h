// What has changed in the lists since the host cache last heard of it. Everything that becomes persistent passes
// here: every change of a list is added, and one reader (overlay/node/list_saver.h) hands them to the disk.
//
// Acknowledged and undoing changes are kept one by one, in order. Of the many changes that gossip brings, only the
// label is kept, once for all of its changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "store/cache_format.h"
#include "store/label.h"

namespace halp {

struct ListChange {
    enum class Kind : std::uint8_t {
        learned,       // the list differs from its file, which may wait
        acknowledged,  // the same, and somebody was told that it is kept
        inserted,      // `line` is in the list, and somebody was told so
        first,         // the same; nobody was told, but the list was empty before
        forgotten,     // `line` was withdrawn, buried or removed by hand at its time
    };
    Kind kind;
    Label label;
    CacheLine line{};
};

class ListChanges {
public:
    void add(ListChange change) { changes_.push_back(std::move(change)); }
    [[nodiscard]] const std::vector<ListChange>& each() const { return changes_; }
    void clear() { changes_.clear(); }  // keeps the memory for further changes

    void add_label(const Label& label) { labels_.insert(label); }
    void drop_label(const Label& label) { labels_.erase(label); }
    [[nodiscard]] std::size_t label_count() const { return labels_.size(); }
    std::set<Label> take_labels() { return std::exchange(labels_, {}); }

private:
    std::vector<ListChange> changes_;
    std::set<Label> labels_;
};

}  // namespace halp
