// Compares the labels of the tests with their sources: a test is labelled `process` when its source, or a header of
// tests/ that it includes, starts a process, and only then; `socket` likewise. HALP_TEST_LABELS names a file with a
// line "source [label]" for each source of a test.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace halp {
namespace HALP_TEST_FILE {

using Words = std::vector<std::string_view>;

const Words& words_of_processes() {
    static const Words words{"fork()", "popen(", "std::system(", "ChildProcess", "run_demo(", "EXPECT_EXIT("};
    return words;
}

const Words& words_of_sockets() {
    static const Words words{"::socket(",      "LibeventWorld", "BlockingDhtClient", "DhtEnvironment", "ClientSocket",
                             "ScriptedServer", "AdminServer",   "class Daemon "};
    return words;
}

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The content of a source and of every header of tests/ that it includes.
std::string with_headers(const std::string& path, std::set<std::string>& seen) {
    if (!seen.insert(path).second) return "";
    const std::string content = content_of(path);
    std::string whole = content;
    constexpr std::string_view include = "#include \"tests/";
    for (std::size_t at = content.find(include); at != content.npos; at = content.find(include, at + 1)) {
        const std::size_t begin = content.find('"', at) + 1;
        const std::string header = content.substr(begin, content.find('"', begin) - begin);
        whole += with_headers(std::string(HALP_SOURCE_DIR "/") + header, seen);
    }
    return whole;
}

bool has_any(std::string_view text, const Words& words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != text.npos; });
}

struct Labelled {
    std::string source, label;
};

std::vector<Labelled> labelled_sources() {
    std::vector<Labelled> all;
    std::ifstream lines(HALP_TEST_LABELS);
    for (Labelled one; lines >> one.source >> one.label;) {
        if (one.source.ends_with("_test.cc") && !one.source.ends_with("/labels_test.cc")) all.push_back(one);
    }
    return all;
}

void expect_labelled(const std::string& word, const Words& signs) {
    for (const Labelled& test : labelled_sources()) {
        std::set<std::string> seen;
        const std::string text = with_headers(test.source, seen);
        ASSERT_FALSE(text.empty()) << test.source;
        const bool labelled = test.label.find(word) != std::string::npos;
        EXPECT_EQ(labelled, has_any(text, signs)) << test.source << " is labelled " << test.label;
    }
}

TEST(Labels, SayProcessWhereAProcessStarts) { expect_labelled("process", words_of_processes()); }

TEST(Labels, SaySocketWhereRealSocketsAreUsed) { expect_labelled("socket", words_of_sockets()); }

TEST(Labels, AreThereAtAll) { EXPECT_GT(labelled_sources().size(), 40U); }

}  // namespace HALP_TEST_FILE
}  // namespace halp
