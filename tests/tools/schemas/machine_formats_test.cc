// Every output for programs, produced by the programs and validated by a reader of another language against
// tools/schemas. HALP_SCHEMAS, HALP_OUTPUT_CHECKER and HALP_PYTHON come from the build.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/tools/dht_daemon.h"
#include "tools/halp/dht/dht_arguments.h"
#include "tools/halp/store/store_arguments.h"
#include "tools/halp/verb_help.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

// What was written, in files beside a list of them.
class Outputs {
public:
    void keep(const std::string& output, const std::string& text) {
        const std::string name = std::to_string(++count_);
        std::ofstream{home_.path() + "/" + name, std::ios::binary} << text;
        std::ofstream{home_.path() + "/outputs", std::ios::app} << output << "\t" << name << "\n";
    }
    void keep_file(const std::string& output, const std::string& path) {
        ASSERT_TRUE(std::filesystem::exists(path)) << path;
        keep(output, process::read_whole_file(path));
    }
    // Every output whose name begins so was kept, and all that was kept is what its schema says.
    void expect_valid(const std::vector<std::string>& prefixes) {
        std::vector<std::string> argv{HALP_PYTHON, HALP_OUTPUT_CHECKER, HALP_SCHEMAS, home_.path()};
        argv.insert(argv.end(), prefixes.begin(), prefixes.end());
        const Finished checked = run(home_, argv);
        EXPECT_EQ(checked.code, 0) << checked.out << checked.error;
    }
    [[nodiscard]] const Home& home() const { return home_; }

private:
    Home home_;
    int count_ = 0;
};

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (end > 0) words.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

// A daemon with records, and one that it knows.
class MachineFormats : public ::testing::Test {
protected:
    static DaemonOptions options(const Home& home) {
        DaemonOptions options = dht_options(home, {"dht.engine=memory", "dht.legacy_listen=127.0.0.1:0",
                                                   "dht.request_times=true", "dht.statistics_interval=1s"});
        for (const std::string& word : {std::string{"--log-format"}, std::string{"json"}, std::string{"--set"},
                                        "log.file=" + home.path() + "/log"})
            options.more.push_back(word);
        return options;
    }

    // Runs `halp OUTPUT MORE --json` with the daemon and keeps its data as OUTPUT.
    void halp_json(const std::string& output, const std::string& more = "") {
        std::vector<std::string> argv = words_of(output.substr(5) + " " + more);
        argv.insert(argv.end(), {"--json", "--socket", daemon_.home().admin()});
        if (output.starts_with("halp dht ")) argv = words_of(output.substr(5) + " " + more + " --json");
        const Finished done = halp(daemon_.home(), argv);
        EXPECT_NE(done.code, 2) << output << ": " << done.error;
        outputs_.keep(output, done.out);
    }
    void dht_json(const std::string& output, const std::string& more = "") {
        halp_json(output, more + " --node " + dht_port(daemon_).text() + " --credentials " + daemon_.home().path() +
                              "/credentials");
    }
    void dht_operator(const std::string& output, const std::string& more) {
        std::vector<std::string> argv = words_of(output.substr(5) + " " + more);
        argv.insert(argv.end(), {"--json", "--socket", daemon_.home().admin()});
        const Finished done = halp(daemon_.home(), argv);
        EXPECT_EQ(done.code, 0) << output << ": " << done.error;
        outputs_.keep(output, done.out);
    }
    void admin(const std::string& output, cli::Method method, const std::string& target,
               const std::string& body = "") {
        const cli::AdminAnswer answer = daemon_.admin(method, target, body);
        EXPECT_NE(answer.status, 0) << target;
        outputs_.keep(output, answer.body);
    }

