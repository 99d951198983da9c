#include "tools/halp/daemon/event_stream.h"

#include <gtest/gtest.h>

#include <vector>

namespace halp::cli {
namespace HALP_TEST_FILE {

struct Reader {
    EventStream stream;
    std::vector<std::string> seen;
    std::size_t enough = 1000;
    bool feed(std::string_view bytes) {
        return stream.feed(bytes, [this](const StreamEvent& event) {
            seen.push_back(event.name + "=" + event.data);
            return seen.size() < enough;
        });
    }
};

constexpr std::string_view two_events =
    ": alive\n\nid: 1\nevent: entry\ndata: {\"a\":1}\n\nid: 2\r\nevent:x\r\ndata:one\r\ndata: two\r\n\r\n";

TEST(EventStream, ReadsEventsAndSkipsHeartbeats) {
    Reader reader;
    EXPECT_TRUE(reader.feed(two_events));
    EXPECT_EQ(reader.seen, (std::vector<std::string>{"entry={\"a\":1}", "x=one\ntwo"}));
}

TEST(EventStream, ReadsTheSameInPiecesOfAnySize) {
    for (std::size_t size = 1; size <= two_events.size(); ++size) {
        Reader reader;
        for (std::size_t at = 0; at < two_events.size(); at += size)
            EXPECT_TRUE(reader.feed(two_events.substr(at, size)));
        EXPECT_EQ(reader.seen.size(), 2u) << size;
    }
}

TEST(EventStream, StopsWhenTheReaderHasEnough) {
    Reader reader;
    reader.enough = 1;
    EXPECT_FALSE(reader.feed(two_events));
    EXPECT_EQ(reader.seen.size(), 1u);
}

TEST(EventStream, GivesUpOnEndlessLinesAndCutsEndlessEvents) {
    Reader reader;
    EXPECT_FALSE(reader.feed(std::string(EventStream::line_bytes_max + 1, 'x')));

    Reader patient;
    const std::string line = "data: " + std::string(1000, 'y') + "\n";
    for (int i = 0; i < 2000; ++i) EXPECT_TRUE(patient.feed(line));
    patient.feed("\n");
    ASSERT_EQ(patient.seen.size(), 1u);
    EXPECT_LE(patient.seen.front().size(), EventStream::line_bytes_max + 16);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cli
