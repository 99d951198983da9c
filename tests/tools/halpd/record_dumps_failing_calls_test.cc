// Every system call that fails while dumps are written: the caller is told, the last good dumps stay, and the next
// attempt succeeds.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "store/records/memory_store.h"
#include "tests/store/records/failing_calls.h"
#include "tools/halpd/record_dumps.h"

namespace halp {
namespace HALP_TEST_FILE {

namespace fs = std::filesystem;
using tests::FailingCalls;
using tests::SystemCall;

constexpr unsigned calls_tried_max = 200;
const HashRange lower = HashRange::make(0, ~0ULL >> 1).value();

class DumpDirectory {
public:
    DumpDirectory() {
        std::string name = ::testing::TempDir() + "dumps-XXXXXX";
        path = ::mkdtemp(name.data());
    }
    ~DumpDirectory() { fs::remove_all(path); }
    DumpDirectory(const DumpDirectory&) = delete;
    DumpDirectory& operator=(const DumpDirectory&) = delete;

    // Dumps and the range, by name.
    [[nodiscard]] std::map<std::string, std::string> files() const {
        std::map<std::string, std::string> all;
        for (const auto& entry : fs::recursive_directory_iterator(path)) {
            std::ifstream in(entry.path(), std::ios::binary);
            if (entry.is_regular_file())
                all[fs::relative(entry.path(), path).string()] = {std::istreambuf_iterator<char>(in), {}};
        }
        return all;
    }
    std::string path;
};

void put(RecordStore& store, std::uint64_t key, const std::string& value) {
    store.put(*Channel::parse("chan"), Key{key}, value, WriteToken{});
}

std::string value_in(const RecordStore& store, std::uint64_t key) {
    std::string value = "(none)";
    const auto found = store.get(*Channel::parse("chan"), Key{key}, value);
    return found && *found ? value : "(none)";
}

// Returns false when the run made fewer calls of this kind.
bool survives(SystemCall call, unsigned first, Log& log) {
    const DumpDirectory directory;
    {
        MemoryStore before;
        RecordDumps dumps(directory.path, log);
        EXPECT_TRUE(dumps.load({}, before));
        for (std::uint64_t key = 1; key < 3; ++key) put(before, key, "first");
        EXPECT_TRUE(dumps.write(before));
    }
    MemoryStore store;
    RecordDumps dumps(directory.path, log);
    EXPECT_TRUE(dumps.load({}, store));
    const auto good = directory.files();
    Result<void> narrowed, written;
    bool hit = false;
    {
        const FailingCalls failing{call, first, ENOSPC, false};
        narrowed = dumps.narrow_to(lower);
        put(store, 2, "second");
        EXPECT_TRUE(store.set_range(lower));
        while (store.sweeping()) EXPECT_TRUE(store.commit());
        written = dumps.write(store);
        hit = failing.failed_once();
    }
    EXPECT_FALSE(hit && narrowed && written) << "nobody is told";
    const auto now = directory.files();
    const bool kept = now.at("chan.tcm") == good.at("chan.tcm");
    EXPECT_TRUE(kept || now.at("chan.tcm").find("second") != std::string::npos)
        << "neither the last one nor a new one";

    EXPECT_TRUE(dumps.write(store)) << "it does not recover";
    MemoryStore back;
    EXPECT_TRUE(RecordDumps(directory.path, log).load({}, back));
    EXPECT_EQ(value_in(back, 2), "second");
    EXPECT_EQ(value_in(back, 1), "(none)") << "it has left the range";
    for (const auto& [name, bytes] : directory.files()) EXPECT_EQ(name.find(".dumping"), std::string::npos) << name;
    return hit;
}

class DumpsWithFailingCalls : public ::testing::TestWithParam<SystemCall> {};

TEST_P(DumpsWithFailingCalls, TellTheCallerAndKeepTheLastGoodOnes) {
    config::LogSettings quiet;  // the log writes and opens, too, and nobody asks it how that went
    quiet.level = LogLevel::error;
    Log log{quiet, false};
    unsigned first = 0;
    while (first < calls_tried_max && survives(GetParam(), first, log)) {
        if (HasFailure()) FAIL() << name(GetParam()) << " number " << first;
        ++first;
    }
    EXPECT_LT(first, calls_tried_max);
}

INSTANTIATE_TEST_SUITE_P(EachCall, DumpsWithFailingCalls,
                         ::testing::Values(SystemCall::open, SystemCall::write, SystemCall::fsync,
                                           SystemCall::rename),
                         [](const auto& call) { return std::string{name(call.param)}; });

}  // namespace HALP_TEST_FILE
}  // namespace halp