    // The stream of everything, until the end of an announcement that is made meanwhile.
    void keep_events() {
        std::string bytes, lines, name;
        const cli::AdminClient client{daemon_.home().admin(), generous};
        bool told = false;
        const auto answer = client.stream("/v1/events", [&](std::string_view piece) {
            bytes += piece;
            if (!std::exchange(told, true)) {
                daemon_.admin(cli::Method::put, "/v1/labels/e", R"({"endpoint":"e.example:84"})");
                daemon_.admin(cli::Method::remove, "/v1/labels/e?endpoint=e.example:84");
            }
            return bytes.find("\"why\":\"withdrawn\"") == std::string::npos;
        });
        ASSERT_TRUE(answer);
        for (const std::string& line : lines_of(bytes)) {
            if (line.starts_with("event: ")) name = line.substr(7);
            if (!line.starts_with("data: {")) continue;
            const std::string fields = line.substr(7);
            lines += R"({"schema_version":1,"event":")" + name + "\"" + (fields == "}" ? "" : ",") + fields + "\n";
        }
        outputs_.keep("admin GET /v1/events", lines);
    }

    void keep_records() {
        dht_json("halp dht put", "users 7 Ann");
        for (const char* key : {"users 7", "users 8"}) {
            dht_json("halp dht get", key);
            dht_json("halp dht exists", key);
            dht_json("halp dht update", std::string{key} + " Bob");
        }
        for (const char* output : {"halp dht scan", "halp dht keys"}) dht_json(output, "users");
        dht_json("halp dht mirror", "users --count 1");
        dht_json("halp dht listen", "users --for 0.05");
        dht_json("halp dht size", "users");
        dht_json("halp dht size");
        halp_json("halp dht redistribute", "--dry-run --node " + legacy_port(daemon_).text());
        for (const char* output : {"halp dht channels", "halp dht ranges", "halp dht status"}) dht_json(output);
        dht_json("halp dht status", "--count");
        dht_json("halp dht dump", daemon_.home().path() + "/dumps");
        dht_json("halp dht load", daemon_.home().path() + "/dumps");
        dht_json("halp dht remove", "users 7");
        dht_json("halp dht rm-channel", "users");
        const std::string keys = daemon_.home().path();
        dht_operator("halp dht keygen", "app --file " + keys + "/app.key --add-to " + keys + "/credentials");
        dht_operator("halp dht credentials", "--reload");
        dht_operator("halp dht stats", "");
        std::ofstream{keys + "/config.ini"}
            << "[Server]\naddress = 127.0.0.1\nport = 1\nminval = 0000000000000000\n"
               "maxval = ffffffffffffffff\n";
        for (const std::string& to : {std::string{}, " --to " + keys + "/halpd.yaml"})
            dht_operator("halp dht import-config", keys + "/config.ini" + to);
        halp_json("halp dht conformance", dht_port(daemon_).text() + " --only handshake");
        outputs_.keep("halp dht conformance --list",
                      halp(daemon_.home(), {"dht", "conformance", "--list", "--json"}).out);
    }

    void keep_store() {
        const Home& home = outputs_.home();
        const std::string lines = home.path() + "/in.jsonl", store = home.path() + "/store";
        std::ofstream{lines} << R"({"channel":"c","key":"0x1","value_base64":"QQ=="})"
                             << "\n";
        outputs_.keep("halp store import", halp(home, {"store", "import", store, lines, "--json"}).out);
        outputs_.keep("halp store import", halp(home, {"store", "import", store, "none", "--json"}).out);
        outputs_.keep("halp store check", halp(home, {"store", "check", store, "--json"}).out);
        outputs_.keep("halp store check", halp(home, {"store", "check", "none", "--json"}).out);
        outputs_.keep("halp store export", halp(home, {"store", "export", store, "--format", "json"}).out);
        outputs_.keep("halp store compact", halp(home, {"store", "compact", store, "--json"}).out);
        outputs_.keep("halp store drop-set-aside", halp(home, {"store", "drop-set-aside", store, "--json"}).out);
    }

    void keep_fake() {
        const std::string out = outputs_.home().path() + "/fake";
        auto fake = process::ChildProcess::start(
            {.argv = {HALP_BINARY, "dht", "fake", "--port", "0", "--json"}, .out_file = out});
        ASSERT_TRUE(fake);
        EXPECT_TRUE(eventually([&] { return process::read_whole_file(out).ends_with("\n"); }));
        outputs_.keep_file("halp dht fake", out);
    }

    Home home_;
    Daemon daemon_{home_, options(home_)};
    Outputs outputs_;
};

