// What has changed in the lists since the host cache last heard of it. Everything that becomes persistent passes
// here: every change of a list is added, and one reader (overlay/node/list_saver.h) hands them to the disk.
//
// Acknowledged and undoing changes are kept one by one, in order. Of the many changes that gossip brings, only the
// label is kept, once for all of its changes. A change that says nothing new after the one before it is left out.
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
    void add(ListChange change) {
        if (!changes_.empty() && same_file(changes_.back(), change)) return;
        changes_.push_back(std::move(change));
    }
    [[nodiscard]] const std::vector<ListChange>& each() const { return changes_; }
    void clear() {  // keeps memory for one further change
        constexpr std::size_t usual = 1;
        if (changes_.capacity() > usual)
            changes_ = std::vector<ListChange>{};  // `= {}` would keep the memory
        else
            changes_.clear();
    }

    void add_label(const Label& label) { labels_.insert(label); }
    void drop_label(const Label& label) { labels_.erase(label); }
    [[nodiscard]] std::size_t label_count() const { return labels_.size(); }
    std::set<Label> take_labels() { return std::exchange(labels_, {}); }

private:
    // Both say only that the file of the label is out of date, and equally urgently.
    [[nodiscard]] static bool same_file(const ListChange& a, const ListChange& b) {
        const bool file_only = a.kind == ListChange::Kind::learned || a.kind == ListChange::Kind::acknowledged;
        return file_only && a.kind == b.kind && a.label == b.label;
    }

    std::vector<ListChange> changes_;
    std::set<Label> labels_;
};

}  // namespace halp
