// HALP text v1: the original's queries and answers, bytes to messages and back, as pure functions
// (overlay/text/halp-text.md). What the original answers is answered with the same bytes; what
// ends or hangs it is refused, and nothing a stranger sends is stored or echoed without a bound.
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
// The original reads a query with one recv(4096): a `get`, or the first line of an `insert`, ends there.
inline constexpr std::size_t text_head_bytes_max = 4096;
inline constexpr std::size_t text_query_bytes_max = std::size_t{1} << 20;
// An insert is answered with labels x entries lines: an insert of many labels multiplies what it sent.
inline constexpr std::size_t text_answer_bytes_max = std::size_t{4} << 20;
inline constexpr std::size_t text_name_bytes_max = 255;  // of a label or an entry in an insert

// Entries first .. first + count - 1, newest first.
struct TextGet {
    Label label;
    std::size_t first = 0;
    std::size_t count = text_entries_default;  // at most text_entries_max
};

// Every label takes every entry. No labels: nothing is stored and nothing answered.
struct TextInsert {
    std::vector<Label> labels;
    std::string_view entries;  // a piece of the query, not a copy: a MiB of them is usual. Read it with TextLines
};

struct TextOverlong {};  // a `get` beyond text_head_bytes_max: zero bytes answer it
struct TextBad {};       // text_refusal answers it

using TextQuery = std::variant<TextGet, TextInsert, TextOverlong, TextBad>;

// The query is a view into `whole`.
[[nodiscard]] TextQuery parse_text_query(std::string_view whole);

enum class TextShape {
    need_more,  // no query yet, or an insert whose last entry is not finished
    may_grow,   // can be answered as it is, but a longer query begins alike
    complete,   // no longer query begins like this: answer it, or refuse it
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
        slice_first,   // behind "["
        slice_behind,  // behind ":"
        slice_closed,  // behind "]"
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
    bool insert_ = false;          // which of the two verbs
    bool any_name_ = false;        // insert: at least one blank was seen
    bool part_has_alnum_ = false;  // of the part of the label behind the last "/"
    bool part_has_under_ = false;  // such a part cannot be the last
    bool digits_ = false;          // of the slice, in the current number
    std::size_t name_bytes_ = 0;   // of the label, or of the current name of an insert
    std::size_t bytes_ = 0;
};

// The entries of an insert in the order they were sent. There is always one, if an empty one: a final LF
// makes one more, as in the original.
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

// `<time> <host> <port>`. Nothing when the original would call it a failure or end, and for what nobody could
// dial: control bytes, over-long hosts, port 0 or above 65535.
[[nodiscard]] std::optional<TextHostLine> parse_host_line(std::string_view line);
// `<time> <name>`, with or without a port, which is ignored: what `labels` takes.
[[nodiscard]] std::optional<TextNameLine> parse_name_line(std::string_view line);

// One more line of an answer to a `get`; lines are joined by LF and the last has none.
void append_host_line(std::string& answer, UnixSeconds seen, const Endpoint& endpoint);
void append_name_line(std::string& answer, UnixSeconds seen, std::string_view name);
// The reply to one entry of an insert, echoed as it was sent; nothing separates it from the next.
void append_insert_reply(std::string& answer, bool stored, const Label& label, std::string_view line);

}  // namespace halp