TEST_F(MachineFormats, OfTheDaemonAndItsVerbsAreWhatTheirSchemasSay) {
    Daemon other{{.join = {daemon_.endpoint()}}};
    ASSERT_TRUE(eventually([&] { return other.nodes().size() == 2 && daemon_.nodes().size() == 2; }));
    halp_json("halp insert", "chat a.example 80");
    halp_json("halp get", "chat");
    halp_json("halp get", "labels");
    halp_json("halp get", "nothing");
    halp_json("halp labels");
    halp_json("halp bcast", "chat b.example 81 -n 1");
    halp_json("halp doctor");
    halp_json("halp top", "--once");
    halp_json("halp peers");
    halp_json("halp status");
    halp_json("halp watch", "chat --once");
    halp_json("halp announce", "chat c.example:82 --for 0.05");
    halp_json("halp confirm", "chat a.example 80");
    halp_json("halp join", other.endpoint().text());
    admin("admin GET /v1/labels", cli::Method::get, "/v1/labels");
    admin("admin GET /v1/labels/{label}", cli::Method::get, "/v1/labels/chat");
    halp_json("halp clear", "chat");
    halp_json("halp nuke");

    admin("admin GET /healthz", cli::Method::get, "/healthz");
    admin("admin GET /readyz", cli::Method::get, "/readyz");
    admin("admin GET /version", cli::Method::get, "/version");
    admin("admin GET /v1/status", cli::Method::get, "/v1/status");
    admin("admin GET /v1/peers", cli::Method::get, "/v1/peers");
    admin("admin GET /v1/dht", cli::Method::get, "/v1/dht");
    const std::string host = R"({"endpoint":"d.example:83"})";
    admin("admin PUT /v1/labels/{label}", cli::Method::put, "/v1/labels/x", host);
    admin("admin POST /v1/labels/{label}/confirm", cli::Method::post, "/v1/labels/x/confirm",
          R"({"endpoint":"d.example:83","worked":true})");
    admin("admin DELETE /v1/labels/{label}?endpoint", cli::Method::remove, "/v1/labels/x?endpoint=d.example:83");
    admin("admin DELETE /v1/labels/{label}", cli::Method::remove, "/v1/labels/x");
    admin("admin DELETE /v1/labels", cli::Method::remove, "/v1/labels");
    admin("admin POST /v1/join", cli::Method::post, "/v1/join", R"({"endpoint":"127.0.0.1:1"})");
    admin("admin GET /v1/seeds", cli::Method::get, "/v1/seeds");
    for (const char* wrong : {"/none", "/v1/labels/a~b", "/v1/labels/chat?count=x"})
        admin("admin error", cli::Method::get, wrong);
    admin("admin error", cli::Method::put, "/v1/labels/x", "{");
    keep_events();
    keep_records();
    admin("admin GET /v1/dht/channels", cli::Method::get, "/v1/dht/channels");
    admin("admin GET /v1/dht/credentials", cli::Method::get, "/v1/dht/credentials");
    admin("admin POST /v1/dht/credentials", cli::Method::post, "/v1/dht/credentials", "{}");

    const std::string leaving = daemon_.admin(cli::Method::post, "/v1/leave").body;
    outputs_.keep("admin POST /v1/leave", leaving);
    outputs_.keep("halp leave", halp(other.home(), {"leave", "--json", "--socket", other.home().admin()}).out);
    EXPECT_TRUE(eventually([&] { return !daemon_.running(); }));
    outputs_.keep_file("halpd log", daemon_.home().path() + "/log");
    keep_store();
    outputs_.keep("halp demo", halp(outputs_.home(), {"demo", "2", "--json"}).out);
    keep_fake();
    outputs_.expect_valid({"halp ", "admin ", "halpd "});
}

