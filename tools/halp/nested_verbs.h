// A table of verbs behind a verb of `halp`, such as those of `halp dht`, and what is said about them.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace halp::cli {

template <class Which>
struct NestedVerb {
    Which verb;
    const char* name;
    const char* synopsis;
    const char* about;
    const char* examples;
};

template <class Which>
std::vector<std::string> names_of(const std::vector<NestedVerb<Which>>& verbs) {
    std::vector<std::string> names;
    for (const auto& verb : verbs) names.emplace_back(verb.name);
    return names;
}

// One line each: the synopsis in `width` columns, and what it is about.
template <class Which>
std::string listing(const std::vector<NestedVerb<Which>>& verbs, std::size_t width) {
    std::string text;
    for (const auto& verb : verbs) {
        std::string synopsis = verb.synopsis;
        synopsis.resize(std::max(width, synopsis.size() + 1), ' ');
        text += "  " + synopsis + verb.about + "\n";
    }
    return text;
}

template <class Which>
std::string examples_of(const std::vector<NestedVerb<Which>>& verbs, std::string_view name) {
    for (const auto& verb : verbs)
        if (verb.name == name) return verb.examples;
    return "";
}

}  // namespace halp::cli
