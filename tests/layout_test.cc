// Guards which folder includes which: walks the whole tree, and shows on made-up files that it would notice.
// HALP_SOURCE_DIR is the root of the source tree.
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/discard_rules.h"
#include "tests/layout_rules.h"

namespace halp::layout {
namespace HALP_TEST_FILE {

namespace fs = std::filesystem;

const fs::path& root() {
    static const fs::path path{HALP_SOURCE_DIR};
    return path;
}

bool is_source(const fs::path& file) {
    const std::string ending = file.extension().string();
    return ending == ".h" || ending == ".cc" || ending == ".c" || ending == ".hpp" || ending == ".cpp";
}

std::vector<fs::path> sources_of(std::string_view folder) {
    std::vector<fs::path> files;
    if (!fs::is_directory(root() / folder)) return files;
    for (const auto& file : fs::recursive_directory_iterator(root() / folder)) {
        if (file.is_regular_file() && is_source(file.path())) files.push_back(file.path());
    }
    std::ranges::sort(files);
    return files;
}

std::string content_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// How many things are wrong with a file of one line.
std::size_t wrongs(std::string_view path, std::string_view text) { return check_source(path, text).size(); }

TEST(Layout, HoldsInTheWholeTree) {
    for (const char* folder : {"store", "files", "overlay", "config", "simulations", "tools"}) {
        for (const fs::path& file : sources_of(folder)) {
            const std::string path = fs::relative(file, root()).generic_string();
            for (const Violation& violation : check_source(path, content_of(file))) {
                ADD_FAILURE() << path << ":" << violation.line << ": " << violation.what;
            }
        }
    }
}

TEST(Layout, SeesTheTreeAtAll) {
    EXPECT_GE(sources_of("store").size(), 10u);
    EXPECT_GE(sources_of("overlay").size(), 10u);
    EXPECT_TRUE(fs::exists(root() / "overlay/environment.h"));
}

TEST(Layout, HasNoFolderAtTheTopBesidesTheRooms) {
    for (const auto& entry : fs::directory_iterator(root())) {
        const std::string name = entry.path().filename().string();
        if (!entry.is_directory() || ignored_at_the_top(name)) continue;
        EXPECT_TRUE(allowed_at_the_top(name)) << name << "/ is not one of the folders that README.md names";
    }
}

TEST(LayoutRules, KnowTheFoldersAtTheTop) {
    for (const char* folder :
         {".ci", "config", "files", "findings", "overlay", "simulations", "store", "tests", "tools"}) {
        EXPECT_TRUE(allowed_at_the_top(folder)) << folder;
    }
    for (const char* other : {"src", "include", "common", "Store", "", "store2"}) {
        EXPECT_FALSE(allowed_at_the_top(other)) << other;
    }
    EXPECT_TRUE(ignored_at_the_top("build-clang"));
    EXPECT_FALSE(ignored_at_the_top("src"));
}

// One include of one file, and whether it is allowed.
struct Arrow {
    const char* from;
    const char* to;  // with its quotes or angle brackets
};

std::size_t wrongs(const Arrow& arrow) { return wrongs(arrow.from, "#include " + std::string{arrow.to}); }

TEST(LayoutRules, LetEveryFolderIncludeWhatIsBelowIt) {
    const Arrow allowed[]{
        {"store/a.cc", "\"store/b.h\""},
        {"store/a.cc", "<vector>"},
        {"store/records/a.cc", "\"store/result.h\""},
        {"store/records/lmdb_engine.cc", "<lmdb.h>"},
        {"overlay/event.h", "\"overlay/environment.h\""},
        {"overlay/text/a.cc", "\"overlay/environment.h\""},
        {"overlay/gossip/a.cc", "\"overlay/gossip/b.h\""},
        {"overlay/gossip/a.cc", "\"store/label.h\""},
        {"overlay/node/a.cc", "\"overlay/gossip/gossip.h\""},
        {"overlay/node/a.cc", "\"overlay/text/text_codec.h\""},
        {"overlay/libevent/a.cc", "\"overlay/environment.h\""},
        {"overlay/libevent/a.cc", "<event2/event.h>"},
        {"overlay/libevent/a.cc", "<sys/socket.h>"},
        {"overlay/dht/wire/a.cc", "\"store/records/key.h\""},
        {"overlay/dht/node/a.cc", "\"overlay/dht/wire/b.h\""},
        {"overlay/dht/client/a.cc", "\"overlay/text/text_client.h\""},
        {"overlay/dht/testing/a.cc", "\"overlay/dht/client/b.h\""},
        {"overlay/dht/libevent/a.cc", "\"overlay/libevent/world.h\""},
        {"store/files/a.cc", "<fcntl.h>"},
        {"config/a.cc", "\"store/files/a.h\""},
        {"overlay/libevent/a.cc", "\"store/files/a.h\""},
        {"config/a.cc", "<yaml-cpp/yaml.h>"},
        {"config/a.cc", "\"overlay/overlay_options.h\""},
        {"config/a.h", "\"store/endpoint.h\""},
        {"simulations/world/a.cc", "\"overlay/environment.h\""},
        {"simulations/views/a.cc", "\"overlay/gossip/view/peer_view.h\""},
        {"simulations/swarm/a.cc", "\"overlay/node/overlay_node.h\""},
        {"simulations/swarm/a.cc", "<boost/graph/x.hpp>"},
        {"simulations/faults/checkers/a.cc", "\"simulations/faults/checkers/checker.h\""},
        {"tools/halpd/a.cc", "\"overlay/libevent/world.h\""},
        {"tools/halpd/log/log.cc", "<spdlog/spdlog.h>"},
        {"tools/program/json.cc", "<nlohmann/json.hpp>"},
        {"tools/halp/dht/a.cc", "\"tools/halp/output/console.h\""},
        {"tools/halp-sim/a.cc", "\"simulations/world/sim_world.h\""},
        {"tests/a.cc", "<event2/event.h>"},
    };
    for (const Arrow& arrow : allowed) EXPECT_EQ(wrongs(arrow), 0u) << arrow.from << " includes " << arrow.to;
}

TEST(LayoutRules, CatchAnArrowThatPointsUpwards) {
    const Arrow forbidden[]{
        {"store/a.cc", "\"overlay/environment.h\""},
        {"store/a.h", "\"config/settings.h\""},
        {"store/a.cc", "\"store/records/key.h\""},
        {"overlay/event.h", "\"overlay/gossip/gossip.h\""},
        {"overlay/event.h", "\"overlay/node/overlay_node.h\""},
        {"overlay/text/a.cc", "\"overlay/gossip/gossip.h\""},
        {"overlay/text/a.cc", "\"config/settings.h\""},
        {"overlay/gossip/a.cc", "\"overlay/text/text_codec.h\""},
        {"overlay/gossip/a.cc", "\"overlay/node/overlay_node.h\""},
        {"overlay/gossip/a.cc", "\"store/records/key.h\""},
        {"overlay/cache/a.cc", "\"overlay/gossip/view/peer_view.h\""},
        {"overlay/node/a.cc", "\"overlay/libevent/world.h\""},
        {"overlay/node/a.cc", "\"overlay/dht/node/dht_node.h\""},
        {"overlay/libevent/a.cc", "\"overlay/node/overlay_node.h\""},
        {"overlay/libevent/a.cc", "\"overlay/dht/node/dht_node.h\""},
        {"overlay/libevent/a.cc", "\"tools/halpd/log/log.h\""},
        {"overlay/dht/a.cc", "\"overlay/environment.h\""},
        {"overlay/dht/wire/a.cc", "\"overlay/dht/node/b.h\""},
        {"overlay/dht/node/a.cc", "\"overlay/dht/client/b.h\""},
        {"overlay/dht/client/a.cc", "\"overlay/dht/node/neo_session.h\""},
        {"overlay/dht/client/a.cc", "\"overlay/dht/testing/b.h\""},
        {"overlay/dht/testing/a.cc", "\"overlay/dht/libevent/b.h\""},
        {"overlay/dht/testing/a.cc", "\"overlay/libevent/world.h\""},
        {"config/a.cc", "\"overlay/node/overlay_node.h\""},
        {"config/a.cc", "\"store/cache_format.h\""},
        {"simulations/world/a.cc", "\"simulations/swarm/scenario.h\""},
        {"simulations/world/a.cc", "\"overlay/node/overlay_node.h\""},
        {"simulations/views/a.cc", "\"simulations/published/reproduction.h\""},
        {"simulations/swarm/a.cc", "\"simulations/faults/fault_plan.h\""},
        {"simulations/swarm/a.cc", "\"overlay/libevent/world.h\""},
        {"simulations/published/a.cc", "\"simulations/swarm/scenario.h\""},
        {"simulations/faults/a.cc", "\"tools/halp/verbs.h\""},
        {"tools/program/a.cc", "\"tools/halp/verbs.h\""},
        {"tools/halp/a.cc", "\"tests/layout_rules.h\""},
        {"tools/halp/a.cc", "\"tools/halpd/log/log.h\""},
        {"tools/halp/store/a.cc", "\"tools/halp/dht/dht_verbs.h\""},
        {"tools/halpd/a.cc", "\"simulations/world/sim_queue.h\""},
        {"tools/halp-sim/report/a.cc", "\"tools/halp-sim/verbs.h\""},
    };
    for (const Arrow& arrow : forbidden) EXPECT_EQ(wrongs(arrow), 1u) << arrow.from << " includes " << arrow.to;
}

TEST(LayoutRules, CatchALibraryOutsideItsPlace) {
    const Arrow forbidden[]{
        {"overlay/gossip/gossip.cc", "<event2/event.h>"},
        {"overlay/dht/testing/fake_node.cc", "<event2/event.h>"},
        {"simulations/world/a.cc", "<event2/event.h>"},
        {"config/a.h", "<yaml-cpp/yaml.h>"},
        {"tools/halpd/a.cc", "<yaml-cpp/yaml.h>"},
        {"overlay/libevent/world.cc", "<spdlog/spdlog.h>"},
        {"tools/halpd/daemon.cc", "<spdlog/spdlog.h>"},
        {"config/a.cc", "<nlohmann/json.hpp>"},
        {"tools/halp/output/record_lines.cc", "<nlohmann/json.hpp>"},
        {"tools/program/json.h", "<nlohmann/json.hpp>"},
        {"tools/halp/command_line.cc", "<CLI/CLI.hpp>"},
        {"store/label_table.cc", "<lmdb.h>"},
        {"store/label_table.cc", "<boost/graph/x.hpp>"},
    };
    for (const Arrow& arrow : forbidden) EXPECT_EQ(wrongs(arrow), 1u) << arrow.from << " includes " << arrow.to;
}

TEST(LayoutRules, CatchAHeaderOfTheWorldInProtocolCode) {
    for (const char* header :
         {"sys/socket.h", "unistd.h", "time.h", "fstream", "filesystem", "thread", "mutex", "random"}) {
        const std::string line = "#include <" + std::string(header) + ">";
        EXPECT_EQ(wrongs("store/a.cc", line), 1u) << header;
        EXPECT_EQ(wrongs("overlay/gossip/a.h", line), 1u) << header;
        EXPECT_EQ(wrongs("overlay/dht/wire/a.cc", line), 1u) << header;
        EXPECT_EQ(wrongs("overlay/libevent/a.cc", line), 0u) << header;
    }
}

TEST(LayoutRules, CatchAWordOfTheWorldInProtocolCode) {
    for (const char* word :
         {"std::chrono::system_clock::now()", "Clock = 0; steady_clock::now()", "std::random_device r",
          "std::thread t", "spdlog::info(1)", "std::uniform_int_distribution<int> d", "std::shuffle(a, b, c)",
          "getenv(name)", "std::getenv(name)", "std::time(nullptr)", "time(nullptr)"}) {
        EXPECT_EQ(wrongs("store/a.cc", word), 1u) << word;
        EXPECT_EQ(wrongs("overlay/gossip/gossip.cc", word), 1u) << word;
        EXPECT_EQ(wrongs("overlay/libevent/world.cc", word), 0u) << word;
    }
}

TEST(LayoutRules, CatchChanceInSimulations) {
    EXPECT_EQ(wrongs("simulations/a.cc", "std::random_device r;"), 1u);
    EXPECT_EQ(wrongs("simulations/a.cc", "auto t = std::chrono::steady_clock::now();"), 1u);
    EXPECT_EQ(wrongs("simulations/a.cc", "#include <fstream>"), 0u);
}

TEST(LayoutRules, AreNotFooledBySpelling) {
    EXPECT_EQ(wrongs("store/a.cc", "  #  include   \"overlay/event.h\""), 1u);
    EXPECT_EQ(wrongs("store/a.cc", "#include/**/<event2/event.h>"), 1u);
    EXPECT_EQ(wrongs("store/a.cc", "#include \"store/../overlay/event.h\""), 1u);
    EXPECT_EQ(wrongs("store/a.cc", "#include \"label.h\""), 1u);
    EXPECT_EQ(wrongs("store/a.cc", "#include HEADER"), 1u);
    EXPECT_EQ(wrongs("store/a.cc", "int n = 1'000; std::thread t; int m = 2'000;"), 1u);
    EXPECT_EQ(wrongs("store/a.cc", "char c = '\"'; std::thread t; char d = '\"';"), 1u);
    EXPECT_EQ(wrongs("store/a.cc", "auto s = \"\\\"\"; std::thread t;"), 1u);
    EXPECT_EQ(wrongs("store/a.cc", "auto s = R\"(\")\"; std::thread t;"), 1u);
}

TEST(LayoutRules, LetCommentsStringsAndLongerWordsPass) {
    EXPECT_EQ(wrongs("store/a.cc", "// never std::thread, never system_clock::now()"), 0u);
    EXPECT_EQ(wrongs("store/a.cc", "/* #include <event2/event.h>\n std::thread */ int a;"), 0u);
    EXPECT_EQ(wrongs("store/a.cc", "// #include \"overlay/event.h\""), 0u);
    EXPECT_EQ(wrongs("store/a.cc", "auto s = \"std::thread\";"), 0u);
    EXPECT_EQ(wrongs("store/a.cc", "auto s = R\"(std::thread \" getenv)\";"), 0u);
    EXPECT_EQ(wrongs("store/a.cc", "std::threads t; my_getenv(); runtime(nullptr);"), 0u);
}

TEST(Discards, HaveAReasonInTheWholeTree) {
    for (const char* folder : {"store", "overlay", "config", "simulations", "tools"}) {
        for (const fs::path& file : sources_of(folder)) {
            for (const std::size_t line : unexplained_discards(content_of(file))) {
                ADD_FAILURE() << fs::relative(file, root()).generic_string() << ":" << line
                              << ": a result is thrown away; handle it, or say beside it why nobody needs it";
            }
        }
    }
}

TEST(Discards, AreFoundInEverySpelling) {
    for (const char* line :
         {"static_cast<void>(f());", "(void)f();", "if (a) (void) ::write(1, b, 2);", "std::ignore = f();",
          "a = \"//\"; (void)f();", "// a comment\n\nstatic_cast<void>(f());", "    event_add(a, nullptr);",
          "for (auto& a : all) event_add(a, nullptr);", "if (b) evconnlistener_enable(l);"})
        EXPECT_EQ(unexplained_discards(line).size(), 1u) << line;
    for (const char* line :
         {"static_cast<void>(f());  // it only lets time pass", "// It cannot fail.\n(void)f();", "int f(void);",
          "auto s = \"(void)f()\";", "static_cast<void*>(p);", "if (event_add(a, b) != 0) f();",
          "return event_base_loop(a, 0);", "must(event_add(a, b) == 0, c);"})
        EXPECT_TRUE(unexplained_discards(line).empty()) << line;
}

TEST(LayoutRules, NameTheLine) {
    const auto found = check_source("store/a.cc", "int a;\n/* one\n two */\n#include <thread>\n");
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].line, 4u);
    EXPECT_EQ(found[0].what, "<thread> belongs to a world, not to protocol code");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::layout
