// Protocol code asks the system for no socket, clock, event loop, thread, file, environment variable or log. `nm`
// lists the symbols that each archive needs, so this holds for everything that was compiled, whatever its source
// looks like. HALP_PROTOCOL_ARCHIVES are the archives, HALP_WORLD_ARCHIVES two that do use the system, HALP_NM is
// the program.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace halp {
namespace HALP_TEST_FILE {

using Words = std::vector<std::string_view>;

bool is_any(std::string_view symbol, const Words& names) { return std::ranges::count(names, symbol) != 0; }

bool begins_with_any(std::string_view symbol, const Words& prefixes) {
    return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return symbol.starts_with(prefix); });
}

bool contains_any(std::string_view symbol, const Words& parts) {
    return std::ranges::any_of(parts, [&](std::string_view part) { return symbol.find(part) != symbol.npos; });
}

// C names are compared whole, so that a function of ours may be called connect, too.
bool belongs_to_the_world(std::string_view symbol) {
    static const Words functions{
        "socket",       "socketpair",  "connect",       "bind",       "listen",        "accept",   "accept4",
        "send",         "sendto",      "sendmsg",       "recv",       "recvfrom",      "recvmsg",  "setsockopt",
        "getsockname",  "getaddrinfo", "gethostbyname", "poll",       "ppoll",         "select",   "clock_gettime",
        "gettimeofday", "time",        "clock",         "nanosleep",  "usleep",        "sleep",    "localtime",
        "localtime_r",  "mktime",      "open",          "open64",     "openat",        "__open_2", "creat",
        "read",         "write",       "fopen",         "fopen64",    "fwrite",        "fread",    "rename",
        "unlink",       "printf",      "__printf_chk",  "fprintf",    "__fprintf_chk", "puts",     "fputs",
        "fputc",        "putchar",     "syslog",        "getenv",     "secure_getenv", "rand",     "srand",
        "random",       "getrandom",   "getentropy",    "arc4random", "fork",          "stat",     "fstat",
        "mmap",         "pread",       "pwrite",        "fsync",      "mkdir",         "opendir",  "sysconf",
        "pipe",         "pipe2",       "ioctl",         "fcntl",      "timespec_get",  "ftime",    "sched_yield"};
    static const Words families{"event_",  "evbuffer_", "bufferevent_",    "evutil_", "evdns_",
                                "evhttp_", "evthread_", "evconnlistener_", "epoll_",  "pthread_",
                                "timer_",  "timerfd_",  "clock_",          "sem_",    "thrd_",
                                "mtx_",    "mdb_"};
    static const Words classes{"system_clock::now(", "steady_clock::now(", "std::random_device::",
                               "std::thread::",      "std::this_thread::", "basic_filebuf<",
                               "basic_ifstream<",    "basic_ofstream<",    "basic_fstream<",
                               "std::filesystem::",  "spdlog::",           "std::cout",
                               "std::cerr",          "std::clog",          "YAML::"};
    return is_any(symbol, functions) || begins_with_any(symbol, families) || contains_any(symbol, classes);
}

// The symbols of `nm -u --demangle`: lines of blanks, a U (or w: weak), the name.
std::set<std::string> needed_symbols(std::string_view listing) {
    std::set<std::string> symbols;
    while (!listing.empty()) {
        std::string_view line = listing.substr(0, listing.find('\n'));
        listing.remove_prefix(std::min(line.size() + 1, listing.size()));
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        if (!line.starts_with("U ") && !line.starts_with("w ")) continue;
        line.remove_prefix(2);
        symbols.emplace(line.substr(0, line.find('@')));  // without @GLIBC_2.34
    }
    return symbols;
}

std::string listing_of(const std::string& archive) {
    const std::string command = std::string("\"") + HALP_NM + "\" -u --demangle \"" + archive + "\"";
    std::FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return "";
    std::string listing;
    std::array<char, 4096> part{};
    for (std::size_t n = 0; (n = std::fread(part.data(), 1, part.size(), pipe)) > 0;)
        listing.append(part.data(), n);
    return pclose(pipe) == 0 ? listing : "";
}

