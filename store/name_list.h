// The names below a directory (`labels` or `x/`), the newest first. The list is bounded: the name with the oldest
// time leaves first, of those that its owner does not want to keep. Names are what the original stores: any bytes
// but blanks and control bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "store/host_list.h"
#include "store/time.h"

namespace halp {

struct NamedAt {
    std::string name;
    UnixSeconds stated{0};  // shown
    UnixSeconds ranked{0};  // min(stated, arrival): orders
    bool asked = false;     // nobody but somebody who asked for it has named it: answered in HALP text only
};

class NameList {
public:
    static constexpr std::size_t name_length_max = 4096;  // as Label::length_max

    explicit NameList(std::size_t names_max) : names_max_(names_max) {}
    NameList(NameList&&) noexcept = default;
    NameList& operator=(NameList&&) noexcept = default;

    // 1 to 4096 bytes, no blanks, no control bytes.
    [[nodiscard]] static bool well_formed(std::string_view name);

    // Keeps the larger of two times of a name; once named by others than askers it stays so. stale: nothing
    // changed. refused: not well formed, or older than all names of a full list.
    // A full list loses the oldest name that `keeps` does not want; when it wants all, the oldest.
    using Keeps = std::function<bool(const std::string& name)>;
    [[nodiscard]] Merge merge(const NamedAt& news, const Keeps& keeps = {});
    bool erase(const std::string& name);
    void set_names_max(std::size_t names_max);

    [[nodiscard]] bool contains(const std::string& name) const { return by_name_.count(name) != 0; }
    // The newest first, by ranked time, then by stated time. Among equal times the last one to arrive is first,
    // because the original's times have fractions of seconds, which it does not show.
    [[nodiscard]] std::vector<NamedAt> page(std::size_t first, std::size_t count) const;
    // The same without those that were only asked for.
    [[nodiscard]] std::vector<NamedAt> page_of_known(std::size_t first, std::size_t count) const;
    [[nodiscard]] std::size_t known() const { return size() - asked_; }
    [[nodiscard]] std::size_t size() const { return by_name_.size(); }
    [[nodiscard]] std::uint64_t evicted() const { return evicted_; }
    [[nodiscard]] std::size_t bytes() const;  // estimate, for quotas
    [[nodiscard]] static std::size_t name_bytes(std::size_t name_length);

private:
    static constexpr std::size_t tree_node_bytes = 48;
    struct Key {
        std::int64_t ranked, stated;
        std::uint64_t arrival;  // differs between names
        bool asked;
        bool operator<(const Key& other) const;
    };
    void shrink_to(std::size_t names, const Keeps& keeps = {});
    [[nodiscard]] static NamedAt named(const std::pair<const Key, const std::string*>& at);

    std::size_t names_max_;
    std::uint64_t arrivals_ = 0;
    std::uint64_t evicted_ = 0;
    std::size_t asked_ = 0;  // how many were only asked for
    std::size_t name_bytes_ = 0;
    std::map<std::string, Key> by_name_;
    std::map<Key, const std::string*> by_rank_;  // keys of by_name_, which never move
};

}  // namespace halp
