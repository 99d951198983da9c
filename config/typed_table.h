// Operations on a table of typed rows. A row has `key`, `bounds`, `help` and `value(owner)`, which gives the Value
// inside of an owner; a table is a span or an array of rows. setting_table.h and
// simulations/swarm/scenario_fields.h are the tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/typed_value.h"

namespace halp::config {

template <class Table>
[[nodiscard]] auto find_row(const Table& table, std::string_view key) {
    for (const auto& row : table)
        if (row.key == key) return &row;
    return static_cast<decltype(&*table.begin())>(nullptr);
}

template <class Table>
[[nodiscard]] std::vector<std::string> keys_of(const Table& table) {
    std::vector<std::string> keys;
    for (const auto& row : table) keys.emplace_back(row.key);
    return keys;
}

template <class Row, class Owner>
[[nodiscard]] Result<void> assign(const Row& row, Owner& owner, const ValueText& text) {
    return assign(row.value(owner), row.bounds, text);
}

template <class Row, class Owner>
[[nodiscard]] std::string allowed(const Row& row, Owner& owner) {
    return allowed(row.value(owner), row.bounds);
}

// The candidate that was most likely meant by `key`; empty when none is near. A candidate is near when few letters
// differ, or when only its section differs ("level" for "log.level").
[[nodiscard]] std::string nearest_of(const std::vector<std::string>& candidates, std::string_view key);

[[nodiscard]] std::string joined_keys(const std::vector<std::string>& keys);  // "a, b, c"

}  // namespace halp::config
