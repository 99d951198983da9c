// What was sent to original HALP servers, what they answered, and what this implementation answers
// (overlay/text/halp-text.md). Data only, free of the code under test: tests of the codec and of a daemon on
// loopback both use it.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace halp::transcripts {

enum class After {
    nothing,     // the peer sends no more and waits, as original clients do
    half_close,  // the peer closes its side
    reset,  // the peer resets the connection and reads nothing; the next step shows whether the server survived
};

// One connection. "<now>" in an answer stands for the server's time.
struct Step {
    std::vector<std::string> segments;  // sent apart, with less than the longest pause in between
    std::string answer;
    std::string original;  // what the original did instead; empty when it answers the same
    After after = After::nothing;
};

struct CacheFile {
    std::string name;  // as in the cache directory: "foo~bar"
    std::string content;
};

// Steps against one server that starts with this cache and knows nothing else.
struct Transcript {
    std::string name;
    std::vector<Step> steps;
    std::vector<CacheFile> cache = {};
    std::vector<std::string> cache_subdirectories = {};
    std::string time_zone = "UTC";  // of the server
};

inline const std::string refusal = "Could not parse request";

// The original answers the same.
inline Step same(std::string sent, std::string answer) { return {{std::move(sent)}, std::move(answer), {}}; }
// The original ends, hangs, cuts the query, or stores what nobody can dial.
inline Step ours(std::string sent, std::string answer, std::string original) {
    return {{std::move(sent)}, std::move(answer), std::move(original)};
}

inline std::string times(const std::string& text, std::size_t n) {
    std::string all;
    for (std::size_t i = 0; i < n; ++i) all += text;
    return all;
}

inline std::string two_digits(int n) { return {static_cast<char>('0' + n / 10), static_cast<char>('0' + n % 10)}; }

// Lines first .. behind - 1 of the list of label foo in most rows about `get`.
inline std::string fifteen(int first = 0, int behind = 15) {
    std::string lines;
    for (int i = first; i < behind; ++i) {
        if (i > first) lines += '\n';
        lines += std::to_string(1300000100 - i) + " h" + two_digits(i) + ".example 80";
    }
    return lines;
}

}  // namespace halp::transcripts
