#include "tests/layout_rules.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <utility>

namespace halp::layout {
namespace {

using Words = std::vector<std::string_view>;

// A folder and what its files may include. `may` and `but_not` hold path prefixes; one that ends in "/*" stands for
// the files of that folder alone, without its subfolders. The first row whose prefix fits a file is the one that
// counts.
struct Folder {
    std::string_view prefix;
    Words may;
    Words but_not;
    bool protocol = false;    // only the standard library besides, and none of the world's words
    bool repeatable = false;  // a run depends on nothing but its seed
};

// Lower layers first.
const std::vector<Folder>& folders() {
    static const std::vector<Folder> all{
        {"store/files/", {"store/files/", "store/result.h", "store/time.h"}, {}},
        {"store/records/", {"store/"}, {"store/files/"}, true, true},
        {"store/", {"store/*"}, {}, true, true},

        {"overlay/text/", {"overlay/text/", "overlay/*", "store/*"}, {}, true, true},
        {"overlay/gossip/wire/", {"overlay/gossip/wire/", "overlay/*", "store/*"}, {}, true, true},
        {"overlay/gossip/view/",
         {"overlay/gossip/view/", "overlay/gossip/wire/", "overlay/*", "store/*"},
         {},
         true,
         true},
        {"overlay/gossip/self/",
         {"overlay/gossip/self/", "overlay/gossip/wire/", "overlay/*", "store/*"},
         {},
         true,
         true},
        {"overlay/gossip/", {"overlay/gossip/", "overlay/*", "store/*"}, {}, true, true},
        {"overlay/cache/", {"overlay/cache/", "overlay/*", "store/*"}, {}, true, true},
        {"overlay/node/",
         {"overlay/node/", "overlay/text/", "overlay/gossip/", "overlay/cache/", "overlay/*", "store/*"},
         {},
         true,
         true},
        {"overlay/libevent/", {"overlay/libevent/", "store/files/", "overlay/*", "store/*"}, {}},

        {"overlay/dht/wire/", {"overlay/dht/wire/", "overlay/*", "store/"}, {}, true, true},
        {"overlay/dht/records/",
         {"overlay/dht/records/", "overlay/dht/wire/", "overlay/*", "store/"},
         {},
         true,
         true},
        {"overlay/dht/ranges/",
         {"overlay/dht/ranges/", "overlay/dht/records/", "overlay/dht/wire/", "overlay/*", "store/"},
         {},
         true,
         true},
        {"overlay/dht/node/",
         {"overlay/dht/node/", "overlay/dht/ranges/", "overlay/dht/records/", "overlay/dht/wire/", "overlay/*",
          "store/"},
         {},
         true,
         true},
        {"overlay/dht/client/",
         {"overlay/dht/client/", "overlay/dht/wire/", "overlay/text/", "overlay/node/overlay_node.h", "overlay/*",
          "store/"},
         {},
         true,
         true},
        {"overlay/dht/testing/",
         {"overlay/dht/testing/", "overlay/dht/client/", "overlay/dht/node/", "overlay/dht/ranges/",
          "overlay/dht/records/", "overlay/dht/wire/", "overlay/*", "store/"},
         {},
         true,
         true},
        {"overlay/dht/libevent/", {"overlay/dht/", "overlay/libevent/", "store/files/", "overlay/*", "store/"}, {}},
        {"overlay/dht/", {}, {}, true, true},  // its folders hold everything
        {"overlay/dns/", {"overlay/dns/", "overlay/*", "store/*"}, {}, true, true},
        {"overlay/", {"overlay/*", "store/*"}, {}, true, true},

        {"config/",
         {"config/", "store/files/", "overlay/overlay_options.h", "overlay/input_account.h", "store/endpoint.h",
          "store/label.h", "store/label_table.h", "store/overloaded.h", "store/result.h", "store/time.h",
          "store/edit_distance.h", "store/tags.h"},
         {}},

        {"simulations/world/", {"simulations/world/", "store/files/", "overlay/*", "store/*"}, {}, false, true},
        {"simulations/views/",
         {"simulations/views/", "simulations/world/", "overlay/gossip/", "overlay/*", "store/*"},
         {},
         false,
         true},
        {"simulations/swarm/",
         {"simulations/swarm/", "simulations/views/", "simulations/world/", "overlay/", "store/*", "config/"},
         {"overlay/libevent/", "overlay/dht/"},
         false,
         true},
        {"simulations/faults/",
         {"simulations/faults/", "simulations/swarm/", "simulations/views/", "simulations/world/", "overlay/",
          "store/*"},
         {"overlay/libevent/", "overlay/dht/"},
         false,
         true},
        {"simulations/published/",
         {"simulations/published/", "simulations/views/", "simulations/world/", "overlay/gossip/", "overlay/*",
          "store/*"},
         {},
         false,
         true},
        {"simulations/", {}, {}, false, true},

        {"tools/program/", {"tools/program/", "store/*"}, {}},
        {"tools/halp-sim/mpi/", {"simulations/world/ranks.h"}, {}},
        {"tools/halp-sim/report/",
         {"tools/halp-sim/report/", "tools/program/", "simulations/", "store/files/", "overlay/", "store/",
          "config/"},
         {}},
        {"tools/halp-sim/",
         {"tools/halp-sim/", "tools/program/", "simulations/", "store/files/", "overlay/", "store/", "config/"},
         {}},
        {"tools/examples/", {}, {}},  // they are built against an installation
        {"tools/bench/", {"tools/", "simulations/", "store/files/", "overlay/", "store/", "config/"}, {}},
        {"tools/halp/dht/",
         {"tools/halp/", "tools/program/", "store/files/", "overlay/", "store/", "config/"},
         {"tools/halp/store/"}},
        {"tools/halp/store/",
         {"tools/halp/", "tools/program/", "store/files/", "overlay/", "store/", "config/"},
         {"tools/halp/dht/"}},
        {"tools/libhalp/",
         {"tools/libhalp/", "tools/halp/daemon/event_stream.h", "tools/halp/local_cache.h",
          "tools/halp/server_round.h", "tools/halp/daemon/usual_sockets.h", "overlay/", "store/*", "store/files/",
          "store/records/"},
         {}},
        {"tools/halp/", {"tools/halp/", "tools/program/", "store/files/", "overlay/", "store/", "config/"}, {}},
        {"tools/halpd/", {"tools/halpd/", "tools/program/", "store/files/", "overlay/", "store/", "config/"}, {}},
    };
    return all;
}

// Libraries and the only places that may know them.
struct Library {
    std::string_view header;  // prefix of what stands between < and >
    Words places;
};

const std::vector<Library>& libraries() {
    static const std::vector<Library> all{
        {"event2/", {"overlay/libevent/", "overlay/dht/libevent/", "tools/"}},
        {"event.h", {}},  // libevent's deprecated headers
        {"evhttp.h", {}},
        {"evdns.h", {}},
        {"yaml-cpp/", {"config/"}},
        {"lmdb.h", {"store/records/lmdb", "tools/bench/lmdb_loop"}},
        {"arpa/inet.h",
         {"store/endpoint.cc", "overlay/libevent/", "tools/"}},  // in store: text to bytes, no socket
        // A record file is looked at beside LMDB: its size, its name, its pages.
        {"sys/stat.h",
         {"store/records/lmdb_", "store/files/", "overlay/libevent/", "overlay/dht/libevent/", "config/",
          "simulations/", "tools/"}},
        {"unistd.h",
         {"store/records/lmdb_", "store/files/", "overlay/libevent/", "overlay/dht/libevent/", "config/",
          "simulations/", "tools/"}},
        // And the room of LMDB's lock file is taken, and its file repaired before LMDB opens it.
        {"fcntl.h",
         {"store/records/lmdb_lock_file.cc", "store/records/lmdb_redo_log.cc", "store/files/", "overlay/libevent/",
          "overlay/dht/libevent/", "config/", "simulations/", "tools/"}},
        {"linux/fs.h", {"store/records/lmdb_lock_file.cc"}},
        {"sys/ioctl.h", {"store/records/lmdb_lock_file.cc", "overlay/libevent/", "tools/"}},
        {"sodium.h", {"overlay/dht/wire/neo_hmac.cc"}},
        {"openssl/", {"tools/halpd/http/tls.cc"}},
        {"spdlog/", {"tools/halpd/log/log.cc"}},
        {"nlohmann/", {"tools/program/json.cc"}},
        {"CLI/", {"tools/program/arguments.cc"}},
        {"boost/", {"simulations/", "tools/"}},
        {"mpi.h", {"tools/halp-sim/mpi/mpi_ranks.cc"}},
        {"gtest/", {}},
        {"gmock/", {}},
        {"rapidcheck", {}},
        {"benchmark/", {"tools/bench/"}},
    };
    return all;
}

const Words& headers_of_the_world() {
    static const Words all{"condition_variable", "filesystem", "fstream", "future", "iostream", "mutex", "random",
                           "shared_mutex",       "thread"};
    return all;
}

const Words& words_of_the_world() {
    static const Words all{"std::thread", "std::jthread", "std::this_thread", "std::async",  "std::ifstream",
                           "std::cout",   "std::cerr",    "std::ofstream",    "std::clog",   "std::fstream",
                           "spdlog",      "getenv",       "secure_getenv",    "std::printf", "std::fopen"};
    return all;
}

const Words& words_of_chance() {
    static const Words all{"system_clock::now",
                           "steady_clock::now",
                           "high_resolution_clock::now",
                           "time(nullptr)",
                           "time(NULL)",
                           "time(0)",
                           "random_device",
                           "std::rand",
                           "std::shuffle",
                           "ranges::shuffle",
                           "std::sample",
                           "uniform_int_distribution",
                           "uniform_real_distribution",
                           "bernoulli_distribution",
                           "normal_distribution",
                           "exponential_distribution",
                           "poisson_distribution",
                           "discrete_distribution"};
    return all;
}

bool begins_with(std::string_view path, std::string_view prefix) {
    if (!prefix.ends_with("/*")) return path.starts_with(prefix);
    prefix.remove_suffix(1);
    return path.starts_with(prefix) && path.find('/', prefix.size()) == std::string_view::npos;
}

bool begins_with_any(std::string_view path, const Words& prefixes) {
    return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return begins_with(path, prefix); });
}

