// Every transcript of the original, through session and codec, with a table that does only what the original's
// table does.
#include "tests/overlay/text/text_transcripts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "overlay/text/text_codec.h"
#include "overlay/text/text_session.h"
#include "tests/overlay/text/text_connection.h"

namespace halp {
namespace HALP_TEST_FILE {

using transcripts::After;
using transcripts::Step;
using transcripts::Transcript;
using Verdict = TextSession::Verdict;

constexpr UnixSeconds wall{1700000000};

class PlainTable {
public:
    explicit PlainTable(const Transcript& row) {
        for (const auto& file : row.cache) {
            std::string label = file.name;
            std::replace(label.begin(), label.end(), '~', '/');
            TextLines lines{file.content};
            for (std::string_view line; lines.next(line);)
                if (const auto host = parse_host_line(line)) add(hosts_[label], host->stated, *host);
        }
    }

    std::string answer(const TextQuery& query) {
        std::string answer;
        if (const auto* get = std::get_if<TextGet>(&query)) {
            answer = listed(*get);
            mention(get->label);
        } else if (const auto* insert = std::get_if<TextInsert>(&query)) {
            for (const Label& label : insert->labels) answer += inserted(label, insert->entries);
        } else if (std::holds_alternative<TextBad>(query)) {
            answer = text_refusal;
        }
        return answer;
    }

private:
    struct Row {
        UnixSeconds seen{0};
        int moment = 0;  // the original lists names at fractions of a second
        Endpoint host;
        std::string name;
        bool newer_than(const Row& b) const { return seen != b.seen ? seen > b.seen : moment > b.moment; }
    };
    using Rows = std::vector<Row>;

    static void add_row(Rows& rows, const Row& row) {
        const auto known = std::find_if(rows.begin(), rows.end(), [&row](const Row& other) {
            return other.host == row.host && other.name == row.name;
        });
        if (known == rows.end())
            rows.push_back(row);
        else if (row.newer_than(*known))
            *known = row;
        std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.newer_than(b); });
    }
    static void add(Rows& rows, UnixSeconds seen, const TextHostLine& line) {
        add_row(rows, {seen, 0, line.endpoint, {}});
    }

    void mention(const Label& label) {
        for (const auto& [directory, name] : label.listings())
            add_row(names_[directory.text()], {wall, ++moment_, {}, name});
    }

    std::string listed(const TextGet& get) {
        const bool names = get.label.lists_names();
        const Rows& rows = names ? names_[get.label.text()] : hosts_[get.label.text()];
        std::string answer;
        for (std::size_t i = get.first; i < rows.size() && i - get.first < get.count; ++i) {
            if (names)
                append_name_line(answer, std::min(rows[i].seen, wall), rows[i].name);
            else
                append_host_line(answer, std::min(rows[i].seen, wall), rows[i].host);
        }
        return answer;
    }

    std::string inserted(const Label& label, std::string_view entries) {
        std::string answer;
        TextLines lines{entries};
        for (std::string_view line; lines.next(line);) {
            const auto name = parse_name_line(line);
            const auto host = parse_host_line(line);
            const bool stored = label.lists_names() ? name.has_value() : host.has_value();
            if (stored && label.lists_names()) add_row(names_[label.text()], {name->stated, 0, {}, name->name});
            if (stored && !label.lists_names()) add(hosts_[label.text()], host->stated, *host);
            append_insert_reply(answer, stored, label, line);
        }
        mention(label);
        return answer;
    }

    std::map<std::string, Rows> hosts_;
    std::map<std::string, Rows> names_;
    int moment_ = 0;
};

// Plays one connection; the peer's segments come a quarter of the longest pause apart.
std::string play(const Step& step, PlainTable& table) {
    Instant now{};
    TextConnection connection;
    auto verdict = Verdict::wait;
    for (const std::string& segment : step.segments) {
        if (verdict == Verdict::wait) verdict = connection.on_bytes(segment, now);
        now += TextSessionTimes{}.pause_max / 4;
    }
    if (verdict == Verdict::wait && step.after == After::half_close) verdict = connection.on_end();
    if (verdict == Verdict::wait) verdict = connection.on_deadline(connection.next_deadline());
    EXPECT_NE(verdict, Verdict::wait);
    if (verdict == Verdict::refuse) return std::string{text_refusal};
    return verdict == Verdict::answer ? table.answer(parse_text_query(connection.bytes())) : "";
}

std::string with_now(std::string text) {
    const std::string mark = "<now>";
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark))
        text.replace(at, mark.size(), std::to_string(count(wall)));
    return text;
}

TEST(TextTranscripts, AreAnsweredWithTheSameBytes) {
    for (const Transcript& row : transcripts::all()) {
        PlainTable table{row};
        for (const Step& step : row.steps) {
            if (step.after == After::reset) continue;  // nobody is there to read the answer
            EXPECT_EQ(play(step, table), with_now(step.answer))
                << row.name << ", after " << (step.segments.empty() ? "" : step.segments.front().substr(0, 200));
        }
    }
}

TEST(TextTranscripts, AreAsLongAsTheOnesOnRecord) {
    std::map<std::string, Step> first;
    for (const Transcript& row : transcripts::all()) first[row.name] = row.steps.front();
    const auto sent = [&first](const char* row) { return first[row].segments.front().size(); };
    EXPECT_EQ(sent("get label 255"), 260u);
    EXPECT_EQ(sent("get label 4092"), 4096u);
    EXPECT_EQ(sent("get label 5000"), 5005u);
    EXPECT_EQ(sent("get 5000 trailing"), 5008u);
    EXPECT_EQ(sent("get sublabel 256"), 263u);
    EXPECT_EQ(sent("insert 11"), 216u);
    EXPECT_EQ(sent("insert ts 400 digits"), 416u);
    EXPECT_EQ(sent("insert long host"), 3025u);
    EXPECT_EQ(first["insert long host"].answer.size(), 3027u);
    EXPECT_EQ(sent("insert label 255"), 277u);
    EXPECT_EQ(sent("insert label 256"), 278u);
    EXPECT_EQ(sent("insert 6kB"), 6610u);
    EXPECT_EQ(sent("insert 4096 cut"), 4099u);
    EXPECT_EQ(first.size(), transcripts::all().size()) << "two rows of one name";
}

bool stores_last_entry(const std::string& query, const std::string& answer) {
    const std::string end = " " + query.substr(query.rfind('\n') + 1);
    const std::size_t reply = answer.rfind(": ");
    return answer.ends_with(end) && reply != std::string::npos && answer.substr(0, reply).ends_with("success");
}

// The query of an original client must not wait for more bytes.
TEST(TextTranscripts, SentWithoutAFinalLineFeedAreAnsweredAtOnce) {
    for (const Transcript& row : transcripts::all()) {
        for (const Step& step : row.steps) {
            if (step.segments.size() != 1 || step.answer == transcripts::refusal) continue;
            const std::string& query = step.segments.front();
            const bool ends_well = query.starts_with("get ") || stores_last_entry(query, step.answer);
            if (!ends_well || query.size() > TextSession::single_segment_bytes_max) continue;
            EXPECT_TRUE(TextSession::whole_query(query)) << row.name << ": " << query;
        }
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
