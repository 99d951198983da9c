#include "tools/program/arguments.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <vector>

namespace halp::arguments {
namespace {

constexpr std::string_view cause = "perhaps a variable of the shell was not set.";

bool takes_a_word(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::vector<CLI::App*> verbs_of(CLI::App& app) {
    return app.get_subcommands([](CLI::App*) { return true; });
}

void refuse_empty(CLI::App& app, const std::set<std::string>& may_be_empty) {
    for (CLI::Option* option : app.get_options()) {
        const std::string name = option->get_name();
        if (!takes_a_word(*option) || may_be_empty.contains(name)) continue;
        const std::string remedy =
            option->get_positional() ? "Write it out; " : "Write a value, or leave " + name + " out; ";
        // The first of its checks: the others would say of '' that it is out of range.
        option->transform(CLI::Validator(
            [remedy](std::string& word) {
                return word.empty() ? "it is empty. " + remedy + std::string{cause} : std::string{};
            },
            ""));
    }
    for (CLI::App* verb : verbs_of(app)) refuse_empty(*verb, may_be_empty);
}

bool knows(CLI::App& app, const std::string& name) {
    const CLI::Option* option = app.get_option_no_throw(name);
    if (option != nullptr && takes_a_word(*option)) return true;
    for (CLI::App* verb : verbs_of(app))
        if (knows(*verb, name)) return true;
    return false;
}

// `--name=` becomes two words.
std::vector<std::string> divided(CLI::App& app, int argc, const char* const* argv) {
    std::vector<std::string> words;
    bool options = true;
    for (int i = 0; i < argc; ++i) {
        std::string word = argv[i];
        options = options && word != "--";
        const bool bare = options && i > 0 && word.starts_with("--") && word.find('=') + 1 == word.size();
        if (bare && knows(app, word.substr(0, word.size() - 1))) {
            word.pop_back();
            words.push_back(std::move(word));
            word.clear();
        }
        words.push_back(std::move(word));
    }
    return words;
}

std::string text_of(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.15g", value);
    return text;
}

}  // namespace

void parse(CLI::App& app, int argc, const char* const* argv, const std::set<std::string>& may_be_empty) {
    refuse_empty(app, may_be_empty);
    const std::vector<std::string> words = divided(app, argc, argv);
    std::vector<const char*> pointers;
    for (const std::string& word : words) pointers.push_back(word.c_str());
    app.parse(static_cast<int>(pointers.size()), pointers.data());
}

CLI::Validator number(double min, double max) {
    const std::string range = text_of(min) + " to " + text_of(max);
    return CLI::Validator(
        [=](std::string& word) {
            char* end = nullptr;
            const double value = std::strtod(word.c_str(), &end);
            const bool whole = end == word.c_str() + word.size() && !word.empty();
            if (whole && std::isfinite(value) && value >= min && value <= max) return std::string{};
            return "`" + word + "` is not a number from " + range + ".";
        },
        range);
}

CLI::Validator whole_number(std::uint64_t min, std::uint64_t max) {
    const std::string range = std::to_string(min) + " to " + std::to_string(max);
    return CLI::Validator(
        [=](std::string& word) {
            std::uint64_t value = 0;
            const auto [end, wrong] = std::from_chars(word.data(), word.data() + word.size(), value);
            const bool whole = wrong == std::errc{} && end == word.data() + word.size();
            if (whole && value >= min && value <= max) return std::string{};
            return "`" + word + "` is not a whole number from " + range + ".";
        },
        range);
}

}  // namespace halp::arguments