bool in_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool says(std::string_view line, std::string_view word) {
    for (auto at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        const bool begins = at == 0 || !in_word(line[at - 1]);
        const bool ends = end == line.size() || !in_word(word.back()) || !in_word(line[end]);
        if (begins && ends) return true;
    }
    return false;
}

// What stands behind #include, with its < or "; empty when the line includes nothing.
std::string_view included(std::string_view line) {
    const auto skip = [&](std::string_view expected) {
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        if (!line.starts_with(expected)) return false;
        line.remove_prefix(expected.size());
        return true;
    };
    if (!skip("#") || !skip("include") || !skip("")) return {};
    const char closing = line.starts_with('<') ? '>' : '"';
    const auto end = line.find(closing, 1);
    return line.substr(0, end == std::string_view::npos ? line.size() : end);
}

// A sentence about what is wrong with including this, or nothing.
std::string wrong_project_include(const Folder& folder, std::string_view header) {
    const bool fits = begins_with_any(header, folder.may) && !begins_with_any(header, folder.but_not) &&
                      header.find("..") == std::string_view::npos;
    return fits ? "" : std::string(folder.prefix) + " must not include \"" + std::string(header) + "\"";
}

std::string wrong_library_include(const Folder& folder, std::string_view path, std::string_view header) {
    const std::string named = "<" + std::string(header) + ">";
    for (const Library& library : libraries()) {
        if (!header.starts_with(library.header)) continue;
        if (!begins_with_any(path, library.places)) return named + " is not for " + std::string(folder.prefix);
        // yaml-cpp stays behind the headers of config.
        if (library.header == "yaml-cpp/" && !path.ends_with(".cc")) return named + " is only for config/*.cc";
        return "";
    }
    if (!folder.protocol) return "";
    const bool standard = header.find_first_of("./") == std::string_view::npos;
    if (!standard)
        return named + " is not a header of the C++ standard library, and protocol code includes no other";
    return std::ranges::count(headers_of_the_world(), header) != 0
               ? named + " belongs to a world, not to protocol code"
               : "";
}

