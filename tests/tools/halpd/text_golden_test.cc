// Sends every transcript of the original to a real daemon over loopback.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/overlay/text/text_transcripts.h"
#include "tests/tools/daemon_process.h"
#include "tools/bench/blocking_client.h"

namespace halp::transcripts {

// How GoogleTest shows a row.
void PrintTo(const Transcript* row, std::ostream* out) { *out << row->name; }

}  // namespace halp::transcripts

namespace halp::testing {

using transcripts::After;
using transcripts::Step;
using transcripts::Transcript;

namespace HALP_TEST_FILE {

const std::vector<Transcript>& rows() {
    static const std::vector<Transcript> all = transcripts::all();
    return all;
}

std::vector<const Transcript*> pointers() {
    std::vector<const Transcript*> all;
    for (const Transcript& row : rows()) all.push_back(&row);
    return all;
}

// "<now>" is any time between the start of the test and now, give or take a second.
bool fits(std::string_view answer, std::string_view expected, std::time_t began) {
    while (!expected.empty()) {
        if (!expected.starts_with("<now>")) {
            if (answer.empty() || answer.front() != expected.front()) return false;
            answer.remove_prefix(1);
            expected.remove_prefix(1);
            continue;
        }
        const std::string digits{answer.substr(0, answer.find_first_not_of("0123456789"))};
        const std::time_t stated = digits.empty() ? 0 : static_cast<std::time_t>(std::atoll(digits.c_str()));
        if (stated < began - 1 || stated > std::time(nullptr) + 1) return false;
        answer.remove_prefix(digits.size());
        expected.remove_prefix(5);
    }
    return answer.empty();
}

std::string in_short(std::string_view text) {
    return std::string{text.substr(0, 400)} +
           (text.size() > 400 ? "... " + std::to_string(text.size()) + " bytes" : "");
}

void put_in_place(const Home& home, const Transcript& row) {
    for (const auto& file : row.cache) std::ofstream{home.cache_file(file.name), std::ios::binary} << file.content;
    for (const std::string& name : row.cache_subdirectories)
        std::filesystem::create_directories(home.cache_file(name));
}

// Segments travel apart: once the daemon has answered a question that came after a segment, it has read the
// segment.
void say(const Daemon& daemon, process::ClientSocket& socket, const Step& step) {
    for (std::size_t i = 0; i < step.segments.size(); ++i) {
        if (i > 0) {
            EXPECT_EQ(daemon.admin(cli::Method::get, "/v1/status").status, 200);
        }
        socket.send(step.segments[i]);
    }
}

// Names listed in one answer are ordered by the second in which they were mentioned.
bool order_depends_on_seconds(const Transcript& row) {
    return std::any_of(row.steps.begin(), row.steps.end(),
                       [](const Step& step) { return step.answer.find("<now>") != step.answer.rfind("<now>"); });
}

void await_next_second() {
    const std::time_t second = std::time(nullptr);
    EXPECT_TRUE(eventually([&] { return std::time(nullptr) > second; }));
}

void expect_step(const Daemon& daemon, const Step& step, std::time_t began) {
    Result<process::ClientSocket> socket = process::ClientSocket::connect(daemon.endpoint(), generous);
    ASSERT_TRUE(socket) << socket.error().message;
    say(daemon, *socket, step);
    if (step.after == After::reset) return socket->reset();
    if (step.after == After::half_close) socket->half_close();
    const process::ClientSocket::Answer answer = socket->read_all();

    EXPECT_TRUE(fits(answer.bytes, step.answer, began))
        << "expected: " << in_short(step.answer) << "\nanswered: " << in_short(answer.bytes);
    EXPECT_EQ(answer.end, process::ClientSocket::Answer::End::closed) << "the answer must end with FIN";
}

class TextGolden : public ::testing::TestWithParam<const Transcript*> {};

TEST_P(TextGolden, IsAnsweredByTheDaemon) {
    const Transcript& row = *GetParam();
    Home home;
    put_in_place(home, row);
    Daemon daemon{home, {.more = {}, .prefix = {"/usr/bin/env", "TZ=" + row.time_zone}}};
    ASSERT_TRUE(daemon.running());
    const std::time_t began = std::time(nullptr);

    for (std::size_t i = 0; i < row.steps.size(); ++i) {
        SCOPED_TRACE("step " + std::to_string(i) + ", sends " +
                     (row.steps[i].segments.empty() ? "nothing" : in_short(row.steps[i].segments[0])));
        if (i > 0 && order_depends_on_seconds(row)) await_next_second();
        expect_step(daemon, row.steps[i], began);
    }
    EXPECT_TRUE(daemon.running()) << daemon.messages();
}

std::string row_name(const ::testing::TestParamInfo<const Transcript*>& info) {
    std::string name = "row" + std::to_string(info.index) + "_";
    for (const char c : info.param->name) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    return name;
}

INSTANTIATE_TEST_SUITE_P(Original, TextGolden, ::testing::ValuesIn(pointers()), row_name);

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
