// Guards the arrows between the rooms: walks the whole tree, and shows on made-up files that it would notice.
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

#include "tests/layout_rules.h"

namespace halp::layout {
namespace {

namespace fs = std::filesystem;

const fs::path& root() {
    static const fs::path path{HALP_SOURCE_DIR};
    return path;
}

bool is_source(const fs::path& file) {
    const std::string ending = file.extension().string();
    return ending == ".h" || ending == ".cc" || ending == ".c" || ending == ".hpp" || ending == ".cpp";
}

std::vector<fs::path> sources_of(std::string_view room) {
    std::vector<fs::path> files;
    if (!fs::is_directory(root() / room)) return files;
    for (const auto& file : fs::recursive_directory_iterator(root() / room)) {
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
    for (const char* room : {"store", "overlay", "config", "simulations", "tools"}) {
        for (const fs::path& file : sources_of(room)) {
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
        EXPECT_TRUE(allowed_at_the_top(name)) << name << "/ is not one of the rooms";
    }
}

TEST(LayoutRules, KnowTheRooms) {
    for (const char* room : {".ci", "config", "overlay", "simulations", "store", "tests", "tools"}) {
        EXPECT_TRUE(allowed_at_the_top(room)) << room;
    }
    for (const char* other : {"src", "include", "common", "Store", "", "store2"}) {
        EXPECT_FALSE(allowed_at_the_top(other)) << other;
    }
    EXPECT_TRUE(ignored_at_the_top("build-clang"));
    EXPECT_FALSE(ignored_at_the_top("src"));
}

TEST(LayoutRules, LetEveryRoomIncludeWhatIsBelowIt) {
    EXPECT_EQ(wrongs("store/a.cc", "#include \"store/b.h\""), 0u);
    EXPECT_EQ(wrongs("store/a.cc", "#include <vector>"), 0u);
    EXPECT_EQ(wrongs("overlay/a.cc", "#include \"store/b.h\"\n#include \"overlay/b.h\""), 0u);
    EXPECT_EQ(wrongs("overlay/libevent_a.cc", "#include \"overlay/b.h\"\n#include <event2/event.h>"), 0u);
    EXPECT_EQ(wrongs("overlay/libevent_a.cc", "#include \"overlay/libevent_b.h\"\n#include <sys/socket.h>"), 0u);
    EXPECT_EQ(wrongs("overlay/dht/a.cc", "#include \"overlay/dht/b.h\"\n#include \"overlay/environment.h\""), 0u);
    EXPECT_EQ(wrongs("config/a.cc", "#include <yaml-cpp/yaml.h>\n#include \"overlay/overlay_options.h\""), 0u);
    EXPECT_EQ(wrongs("config/a.h", "#include \"store/endpoint.h\"\n#include \"config/b.h\""), 0u);
    EXPECT_EQ(wrongs("simulations/a.cc", "#include \"overlay/overlay_node.h\"\n#include <boost/graph/x.hpp>"), 0u);
    EXPECT_EQ(wrongs("tools/halpd/a.cc", "#include \"overlay/libevent_world.h\"\n#include <spdlog/spdlog.h>"), 0u);
    EXPECT_EQ(wrongs("tools/halp-sim/a.cc", "#include \"simulations/sim_world.h\""), 0u);
    EXPECT_EQ(wrongs("store/records/lmdb_engine.cc", "#include <lmdb.h>"), 0u);
    EXPECT_EQ(wrongs("tests/a.cc", "#include <event2/event.h>\nstd::thread t;"), 0u);
}

TEST(LayoutRules, CatchAnArrowThatPointsUpwards) {
    EXPECT_EQ(wrongs("store/a.cc", "#include \"overlay/environment.h\""), 1u);
    EXPECT_EQ(wrongs("store/a.h", "#include \"config/settings.h\""), 1u);
    EXPECT_EQ(wrongs("overlay/a.cc", "#include \"config/settings.h\""), 1u);
    EXPECT_EQ(wrongs("overlay/a.cc", "#include \"overlay/libevent_world.h\""), 1u);
    EXPECT_EQ(wrongs("overlay/a.cc", "#include \"overlay/dht/dht_node.h\""), 1u);
    EXPECT_EQ(wrongs("overlay/libevent_world.cc", "#include \"overlay/dht/dht_node.h\""), 1u);
    EXPECT_EQ(wrongs("overlay/libevent_world.cc", "#include \"tools/halpd/log.h\""), 1u);
    EXPECT_EQ(wrongs("overlay/dht/a.cc", "#include \"overlay/libevent_world.h\""), 1u);
    EXPECT_EQ(wrongs("config/a.cc", "#include \"overlay/overlay_node.h\""), 1u);
    EXPECT_EQ(wrongs("config/a.cc", "#include \"store/cache_format.h\""), 1u);
    EXPECT_EQ(wrongs("simulations/a.cc", "#include \"overlay/libevent_world.h\""), 1u);
    EXPECT_EQ(wrongs("simulations/a.cc", "#include \"tools/halp/verbs.h\""), 1u);
    EXPECT_EQ(wrongs("tools/halp/a.cc", "#include \"tests/layout_rules.h\""), 1u);
    EXPECT_EQ(wrongs("tools/halpd/a.cc", "#include \"simulations/sim_queue.h\""), 1u);
}

TEST(LayoutRules, CatchALibraryOutsideItsPlace) {
    EXPECT_EQ(wrongs("overlay/gossip.cc", "#include <event2/event.h>"), 1u);
    EXPECT_EQ(wrongs("simulations/a.cc", "#include <event2/event.h>"), 1u);
    EXPECT_EQ(wrongs("config/a.h", "#include <yaml-cpp/yaml.h>"), 1u);
    EXPECT_EQ(wrongs("tools/halpd/a.cc", "#include <yaml-cpp/yaml.h>"), 1u);
    EXPECT_EQ(wrongs("overlay/libevent_world.cc", "#include <spdlog/spdlog.h>"), 1u);
    EXPECT_EQ(wrongs("config/a.cc", "#include <nlohmann/json.hpp>"), 1u);
    EXPECT_EQ(wrongs("store/label_table.cc", "#include <lmdb.h>"), 1u);
    EXPECT_EQ(wrongs("store/label_table.cc", "#include <boost/graph/x.hpp>"), 1u);
}

TEST(LayoutRules, CatchAHeaderOfTheWorldBelowTheDoors) {
    for (const char* header :
         {"sys/socket.h", "unistd.h", "time.h", "fstream", "filesystem", "thread", "mutex", "random"}) {
        const std::string line = "#include <" + std::string(header) + ">";
        EXPECT_EQ(wrongs("store/a.cc", line), 1u) << header;
        EXPECT_EQ(wrongs("overlay/a.h", line), 1u) << header;
        EXPECT_EQ(wrongs("overlay/dht/a.cc", line), 1u) << header;
        EXPECT_EQ(wrongs("overlay/libevent_a.cc", line), 0u) << header;
    }
}

TEST(LayoutRules, CatchAWordOfTheWorldBelowTheDoors) {
    for (const char* word :
         {"std::chrono::system_clock::now()", "Clock = 0; steady_clock::now()", "std::random_device r",
          "std::thread t", "spdlog::info(1)", "std::uniform_int_distribution<int> d", "std::shuffle(a, b, c)",
          "getenv(name)", "std::getenv(name)", "std::time(nullptr)", "time(nullptr)"}) {
        EXPECT_EQ(wrongs("store/a.cc", word), 1u) << word;
        EXPECT_EQ(wrongs("overlay/gossip.cc", word), 1u) << word;
        EXPECT_EQ(wrongs("overlay/libevent_world.cc", word), 0u) << word;
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

TEST(LayoutRules, NameTheLine) {
    const auto found = check_source("store/a.cc", "int a;\n/* one\n two */\n#include <thread>\n");
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].line, 4u);
    EXPECT_EQ(found[0].what, "<thread> is above the doors");
}

}  // namespace
}  // namespace halp::layout