std::string wrong_include(const Folder& folder, std::string_view path, std::string_view include) {
    if (include.starts_with('"')) return wrong_project_include(folder, include.substr(1));
    if (include.starts_with('<')) return wrong_library_include(folder, path, include.substr(1));
    return "an include that is not spelt out cannot be judged";
}

std::vector<std::string> wrong_words(const Folder& folder, std::string_view line) {
    std::vector<std::string> found;
    const auto look_for = [&](const Words& words) {
        for (const std::string_view word : words) {
            if (says(line, word))
                found.push_back("\"" + std::string(word) + "\" must not be used in " + std::string(folder.prefix));
        }
    };
    if (folder.protocol) look_for(words_of_the_world());
    if (folder.repeatable) look_for(words_of_chance());
    return found;
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

// Where the quoted text that opens at `at` ends (behind its closing quote).
std::size_t end_of_quotes(std::string_view source, std::size_t at) {
    const char quote = source[at];
    for (++at; at < source.size() && source[at] != quote && source[at] != '\n'; ++at) {
        if (source[at] == '\\') ++at;
    }
    return std::min(at + 1, source.size());
}

// The same for R"mark( ... )mark", opening at its quote.
std::size_t end_of_raw_string(std::string_view source, std::size_t at) {
    const std::size_t bracket = std::min(source.find('(', at), source.size());
    const std::string closing = ")" + std::string(source.substr(at + 1, bracket - at - 1)) + "\"";
    const std::size_t end = source.find(closing, bracket);
    return end == std::string_view::npos ? source.size() : end + closing.size();
}

enum class Piece { code, comment, quoted };

// The piece of source that begins at `at`, and where it ends.
std::pair<Piece, std::size_t> next_piece(std::string_view source, std::size_t at) {
    const std::string_view rest = source.substr(at);
    if (rest.starts_with("//")) return {Piece::comment, std::min(source.find('\n', at), source.size())};
    if (rest.starts_with("/*")) {
        const std::size_t end = source.find("*/", at + 2);
        return {Piece::comment, end == std::string_view::npos ? source.size() : end + 2};
    }
    const bool raw = at > 0 && source[at - 1] == 'R';
    if (rest.front() == '"')
        return {Piece::quoted, raw ? end_of_raw_string(source, at) : end_of_quotes(source, at)};
    const bool separates_digits = at > 0 && in_word(source[at - 1]);
    if (rest.front() == '\'' && !separates_digits) return {Piece::quoted, end_of_quotes(source, at)};
    return {Piece::code, at + 1};
}

}  // namespace

