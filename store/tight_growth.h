// Vectors that grow by an eighth. A node has dozens of small tables, and a simulation has many nodes: doubling
// would leave a third of their memory unused.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace halp {

// Before one element is added.
template <class T>
void make_room_tightly(std::vector<T>& items) {
    constexpr std::size_t least = 4;
    if (items.size() == items.capacity()) items.reserve(items.size() + std::max(least, items.size() / 8));
}

template <class T>
void push_tightly(std::vector<T>& items, T item) {
    make_room_tightly(items);
    items.push_back(std::move(item));
}

template <class T>
typename std::vector<T>::iterator insert_tightly(std::vector<T>& items, std::size_t at, T item) {
    make_room_tightly(items);
    return items.insert(items.begin() + static_cast<std::ptrdiff_t>(at), std::move(item));
}

// After elements were removed: what a burst had needed does not stay.
template <class T>
void give_back_room(std::vector<T>& items) {
    constexpr std::size_t kept = 4;
    if (items.capacity() > kept && items.size() <= items.capacity() / 4) items.shrink_to_fit();
}

}  // namespace halp
