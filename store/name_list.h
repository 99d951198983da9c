// The names below a directory (`labels` or `x/`), newest first. Bounded: the name not heard of for longest
// leaves first. Names are whatever the original would have stored: any bytes but blanks and control bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>
#include <list>
#include <set>
#include <unordered_map>

#include "store/host_list.h"
#include "store/time.h"

namespace halp {

struct NamedAt {
    std::string name;
    UnixSeconds stated{0};  // shown
    UnixSeconds ranked{0};  // min(stated, arrival): orders
};

class NameList {
public:
    explicit NameList(std::size_t names_max) : names_max_(names_max) {}

    // Keeps the larger of two times of a name. stale: nothing changed.
    Merge merge(const NamedAt& news);
    bool erase(const std::string& name);
    // Newest first by ranked time, then stated time, then order of arrival.
    [[nodiscard]] std::vector<NamedAt> page(std::size_t first, std::size_t count) const;
    [[nodiscard]] std::size_t size() const { return by_name_.size(); }
    [[nodiscard]] std::size_t bytes() const;

private:
    struct Key {
        std::int64_t ranked, stated;
        std::uint64_t arrival;
        bool operator<(const Key& other) const;
    };
    std::size_t names_max_;
    std::uint64_t arrivals_ = 0;
    std::size_t name_bytes_ = 0;
    std::unordered_map<std::string, Key> by_name_;
    std::set<std::pair<Key, std::string>> by_rank_;
};

}  // namespace halp
