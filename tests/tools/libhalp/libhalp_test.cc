// libhalp.so as an application uses it, with a real daemon, on a cache directory, and as a node of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <halp/halp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/tools/daemon_process.h"
#include "tests/tools/dht_daemon.h"

namespace halp::testing {
namespace {

namespace fs = std::filesystem;

// A handle that closes itself.
class Opened {
public:
    explicit Opened(const halp_options& options) { code_ = halp_open(&handle_, &options); }
    ~Opened() { EXPECT_EQ(halp_close(handle_), HALP_OK); }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;
    operator halp_handle*() const { return handle_; }
    [[nodiscard]] int code() const { return code_; }
    [[nodiscard]] std::string lookup(const char* label) const {
        halp_list* hosts = nullptr;
        if (const int code = halp_lookup(handle_, label, nullptr, &hosts); code != HALP_OK)
            return "error " + std::to_string(code) + ": " + halp_message();
        std::string all;
        for (std::size_t i = 0; i < halp_count(hosts); ++i)
            all += std::string{halp_at(hosts, i)->host} + ":" + std::to_string(halp_at(hosts, i)->port) + " ";
        halp_free(hosts);
        return all;
    }

private:
    halp_handle* handle_ = nullptr;
    int code_ = HALP_OK;
};

halp_options at_daemon(const std::string& socket) {
    halp_options options = HALP_OPTIONS_INIT;
    options.mode = HALP_DAEMON;
    options.socket = socket.c_str();
    return options;
}

struct Seen {
    std::vector<int> kinds;
    std::set<std::string> hosts;
    std::function<void(const halp_event&)> also;

