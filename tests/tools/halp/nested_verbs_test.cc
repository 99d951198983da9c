// The command lines of `halp dht` and `halp store`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tools/halp/command_line.h"
#include "tools/halp/dht/dht_arguments.h"
#include "tools/halp/store/store_arguments.h"

namespace halp::cli {
namespace HALP_TEST_FILE {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Parsed parse(std::vector<const char*> words) {
    words.insert(words.begin(), "halp");
    return parse_command_line(static_cast<int>(words.size()), words.data(), "1.2.3");
}

DhtCommand dht(std::vector<const char*> words) {
    words.insert(words.begin(), "dht");
    const Parsed parsed = parse(words);
    EXPECT_TRUE(parsed.command) << parsed.text;
    return parsed.command ? parsed.command->dht : DhtCommand();
}

// The error text of a wrong command line.
std::string refused(std::vector<const char*> words) {
    const Parsed parsed = parse(words);
    EXPECT_FALSE(parsed.command);
    EXPECT_EQ(parsed.code, ExitCode::usage);
    return parsed.text;
}

TEST(DhtWords, NameARecordAndItsValue) {
    const DhtCommand put = dht({"put", "users", "0x10", "Ann", "--hex", "--node", "127.0.0.1:10100"});
    EXPECT_EQ(put.verb, DhtVerb::put);
    EXPECT_EQ(put.channel, "users");
    EXPECT_EQ(put.key, Key{16});
    EXPECT_EQ(put.value, "Ann");
    EXPECT_EQ(put.form, ValueForm::hex);
    EXPECT_THAT(put.nodes, ElementsAre(Endpoint{"127.0.0.1", 10100}));
}

TEST(DhtWords, TellAnEmptyValueFromNone) {
    EXPECT_EQ(dht({"put", "users", "1", ""}).value, "");
    EXPECT_EQ(dht({"put", "users", "1"}).value, std::nullopt);
    EXPECT_EQ(dht({"update", "users", "1", "--expect", "", "x"}).expect, "");
    EXPECT_EQ(dht({"update", "users", "1", "x"}).expect, std::nullopt);
}

TEST(DhtWords, MayBeValuesThatLookLikeVerbsAndOptions) {
    EXPECT_EQ(dht({"put", "get", "1", "put"}).value, "put");
    EXPECT_EQ(dht({"put", "get", "1", "status"}).channel, "get");
    EXPECT_EQ(dht({"put", "users", "1", "--", "-5"}).value, "-5");
    EXPECT_EQ(dht({"put", "users", "1", "--", "--json"}).value, "--json");
    EXPECT_EQ(dht({"put", "users", "1", "[a,b]"}).value, "[a,b]");
    EXPECT_EQ(dht({"put", "users", "1", "{}"}).value, "{}");
    EXPECT_EQ(dht({"put", "users", "1", "\"quoted\""}).value, "\"quoted\"");
}

TEST(DhtWords, NameNodesInOneOfThreeWays) {
    EXPECT_EQ(dht({"get", "c", "1", "--node", "a.example:1", "--node", "[::1]:2"}).nodes.size(), 2U);
    EXPECT_EQ(dht({"get", "c", "1", "--nodes", "file"}).nodes_file, "file");
    EXPECT_EQ(dht({"get", "c", "1", "--halp", "a.example:3451", "--label", "x/dht"}).label.text(), "x/dht");
    EXPECT_EQ(dht({"get", "c", "1"}).label.text(), "dht");
    EXPECT_THAT(refused({"dht", "get", "c", "1", "--node", "a:1", "--nodes", "f"}), HasSubstr("choose one"));
    EXPECT_THAT(refused({"dht", "get", "c", "1", "--node", "a"}), HasSubstr("`a` is not HOST:PORT"));
    EXPECT_THAT(refused({"dht", "get", "c", "1", "--label", "x/"}), HasSubstr("not a label"));
}

TEST(DhtWords, OfANodeToStartAreItsOwn) {
    const DhtCommand conformance = dht({"conformance", "127.0.0.1:1", "--start", "node", "--id", "3", "--id", "5",
                                        "--json", "--", "--json", "[a,b]", "", "--", "--help"});
    EXPECT_EQ(conformance.node, "127.0.0.1:1");
    EXPECT_EQ(conformance.start, "node");
    EXPECT_THAT(conformance.ids, ElementsAre(3U, 5U));
    EXPECT_THAT(conformance.arguments, ElementsAre("--json", "[a,b]", "", "--", "--help"));
    EXPECT_THAT(dht({"conformance", "127.0.0.1:1", "--start=node", "--", "-v"}).arguments, ElementsAre("-v"));
    EXPECT_THAT(refused({"dht", "conformance", "127.0.0.1:1", "--", "x"}), HasSubstr("`x` was not expected"));
    EXPECT_THAT(refused({"dht", "conformance", "--start", "node", "--", "127.0.0.1:1"}), HasSubstr("is missing"));
    EXPECT_THAT(refused({"dht", "conformance", "127.0.0.1:1", "--keep"}), HasSubstr("--start"));
    EXPECT_THAT(refused({"dht", "conformance", "127.0.0.1:1", "--id", "x"}), HasSubstr("--id"));
}

TEST(DhtWords, AreRefusedWithTheirNameAndARemedy) {
    EXPECT_THAT(refused({"dht"}), HasSubstr("halp dht --help"));
    EXPECT_THAT(refused({"dht", "gett", "c", "1"}), HasSubstr("did you mean `halp dht get`?"));
    EXPECT_THAT(refused({"dht", "get", "c"}), HasSubstr("KEY is required"));
    EXPECT_THAT(refused({"dht", "get", "c", "1", "2"}), HasSubstr("`2` was not expected"));
    EXPECT_THAT(refused({"status", "--admin", "x"}), HasSubstr("--socket PATH names the daemon's admin socket"));
    EXPECT_THAT(refused({"dht", "stats", "--admin=x"}), HasSubstr("--socket PATH"));
    EXPECT_THAT(refused({"dht", "get", "c", "x1"}), HasSubstr("`x1` is not a key"));
    EXPECT_THAT(refused({"dht", "get", R"(bad\q)", "1"}), HasSubstr(R"(`bad\q` is not a channel)"));
    EXPECT_THAT(refused({"dht", "get", "c", "1", "--hex", "--base64"}), HasSubstr("Choose one"));
    EXPECT_THAT(refused({"dht", "put", "c", "1", "x", "--file", "f"}), HasSubstr("excludes"));
    EXPECT_THAT(refused({"dht", "update", "c", "1", "x", "--remove"}), HasSubstr("choose one"));
    EXPECT_THAT(refused({"dht", "scan", "c", "--limit", "0"}), HasSubstr("halp dht scan --help"));
}

// `halp dht remove users "$ID"` with no ID is not key 0.
TEST(DhtWords, AreNotEmptyWhereSomethingIsWanted) {
    EXPECT_THAT(refused({"dht", "remove", "c", ""}), HasSubstr("KEY: it is empty. Write it out"));
    for (const char* verb : {"put", "get", "exists", "remove", "update"}) {
        EXPECT_THAT(refused({"dht", verb, "c", ""}), HasSubstr("KEY: it is empty")) << verb;
        EXPECT_THAT(refused({"dht", verb, "", "1"}), HasSubstr("CHANNEL: it is empty")) << verb;
    }
    for (const char* verb : {"scan", "keys", "rm-channel", "mirror"})
        EXPECT_THAT(refused({"dht", verb, ""}), HasSubstr("CHANNEL: it is empty")) << verb;
    for (const char* option : {"--node", "--nodes", "--halp", "--label", "--credentials", "--exec", "--file",
                               "--socket", "--cache-dir", "--timeout", "--color"})
        EXPECT_THAT(refused({"dht", "update", "c", "1", option, ""}),
                    HasSubstr(std::string{option} + ": it is empty. Write a value, or leave " + option + " out"));
    EXPECT_THAT(refused({"dht", "mirror", "c", "--refresh-every", ""}), HasSubstr("--refresh-every: it is empty"));
    EXPECT_THAT(refused({"dht", "conformance", ""}), HasSubstr("HOST:PORT: it is empty"));
    EXPECT_THAT(refused({"dht", "conformance", "a:1", "--only", ""}), HasSubstr("--only: it is empty"));
    EXPECT_THAT(refused({"dht", "conformance", "a:1", "--start", ""}), HasSubstr("--start: it is empty"));
    EXPECT_THAT(refused({"dht", "conformance", "a:1", "--id", ""}), HasSubstr("--id: it is empty"));
    EXPECT_THAT(refused({"dht", "fake", "--port", ""}), HasSubstr("--port: it is empty"));
}

TEST(DhtWords, MayBeEmptyForAFilterAndAnExpectedValue) {
    EXPECT_EQ(dht({"scan", "c", "--filter", ""}).filter, "");
    EXPECT_EQ(dht({"update", "c", "1", "x", "--expect", ""}).expect, "");
    EXPECT_EQ(dht({"update", "c", "1", "x", "--expect="}).expect, "");
}

// The library alone would take the next word then.
TEST(DhtWords, BehindAnEqualsSignMayBeMissing) {
    EXPECT_THAT(refused({"dht", "remove", "--credentials=", "c", "1"}), HasSubstr("--credentials: it is empty"));
    EXPECT_EQ(dht({"scan", "--filter=", "c"}).channel, "c");
    EXPECT_EQ(dht({"put", "c", "1", "--", "--filter="}).value, "--filter=");
    EXPECT_EQ(dht({"put", "c", "1", "--hex="}).value, std::nullopt);
}

TEST(DhtWords, AreNumbersWithinBounds) {
    for (const char* number : {"nan", "-nan", "inf", "1e999", "0", "-1", "2s"}) {
        EXPECT_THAT(refused({"dht", "mirror", "c", "--for", number}),
                    HasSubstr(std::string{"--for: `"} + number + "` is not a number from 0.001 to 1000000000"));
        EXPECT_EQ(parse({"dht", "conformance", "a:1", "--start", "x", "--delay", number}).code,
                  std::string{"0"} == number ? ExitCode::ok : ExitCode::usage);
        EXPECT_THAT(refused({"dht", "conformance", "a:1", "--timeout", number}),
                    HasSubstr(std::string{"--timeout: `"} + number + "` is not a number from 0.001 to 1000000"));
    }
    for (const char* number : {"0", "-1", "1.5", "nan", "1000000000001"}) {
        EXPECT_THAT(refused({"dht", "scan", "c", "--limit", number}),
                    HasSubstr("is not a whole number from 1 to 1000000000000."));
        EXPECT_THAT(refused({"dht", "mirror", "c", "--count", number}),
                    HasSubstr("is not a whole number from 1 to 1000000000000."));
    }
}

TEST(DhtWords, SayHowLongAMirrorGoesOn) {
    const Parsed parsed = parse({"dht", "mirror", "c", "--for", "2.5", "--count", "7", "--no-refresh"});
    ASSERT_TRUE(parsed.command) << parsed.text;
    EXPECT_EQ(parsed.command->for_s, 2.5);
    EXPECT_EQ(parsed.command->dht.limit, 7U);
    EXPECT_FALSE(parsed.command->dht.refresh);
    EXPECT_EQ(dht({"mirror", "c", "--refresh-every", "0"}).refresh_every_s, 0U);
}

TEST(StoreWords, NameADirectoryAndWhatToDoWithIt) {
    const Parsed check = parse({"store", "check", "/x"});
    ASSERT_TRUE(check.command);
    EXPECT_EQ(check.command->store.verb, StoreVerb::check);
    EXPECT_EQ(check.command->store.directory, "/x");
    const Parsed out = parse({"store", "export", "/x", "--to", "d", "--channel", "a", "--channel", "b"});
    ASSERT_TRUE(out.command) << out.text;
    EXPECT_EQ(out.command->store.format, DumpFormat::tcm);
    EXPECT_THAT(out.command->store.channels, ElementsAre("a", "b"));
    const Parsed in = parse({"store", "import", "/x", "a.tcm", "b.tcm", "--bytes-max", "2mb"});
    ASSERT_TRUE(in.command) << in.text;
    EXPECT_THAT(in.command->store.files, ElementsAre("a.tcm", "b.tcm"));
    EXPECT_EQ(in.command->store.bytes_max, 2U << 20);

    EXPECT_THAT(refused({"store", "export", "/x"}), HasSubstr("--to DIRECTORY"));
    EXPECT_THAT(refused({"store", "import", "/x", "a.tcm", "b.tcm", "--channel", "c"}), HasSubstr("one file"));
    EXPECT_THAT(refused({"store", "check"}), HasSubstr("DIR is required"));
    for (const char* verb : {"check", "compact", "export", "import"})
        EXPECT_THAT(refused({"store", verb, "", "a.tcm"}), HasSubstr("DIR: it is empty")) << verb;
    EXPECT_THAT(refused({"store", "import", "/x", ""}), HasSubstr("FILE: it is empty"));
    EXPECT_THAT(refused({"store", "import", "/x", "a", "--bytes-max", ""}), HasSubstr("--bytes-max: it is empty"));
    for (const char* size : {"nan", "0", "-1", "1kb", "2tb"})
        EXPECT_THAT(refused({"store", "import", "/x", "a", "--bytes-max", size}), HasSubstr("--bytes-max: "))
            << size;
    EXPECT_THAT(refused({"store", "export", "/x", "--to", ""}), HasSubstr("--to: it is empty"));
    EXPECT_THAT(refused({"store", "export", "/x", "--to", "d", "--channel", ""}), HasSubstr("--channel: it is"));
    EXPECT_THAT(refused({"store", "chek", "/x"}), HasSubstr("did you mean `halp store check`?"));
}

TEST(NestedWords, ExplainThemselvesWithExamples) {
    for (const std::string verb : {"dht", "store"}) {
        EXPECT_THAT(parse({verb.c_str(), "--help"}).text, HasSubstr("`halp " + verb + " VERB --help`"));
        for (const std::string& nested : (verb == "dht" ? DhtArguments::names() : StoreArguments::names())) {
            const Parsed parsed = parse({verb.c_str(), nested.c_str(), "--help"});
            EXPECT_EQ(parsed.code, ExitCode::ok) << nested;
            EXPECT_THAT(parsed.text, HasSubstr("\nExamples:\n  halp " + verb + " " + nested)) << nested;
            EXPECT_THAT(parse({verb.c_str(), "--help"}).text, HasSubstr("\n  " + nested));
        }
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cli