std::string blanked(std::string_view source, bool strings) {
    std::string out{source};
    for (std::size_t at = 0; at < source.size();) {
        const auto [piece, end] = next_piece(source, at);
        const bool blank = piece == Piece::comment || (piece == Piece::quoted && strings);
        for (std::size_t i = at; blank && i < end; ++i) {
            if (out[i] != '\n') out[i] = ' ';
        }
        at = end;
    }
    return out;
}

std::vector<Violation> check_source(std::string_view path, std::string_view text) {
    const auto folder =
        std::ranges::find_if(folders(), [&](const Folder& f) { return path.starts_with(f.prefix); });
    if (folder == folders().end()) return {};

    std::vector<Violation> found;
    const std::string uncommented = blanked(text, false), bare = blanked(text, true);
    const std::vector<std::string_view> with_names = lines_of(uncommented), code = lines_of(bare);
    for (std::size_t i = 0; i < code.size(); ++i) {
        if (const std::string_view include = included(with_names[i]); !include.empty()) {
            std::string what = wrong_include(*folder, path, include);
            if (!what.empty()) found.push_back({i + 1, std::move(what)});
            continue;
        }
        for (std::string& what : wrong_words(*folder, code[i])) found.push_back({i + 1, std::move(what)});
    }
    return found;
}

bool allowed_at_the_top(std::string_view folder) {
    return std::ranges::count(
               Words{".ci", "config", "files", "findings", "overlay", "simulations", "store", "tests", "tools"},
               folder) != 0;
}

bool ignored_at_the_top(std::string_view folder) {
    return folder == ".git" || folder == ".cache" || folder == "out" || folder.starts_with("build");
}

}  // namespace halp::layout
