#include "store/name_list.h"

#include <algorithm>
#include <cassert>
#include <tuple>

namespace halp {

bool NameList::Key::operator<(const Key& other) const {
    return std::tuple(other.ranked, other.stated, other.arrival) < std::tuple(ranked, stated, arrival);
}

bool NameList::well_formed(std::string_view name) {
    const auto shown = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte > 0x20 && byte != 0x7f;
    };
    return !name.empty() && name.size() <= name_length_max && std::all_of(name.begin(), name.end(), shown);
}

std::size_t NameList::name_bytes(std::size_t name_length) {
    return sizeof(std::string) + 2 * sizeof(Key) + 2 * tree_node_bytes + name_length;
}

Merge NameList::merge(const NamedAt& news, const Keeps& keeps) {
    if (!well_formed(news.name) || names_max_ == 0) return Merge::refused;
    Key key{count(news.ranked), count(news.stated), 0, news.asked};
    const auto held = by_name_.find(news.name);
    if (held != by_name_.end()) {
        key.ranked = std::max(key.ranked, held->second.ranked);
        key.stated = std::max(key.stated, held->second.stated);
        key.asked = news.asked && held->second.asked;
        const bool same_times = key.ranked == held->second.ranked && key.stated == held->second.stated;
        if (same_times && key.asked == held->second.asked) return Merge::stale;
        asked_ -= held->second.asked && !key.asked ? 1 : 0;
        by_rank_.erase(held->second);
        key.arrival = ++arrivals_;
        held->second = key;
        by_rank_.emplace(key, &held->first);
        return Merge::refreshed;
    }
    key.arrival = ++arrivals_;
    if (size() >= names_max_ && by_rank_.rbegin()->first < key) return Merge::refused;
    shrink_to(names_max_ - 1, keeps);
    const auto added = by_name_.emplace(news.name, key).first;
    by_rank_.emplace(key, &added->first);
    name_bytes_ += news.name.size();
    asked_ += key.asked ? 1 : 0;
    return Merge::added;
}

bool NameList::erase(const std::string& name) {
    const auto held = by_name_.find(name);
    if (held == by_name_.end()) return false;
    by_rank_.erase(held->second);
    name_bytes_ -= name.size();
    asked_ -= held->second.asked ? 1 : 0;
    by_name_.erase(held);
    return true;
}

void NameList::set_names_max(std::size_t names_max) {
    names_max_ = names_max;
    shrink_to(names_max_);
}

void NameList::shrink_to(std::size_t names, const Keeps& keeps) {
    while (size() > names) {
        const auto wanted = [&](const auto& entry) { return keeps && keeps(*entry.second); };
        const auto oldest = std::find_if_not(by_rank_.rbegin(), by_rank_.rend(), wanted);
        const std::string name = *(oldest == by_rank_.rend() ? by_rank_.rbegin() : oldest)->second;
        erase(name);
        ++evicted_;
    }
}

std::vector<NamedAt> NameList::page(std::size_t first, std::size_t count) const {
    std::vector<NamedAt> names;
    if (first >= size()) return names;
    count = std::min(count, size() - first);
    names.reserve(count);
    auto next = by_rank_.begin();
    std::advance(next, static_cast<std::ptrdiff_t>(first));
    for (; names.size() < count; ++next) names.push_back(named(*next));
    return names;
}

std::vector<NamedAt> NameList::page_of_known(std::size_t first, std::size_t count) const {
    std::vector<NamedAt> names;
    for (const auto& at : by_rank_) {
        if (names.size() >= count) break;
        if (at.first.asked) continue;
        if (first > 0)
            --first;
        else
            names.push_back(named(at));
    }
    return names;
}

NamedAt NameList::named(const std::pair<const Key, const std::string*>& at) {
    return {*at.second, UnixSeconds{at.first.stated}, UnixSeconds{at.first.ranked}, at.first.asked};
}

std::size_t NameList::bytes() const { return size() * name_bytes(0) + name_bytes_; }

}  // namespace halp