    static void take(void* context, const halp_event* event) {
        auto& seen = *static_cast<Seen*>(context);
        seen.kinds.push_back(event->kind);
        if (event->kind == HALP_EVENT_HOST) seen.hosts.insert(event->host->host);
        if (event->kind == HALP_EVENT_GONE) seen.hosts.erase(event->host->host);
        if (seen.also) seen.also(*event);
    }
    [[nodiscard]] bool has(int kind) const { return std::find(kinds.begin(), kinds.end(), kind) != kinds.end(); }
};

bool dispatch_until(halp_handle* handle, const std::function<bool()>& holds) {
    return eventually([&] { return halp_dispatch(handle, 20) >= 0 && holds(); });
}

TEST(Libhalp, AnnouncesLooksUpAndWithdrawsAtADaemon) {
    Daemon daemon;
    const std::string socket = daemon.home().admin();
    Opened one{at_daemon(socket)}, other{at_daemon(socket)};
    ASSERT_EQ(one.code(), HALP_OK) << halp_message();
    halp_id id = 0;

    ASSERT_EQ(halp_announce(one, "chat", "192.0.2.7", 80, &id), HALP_OK) << halp_message();
    EXPECT_EQ(other.lookup("chat"), "192.0.2.7:80 ");
    halp_list* labels = nullptr;
    ASSERT_EQ(halp_sublabels(other, nullptr, nullptr, &labels), HALP_OK);
    EXPECT_STREQ(halp_at(labels, 0)->host, "chat");
    halp_free(labels);
    ASSERT_EQ(halp_cancel(one, id), HALP_OK);
    EXPECT_TRUE(eventually([&] { return other.lookup("chat").empty(); }));
    EXPECT_EQ(halp_cancel(one, id), HALP_NOT_FOUND);
}

TEST(Libhalp, TagsOfAnAnnouncementAreListedAndAskedFor) {
    Daemon daemon;
    Opened one{at_daemon(daemon.home().admin())};
    halp_announce_options tagged = HALP_ANNOUNCE_OPTIONS_INIT;
    tagged.tags = "v=2,blue";
    ASSERT_EQ(halp_announce_with(one, "chat", "192.0.2.7", 80, &tagged, nullptr), HALP_OK) << halp_message();
    ASSERT_EQ(halp_announce(one, "chat", "192.0.2.8", 80, nullptr), HALP_OK);
    halp_lookup_options wanted = HALP_LOOKUP_OPTIONS_INIT;
    const auto tags_found = [&](const char* tag) {
        halp_list* hosts = nullptr;
        wanted.tag = tag;
        EXPECT_EQ(halp_lookup(one, "chat", &wanted, &hosts), HALP_OK) << halp_message();
        std::multiset<std::string> tags;
        for (std::size_t i = 0; i < halp_count(hosts); ++i) tags.insert(halp_at(hosts, i)->tags);
        halp_free(hosts);
        return tags;
    };

    EXPECT_EQ(tags_found(nullptr), (std::multiset<std::string>{"", "blue,v=2"}));
    EXPECT_EQ(tags_found("v=2"), (std::multiset<std::string>{"blue,v=2"}));
    EXPECT_TRUE(tags_found("green").empty());
    Seen seen;
    std::set<std::string> told;
    seen.also = [&](const halp_event& event) {
        if (event.host != nullptr) told.insert(event.host->tags);
    };
    ASSERT_EQ(halp_watch(one, "chat", Seen::take, &seen, nullptr), HALP_OK);
    EXPECT_TRUE(dispatch_until(one, [&] { return seen.has(HALP_EVENT_COMPLETE); }));
    EXPECT_EQ(told, (std::set<std::string>{"", "blue,v=2"}));
    tagged.tags = "two words";
    EXPECT_EQ(halp_announce_with(one, "chat", "192.0.2.9", 80, &tagged, nullptr), HALP_INVALID);
    EXPECT_EQ(halp_sublabels(one, nullptr, &wanted, nullptr), HALP_INVALID);
}

TEST(Libhalp, AWatchTellsTheListThatItIsCompleteAndWhatChanges) {
    Daemon daemon;
    Opened one{at_daemon(daemon.home().admin())}, other{at_daemon(daemon.home().admin())};
    halp_id first = 0, watch = 0;
    ASSERT_EQ(halp_announce(other, "chat", "192.0.2.1", 80, &first), HALP_OK);
    Seen seen;
    ASSERT_EQ(halp_watch(one, "chat", Seen::take, &seen, &watch), HALP_OK);
    EXPECT_TRUE(seen.kinds.empty());  // only inside dispatch

    ASSERT_TRUE(dispatch_until(one, [&] { return seen.has(HALP_EVENT_COMPLETE); }));
    EXPECT_EQ(seen.hosts, std::set<std::string>{"192.0.2.1"});
    ASSERT_EQ(halp_announce(other, "chat", "192.0.2.2", 80, nullptr), HALP_OK);
    pollfd readable{halp_fd(one), POLLIN, 0};
    EXPECT_EQ(poll(&readable, 1, 10'000), 1);
    EXPECT_TRUE(dispatch_until(one, [&] { return seen.hosts.count("192.0.2.2") == 1; }));
    ASSERT_EQ(halp_cancel(other, first), HALP_OK);
    EXPECT_TRUE(dispatch_until(one, [&] { return seen.hosts.count("192.0.2.1") == 0; }));

    // A callback may use its handle, but neither close nor dispatch it.
    seen.also = [&](const halp_event& event) {
        EXPECT_EQ(halp_dispatch(one, 0), HALP_BUSY);
        EXPECT_EQ(halp_close(one), HALP_BUSY);
        EXPECT_EQ(halp_cancel(one, event.id), HALP_OK);
    };
    seen.kinds.clear();
    ASSERT_EQ(halp_announce(other, "chat", "192.0.2.3", 80, nullptr), HALP_OK);
    EXPECT_TRUE(dispatch_until(one, [&] { return !seen.kinds.empty(); }));
    EXPECT_EQ(seen.kinds.size(), 1U);
}

TEST(Libhalp, ADaemonThatIsRestartedIsTakenUpAgain) {
    const Home home;
    auto daemon = std::make_unique<Daemon>(home, DaemonOptions{});
    Opened one{at_daemon(home.admin())};
    Seen seen;
    ASSERT_EQ(halp_announce(one, "chat", "192.0.2.1", 80, nullptr), HALP_OK);
    ASSERT_EQ(halp_watch(one, "chat", Seen::take, &seen, nullptr), HALP_OK);
    ASSERT_TRUE(dispatch_until(one, [&] { return seen.has(HALP_EVENT_COMPLETE); }));

    daemon->process().signal(SIGKILL);
    ASSERT_TRUE(daemon->process().wait(generous));
    ASSERT_TRUE(dispatch_until(one, [&] { return seen.has(HALP_EVENT_LOST); }));
    EXPECT_TRUE(one.lookup("chat").starts_with("error -1")) << one.lookup("chat");
    seen.kinds.clear();
    daemon = std::make_unique<Daemon>(home, DaemonOptions{});

    EXPECT_TRUE(dispatch_until(one, [&] { return seen.has(HALP_EVENT_COMPLETE); }));
    EXPECT_TRUE(dispatch_until(one, [&] { return one.lookup("chat") == "192.0.2.1:80 "; }));
    EXPECT_EQ(seen.hosts, std::set<std::string>{"192.0.2.1"});
}

TEST(Libhalp, ConnectTakesTheFirstHostThatWorksAndReportsTheOthers) {
    Daemon daemon;
    Opened one{at_daemon(daemon.home().admin())};
    const std::uint16_t open = daemon.endpoint().port;
    ASSERT_EQ(halp_announce(one, "chat", "127.0.0.1", open, nullptr), HALP_OK);
    ASSERT_EQ(halp_announce(one, "chat", "127.0.0.1", 1, nullptr), HALP_OK);
    ASSERT_EQ(halp_confirm(one, "chat", "127.0.0.1", 1, 1), HALP_OK);  // to the top
    EXPECT_EQ(one.lookup("chat").find("127.0.0.1:1 "), 0U) << one.lookup("chat");

    halp_list* reached = nullptr;
    const int fd = halp_connect(one, "chat", nullptr, &reached);

    ASSERT_GE(fd, 0) << halp_message();
    EXPECT_EQ(write(fd, "get chat\n", 9), 9);
    ASSERT_EQ(halp_count(reached), 1U);
    EXPECT_EQ(halp_at(reached, 0)->port, open);
    halp_free(reached);
    close(fd);
    EXPECT_EQ(halp_connect(one, "nobody", nullptr, nullptr), HALP_NOT_FOUND);
}

TEST(Libhalp, WhatIsWrongIsToldByCodeAndSentence) {
    const Home home;
    EXPECT_EQ(Opened{at_daemon(home.path() + "/nobody")}.code(), HALP_UNREACHABLE);
    EXPECT_THAT(halp_message(), ::testing::HasSubstr("No daemon listens at"));
    halp_options options = HALP_OPTIONS_INIT;
    options.mode = HALP_CACHE;
    const std::string cache = home.cache();
    options.cache_dir = cache.c_str();
    Opened one{options};
    ASSERT_EQ(one.code(), HALP_OK);
    halp_list* hosts = nullptr;

    EXPECT_EQ(halp_lookup(one, "not a label", nullptr, &hosts), HALP_BAD_LABEL);
    EXPECT_EQ(halp_lookup(one, "x/", nullptr, &hosts), HALP_BAD_LABEL);
    EXPECT_EQ(halp_sublabels(one, "x", nullptr, &hosts), HALP_BAD_LABEL);
    EXPECT_EQ(halp_lookup(one, nullptr, nullptr, &hosts), HALP_BAD_LABEL);
    EXPECT_EQ(halp_lookup(nullptr, "x", nullptr, &hosts), HALP_INVALID);
    EXPECT_EQ(halp_announce(one, "x", "a b", 1, nullptr), HALP_INVALID);
    EXPECT_EQ(halp_announce(one, "x", "a", 0, nullptr), HALP_INVALID);
    EXPECT_EQ(halp_announce(one, "x", nullptr, 1, nullptr), HALP_INVALID);
    halp_announce_options tagged = HALP_ANNOUNCE_OPTIONS_INIT;
    tagged.tags = "blue";  // the cache has none
    EXPECT_EQ(halp_announce_with(one, "x", "a", 1, &tagged, nullptr), HALP_INVALID);
    EXPECT_EQ(halp_count(nullptr), 0U);
    EXPECT_EQ(halp_at(nullptr, 0), nullptr);
    for (int code = HALP_NO_MEMORY; code <= 0; ++code) EXPECT_STRNE(halp_strerror(code), "an unknown error");
}

TEST(Libhalp, WithoutADaemonTheCacheAndItsServersAreAsked) {
    Daemon server;
    const Home home;
    fs::create_directory(home.cache());
    const std::string cache = home.cache();
    halp_options options = HALP_OPTIONS_INIT;
    options.mode = HALP_CACHE;
    options.cache_dir = cache.c_str();
    options.announce_every_ms = 50;
    options.poll_every_ms = 50;
    Opened one{options};
    ASSERT_EQ(halp_announce(one, "halp", "127.0.0.1", server.endpoint().port, nullptr), HALP_OK);
    ASSERT_EQ(server.ask("insert chat\n1700000000 a.example 80"), "success: chat 1700000000 a.example 80");
    Seen seen;

    EXPECT_EQ(one.lookup("chat"), "a.example:80 ");
    ASSERT_EQ(halp_watch(one, "chat", Seen::take, &seen, nullptr), HALP_OK);
    ASSERT_EQ(halp_announce(one, "chat", "192.0.2.9", 9, nullptr), HALP_OK);
    EXPECT_TRUE(dispatch_until(one, [&] { return seen.hosts.size() == 2; }));
    EXPECT_TRUE(eventually([&] { return server.ask("get chat").find("192.0.2.9 9") != std::string::npos; }));
    EXPECT_TRUE(fs::exists(home.cache_file("chat")));
}

TEST(Libhalp, ANodeOfTheProcessIsOneOfTheSwarm) {
    Daemon daemon;
    const Home home;
    const std::string cache = home.cache(), join = daemon.endpoint().text();
    halp_options options = HALP_OPTIONS_INIT;
    options.mode = HALP_NODE;
    options.cache_dir = cache.c_str();
    options.join = join.c_str();
    options.listen = "127.0.0.1:0";
    options.profile = "local";
    Opened node{options}, other{at_daemon(daemon.home().admin())};
    ASSERT_EQ(node.code(), HALP_OK) << halp_message();
    EXPECT_EQ(halp_mode(node), HALP_NODE);
    Seen seen;
    ASSERT_EQ(halp_watch(node, "chat", Seen::take, &seen, nullptr), HALP_OK);
    ASSERT_TRUE(dispatch_until(node, [&] { return seen.has(HALP_EVENT_COMPLETE); }));

    ASSERT_EQ(halp_announce(other, "chat", "127.0.0.1", 81, nullptr), HALP_OK);
    halp_announce_options tagged = HALP_ANNOUNCE_OPTIONS_INIT;
    tagged.tags = "blue";
    ASSERT_EQ(halp_announce_with(node, "game", "127.0.0.1", 82, &tagged, nullptr), HALP_OK);

    EXPECT_TRUE(dispatch_until(node, [&] { return seen.hosts.count("127.0.0.1") == 1; }));
    halp_lookup_options wanted = HALP_LOOKUP_OPTIONS_INIT;
    wanted.tag = "blue";
    for (halp_handle* const at : {static_cast<halp_handle*>(node), static_cast<halp_handle*>(other)}) {
        halp_list* hosts = nullptr;
        EXPECT_TRUE(eventually([&] {
            halp_free(hosts);
            return halp_lookup(at, "game", &wanted, &hosts) == HALP_OK && halp_count(hosts) == 1;
        })) << other.lookup("game");
        halp_free(hosts);
    }
    options.profile = "moon";
    EXPECT_EQ(Opened{options}.code(), HALP_INVALID);
}

TEST(Libhalp, RecordsAreWrittenReadScannedAndMirrored) {
    const Home home;
    Daemon daemon{home, dht_options(home)};
    Opened one{at_daemon(home.admin())};
    halp_dht* dht = nullptr;
    const int opened = halp_dht_open(&dht, one, nullptr);
    ASSERT_EQ(opened, HALP_OK) << halp_message();
    using Records = std::map<std::uint64_t, std::string>;
    Records scanned, mirrored;
    void* value = nullptr;
    std::size_t size = 0;

    EXPECT_EQ(halp_dht_put(dht, "users", 7, "Ann", 3), HALP_OK) << halp_message();
    EXPECT_EQ(halp_dht_get(dht, "users", 7, &value, &size), HALP_OK);
    EXPECT_EQ((std::string{static_cast<char*>(value), size}), "Ann");
    halp_free(value);
    EXPECT_EQ(halp_dht_get(dht, "users", 8, &value, &size), HALP_NOT_FOUND);
    EXPECT_EQ(halp_dht_exists(dht, "users", 7), 1);
    EXPECT_EQ(halp_dht_exists(dht, "users", 8), 0);
    const auto scan = [](void* context, std::uint64_t key, const void* bytes, std::size_t length) {
        (*static_cast<Records*>(context))[key] = {static_cast<const char*>(bytes), length};
        return 0;
    };
    EXPECT_EQ(halp_dht_scan(dht, "users", scan, &scanned), HALP_OK);
    const auto mirror = [](void* context, int what, std::uint64_t key, const void* bytes, std::size_t length) {
        if (what == HALP_DHT_PRESENT)
            (*static_cast<Records*>(context))[key] = {static_cast<const char*>(bytes), length};
        return 1;
    };
    EXPECT_EQ(halp_dht_mirror(dht, "users", 5000, mirror, &mirrored), HALP_OK) << halp_message();
    EXPECT_EQ(scanned, (Records{{7, "Ann"}}));
    EXPECT_EQ(mirrored, scanned);
    EXPECT_EQ(halp_dht_remove(dht, "users", 7), 1);
    EXPECT_EQ(halp_dht_remove(dht, "users", 7), 0);
    EXPECT_EQ(halp_dht_close(dht), HALP_OK);
}

// A daemon that says one thing to whoever asks: to GET /version what is right, and then `answer`.
class BrokenDaemon {
public:
    BrokenDaemon(std::string path, std::string answer) : path_(std::move(path)), answer_(std::move(answer)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(listen(listener_, 8), 0);
        thread_ = std::thread{[this] { serve(); }};
    }
    ~BrokenDaemon() {
        shutdown(listener_, SHUT_RDWR);
        thread_.join();
        close(listener_);
        fs::remove(path_);
    }
    BrokenDaemon(const BrokenDaemon&) = delete;
    BrokenDaemon& operator=(const BrokenDaemon&) = delete;

private:
    void serve() {
        for (int fd = -1; (fd = accept(listener_, nullptr, nullptr)) >= 0; close(fd)) {
            char request[4096];
            for (ssize_t got = 0; (got = recv(fd, request, sizeof request, 0)) > 0;) {
                const bool first =
                    std::string_view{request, static_cast<std::size_t>(got)}.starts_with("GET /version");
                const std::string say = first ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" : answer_;
                if (send(fd, say.data(), say.size(), MSG_NOSIGNAL) < 0 || !first) break;
            }
        }
    }
    std::string path_, answer_;
    int listener_ = socket(AF_UNIX, SOCK_STREAM, 0);
    std::thread thread_;
};

TEST(Libhalp, ADaemonThatAnswersNonsenseIsAnErrorAndNoMore) {
    const Home home;
    const auto answer = [](const std::string& body) {
        return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    };
    const std::string stream = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::vector<std::string> all{"",
                                       "\n",
                                       std::string(20'000, 'x'),
                                       "HTTP/1.1 200 OK\r\n\r\n",
                                       "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n",
                                       "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
                                       answer("{}"),
                                       answer("{\"entries\":[{\"host\":\"a\""),
                                       answer(std::string(9999, '[')),
                                       stream + "zzz\r\n",
                                       stream + "3\r\nxyz\r\n0\r\n\r\n"};
    for (const std::string& one : all) {
        const std::string socket = home.path() + "/broken";
        const BrokenDaemon daemon{socket, one};
        halp_options options = at_daemon(socket);
        options.timeout_ms = 2000;
        Opened opened{options};
        ASSERT_EQ(opened.code(), HALP_OK) << halp_message();
        Seen seen;

        EXPECT_TRUE(opened.lookup("chat").starts_with("error -9")) << one.substr(0, 60) << opened.lookup("chat");
        const int watched = halp_watch(opened, "chat", Seen::take, &seen, nullptr);
        if (watched == HALP_OK)
            EXPECT_TRUE(dispatch_until(opened, [&] { return seen.has(HALP_EVENT_LOST); }));
        else
            EXPECT_EQ(watched, HALP_IO) << one.substr(0, 60);
    }
}

// ---- the binary interface ----

// A function that is missing breaks programs. One more is one more to keep: add it to libhalp.symbols on purpose.
TEST(LibhalpInterface, ExportsWhatIsWrittenDown) {
    const Home home;
    const Finished listed = run(
        home,
        {"/bin/sh", "-c", R"("$0" -D --defined-only "$1" | sed 's/.* //; s/@.*//' | sort)", HALP_NM, HALP_LIBRARY});
    std::string exported = listed.out;
    if (exported.starts_with("HALP_1\n")) exported.erase(0, 7);  // the version itself

    EXPECT_EQ(exported, process::read_whole_file(HALP_SYMBOLS));
}

TEST(LibhalpInterface, StructuresHaveTheirSizes) {
    if (sizeof(void*) != 8) GTEST_SKIP() << "the figures are those of 64 bits";
    EXPECT_EQ(sizeof(halp_options), 96U);
    EXPECT_EQ(sizeof(halp_host), 32U);
    EXPECT_EQ(sizeof(halp_list), 32U);
    EXPECT_EQ(sizeof(halp_lookup_options), 32U);
    EXPECT_EQ(sizeof(halp_announce_options), 16U);
    EXPECT_EQ(sizeof(halp_connect_options), 24U);
    EXPECT_EQ(sizeof(halp_event), 40U);
    EXPECT_EQ(sizeof(halp_dht_options), 40U);
}

}  // namespace
}  // namespace halp::testing
