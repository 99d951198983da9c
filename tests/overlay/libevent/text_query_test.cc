// The blocking query of command-line tools, against servers that answer, stall, break off or do not exist.
#include "overlay/libevent/text_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "tests/overlay/libevent/world_probe.h"

namespace halp::test {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

// Serves one connection in a thread of its own.
class OneAnswer {
public:
    explicit OneAnswer(std::function<void(Peer&, std::string)> serve)
        : thread_([this, serve = std::move(serve)] {
              Peer client = backlog_.accept();
              char query[1000];
              const ssize_t got = ::recv(client.fd(), query, sizeof query, 0);
              serve(client, std::string(query, static_cast<std::size_t>(std::max<ssize_t>(got, 0))));
          }) {}
    ~OneAnswer() { thread_.join(); }
    OneAnswer(const OneAnswer&) = delete;
    OneAnswer& operator=(const OneAnswer&) = delete;
    [[nodiscard]] Endpoint endpoint() const { return backlog_.endpoint(); }

private:
    Backlog backlog_{5};
    std::thread thread_;
};

TEST(LibeventTextQuery, ReadsTheWholeAnswer) {
    const std::string answer(200'000, 'a');
    const OneAnswer server([&](Peer& client, const std::string& query) {
        EXPECT_EQ(query, "get foo");
        client.send(answer);
    });
    const auto got = ask(server.endpoint(), "get foo", seconds{5}, 1'000'000);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_TRUE(*got == answer) << got->size() << " bytes came";
}

TEST(LibeventTextQuery, TakesAnEmptyAnswer) {
    const OneAnswer server([](Peer&, const std::string&) {});
    const auto got = ask(server.endpoint(), "get nothing", seconds{5}, 1000);
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, "");
}

TEST(LibeventTextQuery, SaysThatNobodyListens) {
    const ClosedPort closed;
    const auto got = ask(closed.endpoint(), "get foo", seconds{5}, 1000);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::refused);
    EXPECT_THAT(got.error().message, HasSubstr("nothing listens on " + closed.endpoint().text()));
}

TEST(LibeventTextQuery, SaysThatTheServerDoesNotAnswer) {
    const Backlog silent(5);
    const auto got = ask(silent.endpoint(), "get foo", milliseconds{60}, 1000);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::timed_out);
    EXPECT_THAT(got.error().message, HasSubstr("did not finish its answer within 0.06 s"));
}

TEST(LibeventTextQuery, SaysThatTheConnectionIsNotTaken) {
    const Backlog full(0);
    const Peer first(full.endpoint());
    const auto got = ask(full.endpoint(), "get foo", milliseconds{60}, 1000);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::timed_out);
    EXPECT_THAT(got.error().message, HasSubstr("did not take the connection within 0.06 s"));
}

TEST(LibeventTextQuery, SaysThatTheServerBrokeOff) {
    const OneAnswer server([](Peer& client, const std::string&) { client.reset(); });
    const auto got = ask(server.endpoint(), "get foo", seconds{5}, 1000);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::io);
}

TEST(LibeventTextQuery, RefusesAnAnswerThatIsTooLong) {
    const OneAnswer server([](Peer& client, const std::string&) { client.send(std::string(1001, 'a')); });
    const auto got = ask(server.endpoint(), "get foo", seconds{5}, 1000);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::full);
    EXPECT_THAT(got.error().message, HasSubstr("more than 1000 bytes"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::test
