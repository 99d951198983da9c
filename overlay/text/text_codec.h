// HALP text v1: the original's queries and answers, bytes to messages and back, as pure functions (halp-text.md).
// What the original answers is answered with the same bytes. What ends or hangs the original is refused. Nothing
// that a stranger sends is stored or echoed without a bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "store/endpoint.h"
#include "store/label.h"
#include "store/time.h"

namespace halp {

inline constexpr std::string_view text_refusal = "Could not parse request";  // the only error text

inline constexpr std::size_t text_entries_default = 10;       // of a `get` without a slice
inline constexpr std::size_t text_entries_max = 1000;         // of one answer, whatever the slice says
inline constexpr std::size_t text_first_max = 1'000'000'000;  // a slice that begins behind it gives nothing
// The original reads a query with one recv(4096), so a `get` or the first line of an `insert` ends there.
inline constexpr std::size_t text_head_bytes_max = 4096;
inline constexpr std::size_t text_query_bytes_max = std::size_t{1} << 20;
// The answer to an insert has labels x entries lines, so an insert of many labels multiplies what it sent.
inline constexpr std::size_t text_answer_bytes_max = std::size_t{4} << 20;
inline constexpr std::size_t text_name_bytes_max = 255;  // of a label or an entry in an insert

// Entries first .. first + count - 1, newest first.
struct TextGet {
    Label label;
    std::size_t first = 0;
    std::size_t count = text_entries_default;  // at most text_entries_max
};

// Every label takes every entry. Without labels nothing is stored and the answer is empty.
struct TextInsert {
    std::vector<Label> labels;
    std::string_view entries;  // a view into the query, which may have a MiB; TextLines reads it
};

struct TextOverlong {};  // a `get` longer than text_head_bytes_max: the answer is empty
struct TextBad {};       // the answer is text_refusal

using TextQuery = std::variant<TextGet, TextInsert, TextOverlong, TextBad>;

// The query is a view into `whole`.
[[nodiscard]] TextQuery parse_text_query(std::string_view whole);

enum class TextShape {
    need_more,  // no query yet, or an insert whose last entry is not finished
    may_grow,   // can be answered as it is, but a longer query begins alike
    complete,   // no longer query begins like this: it is answered or refused
};

struct TextStart {
    TextShape shape = TextShape::need_more;
    TextQuery query;  // meaningful unless more is needed
};
// What the first bytes of a connection are. TextScan finds the same shape for bytes that come in pieces.
[[nodiscard]] TextStart parse_text_start(std::string_view so_far);

// Finds out, byte by byte and without keeping bytes, when a query is complete in the sense of TextShape.
class TextScan {
public:
    void feed(std::string_view more);
    [[nodiscard]] bool complete() const { return state_ == State::complete; }

private:
    enum class State : std::uint8_t {
        verb,
        get_name,
        slice_first,   // after "["
        slice_behind,  // after ":"
        slice_closed,  // after "]"
        insert_names,
        insert_entries,
        complete,
    };

    void step(char byte);
    [[nodiscard]] State after_verb(char byte) const;
    State after_name_byte(char byte);
    State after_slice_byte(char byte);
    State after_insert_byte(char byte);

    State state_ = State::verb;
    bool insert_ = false;          // the verb is `insert`
    bool any_name_ = false;        // insert: at least one blank was seen
    bool part_has_alnum_ = false;  // of the part of the label after the last "/"
    bool part_has_under_ = false;  // a part with "_" cannot be the last
    bool digits_ = false;          // of the slice, in the current number
    std::size_t name_bytes_ = 0;   // of the label, or of the current name of an insert
    std::size_t bytes_ = 0;
};

// The entries of an insert in the order they were sent. There is always at least one, maybe empty. A final LF makes
// one more, as in the original.
class TextLines {
public:
    explicit TextLines(std::string_view entries) : rest_(entries) {}
    // False when there are no more; `line` then keeps its value.
    bool next(std::string_view& line);

private:
    std::string_view rest_;
    bool done_ = false;
};

struct TextHostLine {
    UnixSeconds stated{0};
    Endpoint endpoint;
};
struct TextNameLine {
    UnixSeconds stated{0};
    std::string name;
};

// `<time> <host> <port>`. Nothing when the original would answer failure or end, and for hosts that nobody could
// dial: control bytes, over-long names, port 0 or above 65535.
[[nodiscard]] std::optional<TextHostLine> parse_host_line(std::string_view line);
// `<time> <name>`, the form of entries of `labels`. A port behind it is ignored.
[[nodiscard]] std::optional<TextNameLine> parse_name_line(std::string_view line);

// Appends one line to the answer of a `get`. LF joins lines; there is none at the end.
void append_host_line(std::string& answer, UnixSeconds seen, const Endpoint& endpoint);
void append_name_line(std::string& answer, UnixSeconds seen, std::string_view name);
// Appends the reply to one entry of an insert, with the entry as it was sent. Nothing separates replies.
void append_insert_reply(std::string& answer, bool stored, const Label& label, std::string_view line);

}  // namespace halp