// The paths of a list in which a colon follows each of them.
std::vector<std::string> archives(std::string_view all) {
    std::vector<std::string> found;
    for (auto end = all.find(':'); end != all.npos; end = all.find(':')) {
        found.emplace_back(all.substr(0, end));
        all.remove_prefix(end + 1);
    }
    return found;
}

TEST(ProtocolSymbols, NeedNothingOfTheWorld) {
    ASSERT_GE(archives(HALP_PROTOCOL_ARCHIVES).size(), 10u);
    for (const std::string& archive : archives(HALP_PROTOCOL_ARCHIVES)) {
        const std::set<std::string> symbols = needed_symbols(listing_of(archive));
        EXPECT_FALSE(symbols.empty()) << "is this an archive: " << archive;
        for (const std::string& symbol : symbols)
            EXPECT_FALSE(belongs_to_the_world(symbol)) << symbol << " in " << archive;
    }
}

TEST(ProtocolSymbols, CoverTheProtocolFoldersOfTheDht) {
    for (const char* library : {"halp_dht_wire.", "halp_dht_node.", "halp_dht_client.", "halp_dht_testing."}) {
        const auto all = archives(HALP_PROTOCOL_ARCHIVES);
        EXPECT_TRUE(std::ranges::any_of(all, [&](const std::string& path) {
            return path.find(library) != path.npos;
        })) << library;
    }
}

// The same look at archives that do use sockets, clocks, files and libevent must find them.
TEST(ProtocolSymbols, OfArchivesOnTheSystemAreFound) {
    std::set<std::string> found;
    for (const std::string& archive : archives(HALP_WORLD_ARCHIVES)) {
        for (const std::string& symbol : needed_symbols(listing_of(archive)))
            if (belongs_to_the_world(symbol)) found.insert(symbol);
    }
    for (const char* symbol : {"socket", "clock_gettime", "event_base_loop", "event_new", "fopen", "open"})
        EXPECT_TRUE(found.contains(symbol)) << symbol;
}

TEST(ProtocolSymbols, AreReadFromTheListingOfNm) {
    const auto symbols = needed_symbols(
        "\ngossip.cc.o:\n                 U socket\n                 w pthread_create@GLIBC_2.34\n"
        "                 U std::chrono::_V2::steady_clock::now()\n0000 T halp::connect()");
    EXPECT_EQ(symbols,
              (std::set<std::string>{"socket", "pthread_create", "std::chrono::_V2::steady_clock::now()"}));
}

TEST(ProtocolSymbols, OfTheWorldWouldBeCaught) {
    for (const char* symbol : {"socket",
                               "connect",
                               "send",
                               "recv",
                               "clock_gettime",
                               "gettimeofday",
                               "time",
                               "event_new",
                               "evbuffer_add",
                               "pthread_create",
                               "pthread_mutex_lock",
                               "clock_nanosleep",
                               "mmap",
                               "mdb_get",
                               "open",
                               "fopen",
                               "getenv",
                               "puts",
                               "std::chrono::_V2::system_clock::now()",
                               "std::random_device::_M_getval()",
                               "std::thread::_M_start_thread()",
                               "spdlog::info(int)",
                               "std::cout",
                               "std::basic_ifstream<char, std::char_traits<char> >::basic_ifstream()"}) {
        EXPECT_TRUE(belongs_to_the_world(symbol)) << symbol;
    }
}

TEST(ProtocolSymbols, OfTheHouseMayLookAlike) {
    for (const char* symbol : {"halp::Transport::connect(halp::Endpoint const&)", "halp::open(int)", "memcpy",
                               "snprintf", "operator new(unsigned long)", "halp::gossip::event_of(int)",
                               "__assert_fail", "std::__throw_length_error(char const*)", "timelike"}) {
        EXPECT_FALSE(belongs_to_the_world(symbol)) << symbol;
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