TEST(MachineFormatsOfTheSimulator, AreWhatTheirSchemasSay) {
    Outputs outputs;
    const std::string& place = outputs.home().path();
    std::ofstream{place + "/s.yaml"} << "about: small\nnodes: 8\nseed: 18446744073709551610\nphases:\n"
                                        "  \"grow, fast\": {do: grow, for: 3s}\n  say: {do: announce, for: 2s}\n"
                                        "  cut: {do: partition, share: 50%, for: 2s}\n"
                                        "  boom: {do: kill, share: 40%, for: 2s}\n"
                                        "  end: {do: kill, share: 100%, for: 1s}\n";
    const auto sim = [&](const std::string& words) {
        std::vector<std::string> argv = words_of(words);
        argv.insert(argv.begin(), HALP_SIM_BINARY);
        const Finished done = run(outputs.home(), argv, seconds{120});
        EXPECT_TRUE(done.code == 0 || done.code == 1) << words << ": " << done.error;
        return done.out;
    };
    const std::string one = place + "/one", several = place + "/several", swept = place + "/swept",
                      viewed = place + "/viewed";
    sim("run " + place + "/s.yaml --set phases.end.share=0% -o " + one);
    for (const char* name : {"summary.json", "samples.csv", "in_degree.csv", "traffic.csv", "spread.csv",
                             "observations.csv", "join.csv", "columns.csv"})
        outputs.keep_file(std::string{"halp-sim "} + name, one + "/" + name);
    sim("run " + place + "/s.yaml --seeds 2 -o " + several);
    outputs.keep_file("halp-sim summary.json with --seeds", several + "/summary.json");
    outputs.keep_file("halp-sim samples.csv", several + "/samples.csv");
    outputs.keep_file("halp-sim runs.csv", several + "/runs.csv");
    sim("sweep " + place + "/s.yaml --vary nodes=5,6 --seeds 2 -o " + swept);
    outputs.keep_file("halp-sim sweep runs.csv", swept + "/runs.csv");
    outputs.keep_file("halp-sim sweep observations.csv", swept + "/observations.csv");
    outputs.keep_file("halp-sim sweep.csv", swept + "/sweep.csv");
    outputs.keep("halp-sim views", sim("views --json --nodes 60 --periods 3"));
    outputs.keep("halp-sim views", sim("views --json --nodes 60 --periods 3 --wire --figures"));
    sim("views --nodes 60 --periods 3 -o " + viewed);
    outputs.keep_file("halp-sim views", viewed + "/views.json");
    outputs.keep_file("halp-sim in_degree_counts.csv", viewed + "/in_degree_counts.csv");
    outputs.keep("halp-sim check", sim("check --quick --only spread --json"));
    outputs.keep("halp-sim goals", sim("goals --quick --only join --json"));
    outputs.expect_valid({"halp-sim "});
}

#ifdef HALP_BENCH_BINARY
TEST(MachineFormatsOfTheBenchmark, AreWhatTheirSchemasSay) {
    Outputs outputs;
    const Finished done = run(outputs.home(), {HALP_BENCH_BINARY, "text", "--json", "--entries", "10", "--clients",
                                               "1", "--queries", "20", "--repeat", "1"});
    outputs.keep("halp-bench", done.out);
    // One second of the cheapest attack. Whether its limits are met does not matter here.
    const Finished attacked =
        run(outputs.home(), {HALP_BENCH_BINARY, "hostile", "--json", "--only", "insert-rate", "--seconds", "1"});
    EXPECT_NE(attacked.out.find("p99 of an honest get"), std::string::npos) << attacked.error;
    outputs.keep("halp-bench", attacked.out);
    outputs.expect_valid({"halp-bench"});
}
#endif

TEST(MachineFormatsTable, HasEveryVerb) {
    const std::string table = process::read_whole_file(HALP_SCHEMAS "/README.md");
    const auto expect_row = [&](const std::string& output) {
        EXPECT_NE(table.find("| `" + output + "` |"), std::string::npos)
            << output << " is not in tools/schemas/README.md";
    };
    for (const cli::VerbHelp& verb : cli::verbs())
        if (verb.verb != cli::Verb::dht && verb.verb != cli::Verb::store)
            expect_row(std::string{"halp "} + verb.name);
    for (const std::string& verb : cli::DhtArguments::names()) expect_row("halp dht " + verb);
    for (const std::string& verb : cli::StoreArguments::names()) expect_row("halp store " + verb);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
