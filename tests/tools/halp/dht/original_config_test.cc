// The configuration of an original node as ours: what is kept, what is said, and what is refused.
#include "tools/halp/dht/original_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "config/load_settings.h"

namespace halp::cli {
namespace HALP_TEST_FILE {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string server =
    "[Server]\naddress = 192.0.2.7\nport = 10000\nminval = 0x0000000000000000\nmaxval = 7fffffffffffffff\n";

std::string refusal(const std::string& text, bool skip_unknown = false) {
    const auto made = import_original_config(text, skip_unknown);
    return made ? "it was translated:\n" + made->yaml : made.error().message;
}

// What halpd makes of the translation.
config::Settings settings_of(const std::string& ini) {
    const auto made = import_original_config(ini, false);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    if (!made) return {};
    std::string path = ::testing::TempDir() + "imported-XXXXXX";
    const int fd = ::mkstemp(path.data());
    ::close(fd);
    std::ofstream{path} << made->yaml;
    config::SettingSources sources;
    sources.only_file = path;
    const config::LoadedSettings loaded = config::load_settings(sources);
    ::unlink(path.c_str());
    EXPECT_THAT(loaded.problems, IsEmpty()) << made->yaml;
    EXPECT_THAT(loaded.warnings, IsEmpty()) << made->yaml;
    return loaded.settings;
}

TEST(OriginalConfig, KeepsWhatHasACounterpart) {
    const config::DhtSettings dht =
        settings_of(
            "\xef\xbb\xbf; a node\r\n" + server +
            "data_dir = /srv/dht\nconnection_limit = 700\nbacklog = 100\nunix_socket_path = dht.sock\n"
            "// times\n[Performance]\nwrite_flush_ms = 125\nredist_memory_limit_mulitplier = 1.2\n"
            "[Options_Memory]\nsize_limit = 2000000\nlock_memory = false\nallow_out_of_range = ignore\n"
            "abort_after_all_out_of_range = 17\ndisable_direct_io = true\nbnum = 1000\nbatch_size = 131072\n\n\n")
            .dht;
    EXPECT_EQ(dht.listen.text(), "192.0.2.7:10100");
    EXPECT_EQ(dht.legacy_listen.text(), "192.0.2.7:10000");
    EXPECT_TRUE(dht.enabled && dht.legacy && dht.dumps);
    EXPECT_EQ(dht.engine, config::DhtEngine::memory);
    EXPECT_EQ(dht.range_min, 0U);
    EXPECT_EQ(dht.range_max, 0x7fffffffffffffffU);
    EXPECT_EQ(dht.data_dir, "/srv/dht");
    EXPECT_EQ(dht.credentials, "etc/credentials");
    EXPECT_EQ(dht.connections_max, 700U);
    EXPECT_EQ(dht.legacy_flush_interval, std::chrono::milliseconds{125});
    EXPECT_EQ(dht.bytes_max, 2'000'000U);
    EXPECT_EQ(dht.dump_out_of_range, config::DumpOutOfRange::ignore);
    EXPECT_EQ(dht.dump_out_of_range_max, 17U);
    EXPECT_EQ(dht.dump_empty_values, config::DumpEmptyValues::skip);
    EXPECT_EQ(dht.batch_bytes, 131072U);
    EXPECT_EQ(dht.dump_value_bytes_max, 131072U);
}

TEST(OriginalConfig, WithoutOptionsIsTheOriginalsDefaults) {
    const config::DhtSettings dht = settings_of(server + "[Options_Memory]\nsize_limit = 0\n").dht;
    EXPECT_EQ(dht.data_dir, "data");
    EXPECT_EQ(dht.connections_max, 5000U);
    EXPECT_EQ(dht.bytes_max, config::DhtSettings{}.bytes_max) << "no limit";
    EXPECT_EQ(dht.legacy_flush_interval, std::chrono::milliseconds{250});
    EXPECT_EQ(dht.dump_out_of_range, config::DumpOutOfRange::load);
    EXPECT_EQ(dht.dump_out_of_range_max, 10000U);
    EXPECT_EQ(settings_of(server + "[LOG.Root]\nlevel = Warn\nfile = log/root.log\n").log.level,
              config::LogLevel::warn);
}

TEST(OriginalConfig, SaysWhatHasNoCounterpartAndWhy) {
    const auto made = import_original_config(
        server +
            "backlog = 100\n[Options_Memory]\nbnum = 5\nlock_memory = true\n[LOG.Root]\nadditive = true\n"
            "[STATS]\nfile_name = log/stats.log\n[LOG.Stats]\nformat = a\n  b: c\n",
        false);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->comments, 6U);
    EXPECT_EQ(made->settings, 4U);
    for (const char* comment :
         {"\n# [Server] backlog = 100 (line 6): the longest backlog", "\n# [Options_Memory] bnum = 5 (line 8): ",
          "\n# [Options_Memory] lock_memory = true (line 9): ", "\n# [LOG.Root] additive = true (line 11): ",
          "\n# [STATS] file_name = log/stats.log (line 13): ", "\n# [LOG.Stats] format = a b: c (line 15): "})
        EXPECT_THAT(made->yaml, HasSubstr(comment));
}

TEST(OriginalConfig, NamesTheLineOfWhatIsWrongAndTheRemedy) {
    EXPECT_THAT(refusal(server + "[Sever]\nport = 1\n"),
                AllOf(HasSubstr("line 7: the section [Sever]"), HasSubstr("--skip-unknown")));
    EXPECT_THAT(refusal(server + "conection_limit = 1\n"),
                AllOf(HasSubstr("line 6: "), HasSubstr("Was connection_limit meant?")));
    EXPECT_THAT(refusal("[Server]\nport = 70000\n"), AllOf(HasSubstr("line 2: "), HasSubstr("from 1 to 65435")));
    EXPECT_THAT(refusal("[Server]\n\nport =\n"), HasSubstr("line 3: [Server] port = ``"));
    EXPECT_THAT(refusal("[Server]\nminval = 12\n"), HasSubstr("16 hexadecimal digits"));
    EXPECT_THAT(refusal("[Server]\naddress = here\n"), HasSubstr("IPv4"));
    EXPECT_THAT(refusal(server + "[Options_Memory]\nallow_out_of_range = maybe\n"),
                HasSubstr("load, fatal or ignore"));
    EXPECT_THAT(refusal(server + "[Options_Memory]\nlock_memory = perhaps\n"), HasSubstr("true or false"));
    EXPECT_THAT(refusal(server + "[Options_Memory]\nbatch_size = 100\n"), HasSubstr("from 1024"));
    EXPECT_THAT(refusal("port = 1\n"), HasSubstr("before any section"));
    EXPECT_THAT(refusal("[Server]\nport\n"), HasSubstr("line 2: it is neither"));
    EXPECT_THAT(refusal("[Server\n"), HasSubstr("close the bracket"));
    EXPECT_THAT(refusal("[Server]\naddress = 127.0.0.1\n"), HasSubstr("[Server] has no `port`"));
    EXPECT_THAT(refusal(""), HasSubstr("[Server] has no `address`"));
    EXPECT_THAT(refusal("[Server]\naddress = 192.0.2.7\nport = 10000\nminval = 8000000000000000\n"
                        "maxval = 7fffffffffffffff\n"),
                HasSubstr("minval is above maxval"));
    const auto skipped = import_original_config(server + "[Sever]\nx = 1\n", true);
    ASSERT_TRUE(skipped);
    EXPECT_THAT(skipped->yaml, HasSubstr("# [Sever] x = 1 (line 7): unknown"));
}

TEST(OriginalConfig, TellsEverythingThatIsWrongAtOnce) {
    std::vector<Error> faults;
    EXPECT_FALSE(import_original_config("[Sever]\nx = 1\n[Server]\nport = 70000\nminval = 0000000000000000\n",
                                        false, &faults));
    ASSERT_EQ(faults.size(), 4U);
    EXPECT_THAT(faults[0].message, HasSubstr("line 2: the section [Sever]"));
    EXPECT_THAT(faults[1].message, HasSubstr("line 4: "));  // and it is not called missing
    EXPECT_THAT(faults[2].message, HasSubstr("has no `address`"));
    EXPECT_THAT(faults[3].message, HasSubstr("has no `maxval`"));
}

TEST(OriginalConfig, OfDhtdumpIsACommand) {
    const auto made = import_original_config(
        "[Dht]\naddress = 192.0.2.7\nport = 10000\n[Dump]\ndata_dir = /srv/dump\nperiod_s = 7200\nretry_wait_s = "
        "5\n",
        false);
    ASSERT_TRUE(made);
    EXPECT_THAT(made->yaml,
                HasSubstr("#     halp dht dump /srv/dump --partial --node 192.0.2.7:10100 --every 7200s "
                          "--retry-wait 5s\n"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cli
