// Answers of HALP servers that nobody vouches for. The first byte chooses how the connection ended.
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "overlay/text/text_client.h"

namespace {

using namespace halp;

constexpr UnixSeconds now{1700000000};

template <class Answer>
void check_ages(const Answer& answer, std::size_t bytes) {
    assert(answer.lines.size() + answer.bad_lines <= bytes);
    for (const auto& line : answer.lines)
        assert(line.age >= Duration{0} && line.age <= std::chrono::hours{24 * 30});
}

void read_insert_reply(std::string_view text) {
    const std::string query = "insert chat\n1 a 80\n\n1700000000 b.example 81";
    const InsertAnswer answer = parse_insert_answer(query, text);
    assert(answer.stored + answer.refused + answer.unanswered == 3);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    TextAnswer answer;
    answer.on_bytes({reinterpret_cast<const char*>(data) + 1, size - 1});
    const std::string_view text = answer.text(data[0] % 2 == 0);
    assert(text.size() <= TextAnswer::bytes_max);

    const HostAnswer hosts = parse_host_answer(text, now);
    check_ages(hosts, text.size());
    for (const auto& line : hosts.lines) {
        const auto queries = insert_queries(Label::halp(), {{line.stated, line.endpoint}});
        assert(queries && queries->size() == 1 && queries->front().size() <= text_sent_bytes_max);
    }
    const NameAnswer names = parse_name_answer(Label::labels(), text, now);
    check_ages(names, text.size());
    for (const auto& line : names.lines) assert(get_query(line.label));
    read_insert_reply(text);
    (void)is_refusal(text);
    return 0;
}
