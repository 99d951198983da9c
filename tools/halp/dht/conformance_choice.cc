#include "tools/halp/dht/conformance_choice.h"

#include <algorithm>
#include <optional>
#include <regex>
#include <utility>

namespace halp::cli {
namespace {

using Code = std::regex_constants::error_type;

Error wrong(std::string what) { return {ErrorCode::invalid, std::move(what)}; }

// The error code of an invalid expression, or nothing.
std::optional<Code> fault_of(const std::string& expression) {
    try {
        const std::regex sound(expression);
    } catch (const std::regex_error& error) {
        return error.code();
    }
    return std::nullopt;
}

bool is_open_end(Code code) {
    return code == std::regex_constants::error_paren || code == std::regex_constants::error_brack ||
           code == std::regex_constants::error_brace;
}

bool is_of_a_place(Code code) {
    return code != std::regex_constants::error_space && code != std::regex_constants::error_complexity &&
           code != std::regex_constants::error_stack;
}

// The library does not tell the position. An unclosed group begins after the longest valid prefix. Any other error
// ends the shortest prefix with the same error.
std::size_t place_of_fault(const std::string& expression, Code code) {
    std::size_t sound = 0;
    for (std::size_t length = 1; length <= expression.size(); ++length) {
        const std::optional<Code> fault = fault_of(expression.substr(0, length));
        if (!fault) sound = length;
        if (fault == code && !is_open_end(code)) return length;
    }
    return std::min(sound + 1, expression.size());
}

// A text for each error code of the library.
std::string words_of(Code code) {
    using namespace std::regex_constants;
    if (code == error_paren) return "a ( or ) lacks its counterpart, or there is nothing to repeat";
    if (code == error_brack) return "a [ lacks its ]";
    if (code == error_brace) return "a { lacks its }";
    if (code == error_badbrace) return "these are no bounds for a {}";
    if (code == error_range) return "a range in [] ends before it begins";
    if (code == error_escape) return "a \\ that escapes nothing";
    if (code == error_badrepeat) return "there is nothing to repeat";
    if (code == error_ctype || code == error_collate) return "no such class or name of characters";
    return "a reference to a group that is not there";
}

Result<std::regex> expression_of(const std::string& text) {
    if (text.size() > filter_characters_max)
        return wrong("--filter: a regular expression has at most " + std::to_string(filter_characters_max) +
                     " characters.");
    const std::optional<Code> code = fault_of(text);
    if (code && !is_of_a_place(*code))
        return wrong("--filter: `" + text + "` is no regular expression to work with: it is too complex.");
    if (code)
        return wrong("--filter: `" + text + "` is no regular expression: " + words_of(*code) + ", at character " +
                     std::to_string(place_of_fault(text, *code)) + ".");
    return std::regex(text);
}

Result<void> check_ids(const std::vector<std::size_t>& ids) {
    const std::size_t last = neo::conformance_cases().size();
    for (const std::size_t id : ids)
        if (id == 0 || id > last)
            return wrong("there is no case " + std::to_string(id) + "; --list numbers them from 1 to " +
                         std::to_string(last) + ".");
    return {};
}

std::string words_of(const DhtCommand& typed) {
    std::string words;
    const auto add = [&](const std::string& word) { words += (words.empty() ? "" : " and ") + word; };
    if (!typed.only.empty()) add("--only " + typed.only);
    if (!typed.case_filter.empty()) add("--filter `" + typed.case_filter + "`");
    if (!typed.ids.empty()) add("--id");
    return words;
}

}  // namespace

Result<std::vector<neo::ConformanceCase>> chosen_cases(const DhtCommand& typed) {
    std::vector<neo::ConformanceCase> cases = neo::conformance_cases_named(typed.only);
    if (cases.empty()) return wrong("there is no case or group `" + typed.only + "`; --list names them.");
    if (auto known = check_ids(typed.ids); !known) return known.error();
    const auto filter = expression_of(typed.case_filter);
    if (!filter) return filter.error();
    const auto left_out = [&](const neo::ConformanceCase& each) {
        if (!std::regex_search(each.name.begin(), each.name.end(), *filter)) return true;
        return !typed.ids.empty() && std::ranges::find(typed.ids, each.number) == typed.ids.end();
    };
    std::erase_if(cases, left_out);
    if (cases.empty()) return wrong("no case fits " + words_of(typed) + "; --list names them.");
    return cases;
}

}  // namespace halp::cli
