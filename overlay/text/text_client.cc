#include "overlay/text/text_client.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

namespace halp {
namespace {

// Wrong zones put an original's clock off by up to this much (halp-text.md, "Clocks").
constexpr std::int64_t zone_skew_s_max = 16 * 3600;
constexpr std::chrono::seconds age_max = std::chrono::hours{24 * 30};

bool can_be_inserted(const Label& label) {
    const std::string& name = label.text();
    if (label.lists_names() || name.size() > text_name_bytes_max) return false;
    return std::all_of(name.begin(), name.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

std::optional<std::string_view> next_answer_line(TextLines& lines) {
    std::string_view line;
    while (lines.next(line)) {
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.empty()) return line;
    }
    return std::nullopt;
}

// The seconds by which the server's clock is ahead: how far the newest line lies in the future. They are taken off
// every time of the answer. A line that no wrong time zone explains was made up by whoever inserted it. It counts
// only when all lines are like that; otherwise one such line would age all others by decades.
template <class Line>
std::int64_t clock_excess(const std::vector<Line>& lines, std::int64_t now) {
    std::int64_t newest = 0;
    std::int64_t newest_possible = -1;
    for (const Line& line : lines) {
        const std::int64_t stated = count(line.stated);
        newest = std::max(newest, stated);
        if (stated <= now + zone_skew_s_max) newest_possible = std::max(newest_possible, stated);
    }
    return std::max<std::int64_t>(0, (newest_possible >= 0 ? newest_possible : newest) - now);
}

// Ages by the server's own clock, from 0 to age_max. A made-up time ahead of that clock does not say when the host
// was seen, so the host counts as oldest.
template <class Line>
void set_ages(std::vector<Line>& lines, UnixSeconds wall_now) {
    const std::int64_t now = count(wall_now);
    const std::int64_t excess = clock_excess(lines, now);
    for (Line& line : lines) {
        const std::int64_t age_s = now + excess - count(line.stated);
        const bool made_up = age_s < 0;
        line.age = made_up ? age_max : std::min(std::chrono::seconds{age_s}, age_max);
    }
}

// The child of a directory as a label that an original survives.
std::optional<Label> child_label(const Label& directory, const std::string& name) {
    if (name.empty() || name.find('/') != std::string::npos) return std::nullopt;
    const std::string path = directory == Label::labels() ? name : directory.text() + name;
    for (const std::string& text : {path, path + "/"}) {
        auto label = Label::parse(text);
        if (label && label->storable() && label->is_original()) return std::move(label).value();
    }
    return std::nullopt;
}

// Takes one reply off the front of the answer to an insert, when it is about this entry.
std::optional<bool> take_reply(std::string_view& answer, const Label& label, std::string_view line) {
    for (const bool stored : {true, false}) {
        std::string reply;
        append_insert_reply(reply, stored, label, line);
        if (!answer.starts_with(reply)) continue;
        answer.remove_prefix(reply.size());
        return stored;
    }
    return std::nullopt;
}

}  // namespace

Result<std::string> get_query(const Label& label) {
    if (!label.storable())
        return Error{ErrorCode::invalid, "A label of more than 255 bytes would end an original HALP server."};
    if (!label.is_original())
        return Error{ErrorCode::invalid,
                     "Original HALP servers know no \"-\" and \".\" in labels, and no \"_\" in the last "
                     "part: a daemon knows the hosts of '" +
                         label.text().substr(0, 64) + "', and they do not."};
    return "get " + label.text();
}

Result<std::vector<std::string>> insert_queries(const Label& label, const std::vector<TextHostLine>& lines) {
    if (!can_be_inserted(label))
        return Error{ErrorCode::invalid,
                     "Original HALP servers take hosts only under labels of a-z and 0-9, not '" +
                         label.text().substr(0, 64) + "'."};
    std::vector<std::string> queries;
    const std::string head = "insert " + label.text();
    for (const TextHostLine& line : lines) {
        const auto endpoint = Endpoint::make(line.endpoint.host, line.endpoint.port);
        if (!endpoint) return endpoint.error();
        std::string text;
        append_host_line(text, std::clamp(line.stated, UnixSeconds{0}, text_sent_time_max), *endpoint);
        if (queries.empty() || queries.back().size() + 1 + text.size() > text_sent_bytes_max)
            queries.push_back(head);
        queries.back() += '\n' + text;
    }
    return queries;
}

bool TextAnswer::on_bytes(std::string_view bytes) {
    const std::size_t room = bytes_max - text_.size();
    overflowed_ = overflowed_ || bytes.size() > room;
    text_ += bytes.substr(0, room);
    return !overflowed_;
}

std::string_view TextAnswer::text(bool ended_in_order) const {
    const std::string_view all = text_;
    if (ended_in_order && !overflowed_) return all;
    const std::size_t last_break = all.rfind('\n');
    return all.substr(0, last_break == std::string_view::npos ? 0 : last_break);
}

bool is_refusal(std::string_view answer) {
    while (answer.ends_with('\n') || answer.ends_with('\r')) answer.remove_suffix(1);
    return answer == text_refusal;
}

TextProof proof_of(std::string_view query, std::string_view answer) {
    if (is_refusal(answer)) return TextProof::halp;
    if (query == proof_query) return TextProof::foreign;
    if (answer.empty()) return TextProof::nothing;
    const TextQuery parsed = parse_text_query(query);
    const auto* get = std::get_if<TextGet>(&parsed);
    bool read = false;
    if (get != nullptr) {
        TextLines lines{answer.substr(0, TextAnswer::bytes_max)};
        while (const auto text = read ? std::nullopt : next_answer_line(lines))
            read =
                get->label.lists_names() ? parse_name_line(*text).has_value() : parse_host_line(*text).has_value();
    } else {
        const InsertAnswer replies = parse_insert_answer(query, answer);
        read = replies.stored + replies.refused > 0;
    }
    return read ? TextProof::halp : TextProof::foreign;
}

HostAnswer parse_host_answer(std::string_view answer, UnixSeconds wall_now) {
    HostAnswer result;
    TextLines lines{answer.substr(0, TextAnswer::bytes_max)};
    while (const auto text = next_answer_line(lines)) {
        if (auto line = parse_host_line(*text))
            result.lines.push_back({std::move(line->endpoint), Duration{0}, line->stated});
        else
            ++result.bad_lines;
    }
    set_ages(result.lines, wall_now);
    return result;
}

NameAnswer parse_name_answer(const Label& directory, std::string_view answer, UnixSeconds wall_now) {
    assert(directory.lists_names());
    NameAnswer result;
    TextLines lines{answer.substr(0, TextAnswer::bytes_max)};
    while (const auto text = next_answer_line(lines)) {
        auto line = parse_name_line(*text);
        auto label = line ? child_label(directory, line->name) : std::nullopt;
        if (label)
            result.lines.push_back({std::move(line->name), std::move(*label), Duration{0}, line->stated});
        else
            ++result.bad_lines;
    }
    set_ages(result.lines, wall_now);
    return result;
}

InsertAnswer parse_insert_answer(std::string_view query, std::string_view answer) {
    InsertAnswer result;
    const TextQuery parsed = parse_text_query(query);
    const auto* insert = std::get_if<TextInsert>(&parsed);
    if (insert == nullptr) return result;
    bool intelligible = true;
    for (const Label& label : insert->labels) {
        TextLines lines{insert->entries};
        for (std::string_view line; lines.next(line);) {
            const auto stored = intelligible ? take_reply(answer, label, line) : std::nullopt;
            intelligible = stored.has_value();
            ++(!stored ? result.unanswered : *stored ? result.stored : result.refused);
        }
    }
    return result;
}

}  // namespace halp
