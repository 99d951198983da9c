#include "overlay/text/text_codec.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <system_error>
#include <utility>

#include "store/result.h"

namespace halp {
namespace {

constexpr std::string_view get_verb = "get ";
constexpr std::string_view insert_verb = "insert";

// ASCII only, whatever the locale, as the grammar has no other letters.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_alnum(char c) { return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z'); }
constexpr bool is_insert_byte(char c) { return is_lower(c) || is_digit(c); }
constexpr bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool is_control(char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }

// Takes the digits at the front of `text`. A number too large for 64 bits becomes the largest one.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    if (text.empty() || !is_digit(text.front())) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) value = std::numeric_limits<std::uint64_t>::max();
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

bool take(std::string_view& text, char wanted) {
    if (text.empty() || text.front() != wanted) return false;
    text.remove_prefix(1);
    return true;
}

struct Entry {
    UnixSeconds stated{0};
    std::string_view word;
    std::optional<std::uint64_t> port;
};

// 1*DIGIT SP 1*nonblank [SP] [1*DIGIT]: the form of every entry of the original.
std::optional<Entry> parse_entry(std::string_view line) {
    const auto stated = take_number(line);
    if (!stated || *stated > static_cast<std::uint64_t>(count(unix_seconds_max))) return std::nullopt;
    if (!take(line, ' ')) return std::nullopt;
    Entry entry{UnixSeconds{static_cast<std::int64_t>(*stated)}, {}, {}};
    const auto word_end = std::find_if(line.begin(), line.end(), is_blank);
    entry.word = line.substr(0, static_cast<std::size_t>(word_end - line.begin()));
    line.remove_prefix(entry.word.size());
    if (entry.word.empty()) return std::nullopt;
    if (take(line, ' ')) entry.port = take_number(line);
    if (!line.empty()) return std::nullopt;
    return entry;
}

struct Slice {
    std::size_t first = 0;
    std::size_t count = text_entries_default;
};

// "[a:b]" or nothing.
std::optional<Slice> parse_slice(std::string_view text) {
    if (text.empty()) return Slice{};
    if (!take(text, '[')) return std::nullopt;
    const auto first = take_number(text);
    if (!first || !take(text, ':')) return std::nullopt;
    const auto behind = take_number(text);
    if (!behind || text != "]") return std::nullopt;
    if (*behind <= *first || *first > text_first_max) return Slice{0, 0};
    return Slice{*first, std::min<std::uint64_t>(*behind - *first, text_entries_max)};
}

TextQuery parse_overlong_get(std::string_view whole) {
    TextScan scan;
    scan.feed(whole.substr(0, text_head_bytes_max));
    if (scan.complete()) return TextBad{};  // it is malformed, or goes on after its end
    return TextOverlong{};
}

TextQuery parse_get(std::string_view whole) {
    if (whole.size() > text_head_bytes_max) return parse_overlong_get(whole);
    std::string_view rest = whole.substr(get_verb.size());
    if (rest.ends_with('\n')) rest.remove_suffix(1);
    const std::string_view name = rest.substr(0, rest.find('['));
    const auto slice = parse_slice(rest.substr(name.size()));
    if (name.empty() || !slice) return TextBad{};
    auto label = Label::parse(name);
    if (!label || !label->is_original()) return TextBad{};
    return TextGet{std::move(label).value(), slice->first, slice->count};
}

// *(" " name). The original accepts "_" and "." here too, and then ends.
std::optional<std::vector<Label>> parse_insert_names(std::string_view names) {
    std::vector<Label> labels;
    while (!names.empty()) {
        if (!take(names, ' ')) return std::nullopt;
        const std::string_view name = names.substr(0, names.find(' '));
        names.remove_prefix(name.size());
        if (name.empty() || name.size() > text_name_bytes_max) return std::nullopt;
        if (!std::all_of(name.begin(), name.end(), is_insert_byte)) return std::nullopt;
        auto label = Label::parse(name);
        if (!label) return std::nullopt;
        labels.push_back(std::move(label).value());
    }
    return labels;
}

std::uint64_t insert_answer_bytes(const TextInsert& insert) {
    const auto breaks = static_cast<std::uint64_t>(std::count(insert.entries.begin(), insert.entries.end(), '\n'));
    const std::uint64_t entry_bytes = insert.entries.size() - breaks;
    std::uint64_t bytes = 0;
    for (const Label& label : insert.labels) {
        const std::uint64_t frame = std::string_view{"success:  "}.size() + label.text().size();
        bytes += frame * (breaks + 1) + entry_bytes;
    }
    return bytes;
}

TextQuery parse_insert(std::string_view whole) {
    const std::size_t head_end = whole.substr(0, text_head_bytes_max).find('\n');
    if (head_end == std::string_view::npos) return TextBad{};
    auto labels = parse_insert_names(whole.substr(insert_verb.size(), head_end - insert_verb.size()));
    if (!labels) return TextBad{};
    TextInsert insert{std::move(*labels), whole.substr(head_end + 1)};
    if (insert.labels.empty()) return insert;
    if (whole.size() > text_query_bytes_max || insert_answer_bytes(insert) > text_answer_bytes_max)
        return TextBad{};
    return insert;
}

bool last_entry_is_good(const TextInsert& insert) {
    const std::size_t last_break = insert.entries.rfind('\n');
    const std::string_view last = insert.entries.substr(last_break == std::string_view::npos ? 0 : last_break + 1);
    return std::all_of(insert.labels.begin(), insert.labels.end(), [last](const Label& label) {
        return label.lists_names() ? parse_name_line(last).has_value() : parse_host_line(last).has_value();
    });
}

void append_number(std::string& out, std::int64_t number) {
    char digits[20];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
    out.append(digits, static_cast<std::size_t>(end - digits));
}

void start_line(std::string& answer, UnixSeconds seen) {
    if (!answer.empty()) answer += '\n';
    append_number(answer, count(seen));
    answer += ' ';
}

}  // namespace

TextQuery parse_text_query(std::string_view whole) {
    if (whole.starts_with(get_verb)) return parse_get(whole);
    if (whole.starts_with(insert_verb)) return parse_insert(whole);
    return TextBad{};
}

TextStart parse_text_start(std::string_view so_far) {
    TextScan scan;
    scan.feed(so_far);
    TextStart start{TextShape::complete, parse_text_query(so_far)};
    if (scan.complete()) return start;
    const auto* insert = std::get_if<TextInsert>(&start.query);
    const bool can_be_answered =
        insert ? last_entry_is_good(*insert) : std::holds_alternative<TextGet>(start.query);
    start.shape = can_be_answered ? TextShape::may_grow : TextShape::need_more;
    return start;
}

void TextScan::feed(std::string_view more) {
    for (std::size_t i = 0; i < more.size() && !complete(); ++i) {
        if (state_ == State::insert_entries) {  // only the number of their bytes matters
            bytes_ += more.size() - i;
            if (bytes_ > text_query_bytes_max) state_ = State::complete;
            return;
        }
        ++bytes_;
        step(more[i]);
    }
}

void TextScan::step(char byte) {
    switch (state_) {
        case State::verb:
            insert_ = bytes_ == 1 ? byte == insert_verb.front() : insert_;
            state_ = after_verb(byte);
            break;
        case State::get_name:
            state_ = after_name_byte(byte);
            break;
        case State::slice_first:
        case State::slice_behind:
        case State::slice_closed:
            state_ = after_slice_byte(byte);
            break;
        case State::insert_names:
            state_ = after_insert_byte(byte);
            break;
        case State::insert_entries:
        case State::complete:
            break;
    }
    const std::size_t head_max = insert_ ? text_head_bytes_max - 1 : text_head_bytes_max;
    if (bytes_ > head_max && state_ != State::insert_entries) state_ = State::complete;
}

TextScan::State TextScan::after_verb(char byte) const {
    const std::string_view verb = insert_ ? insert_verb : get_verb;
    if (byte != verb[bytes_ - 1]) return State::complete;
    if (bytes_ < verb.size()) return State::verb;
    return insert_ ? State::insert_names : State::get_name;
}

// Whether a label of the original's grammar can still follow.
TextScan::State TextScan::after_name_byte(char byte) {
    if (is_alnum(byte) || byte == '_') {
        ++name_bytes_;
        (byte == '_' ? part_has_under_ : part_has_alnum_) = true;
        return State::get_name;
    }
    if (byte == '/' && part_has_alnum_) {
        ++name_bytes_;
        part_has_alnum_ = part_has_under_ = false;
        return State::get_name;
    }
    if (byte == '[' && name_bytes_ > 0 && !part_has_under_) return State::slice_first;
    return State::complete;
}

TextScan::State TextScan::after_slice_byte(char byte) {
    if (state_ == State::slice_closed) return State::complete;
    if (is_digit(byte)) {
        digits_ = true;
        return state_;
    }
    const bool closes = state_ == State::slice_behind;
    if (!digits_ || byte != (closes ? ']' : ':')) return State::complete;
    digits_ = false;
    return closes ? State::slice_closed : State::slice_behind;
}

TextScan::State TextScan::after_insert_byte(char byte) {
    if (byte == ' ' && (!any_name_ || name_bytes_ > 0)) {
        any_name_ = true;
        name_bytes_ = 0;
        return State::insert_names;
    }
    // Without a label no entry is answered.
    if (byte == '\n') return name_bytes_ > 0 ? State::insert_entries : State::complete;
    if (!any_name_ || !is_insert_byte(byte)) return State::complete;
    return ++name_bytes_ > text_name_bytes_max ? State::complete : State::insert_names;
}

bool TextLines::next(std::string_view& line) {
    if (done_) return false;
    const std::size_t end = rest_.find('\n');
    done_ = end == std::string_view::npos;
    line = rest_.substr(0, end);
    rest_.remove_prefix(done_ ? rest_.size() : end + 1);
    return true;
}

std::optional<TextHostLine> parse_host_line(std::string_view line) {
    const auto entry = parse_entry(line);
    if (!entry || !entry->port) return std::nullopt;
    auto endpoint = Endpoint::make(entry->word, *entry->port);
    if (!endpoint) return std::nullopt;
    return TextHostLine{entry->stated, std::move(endpoint).value()};
}

std::optional<TextNameLine> parse_name_line(std::string_view line) {
    const auto entry = parse_entry(line);
    if (!entry || entry->word.size() > text_name_bytes_max) return std::nullopt;
    if (std::any_of(entry->word.begin(), entry->word.end(), is_control)) return std::nullopt;
    return TextNameLine{entry->stated, std::string{entry->word}};
}

void append_host_line(std::string& answer, UnixSeconds seen, const Endpoint& endpoint) {
    start_line(answer, seen);
    answer += endpoint.host;
    answer += ' ';
    append_number(answer, endpoint.port);
}

void append_name_line(std::string& answer, UnixSeconds seen, std::string_view name) {
    start_line(answer, seen);
    answer += name;
}

void append_insert_reply(std::string& answer, bool stored, const Label& label, std::string_view line) {
    answer += stored ? "success: " : "failure: ";
    answer += label.text();
    answer += ' ';
    answer += line;
}

}  // namespace halp
