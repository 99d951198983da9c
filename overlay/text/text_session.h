// One accepted HALP text connection whose first segment is no whole query. It collects bytes until they are one.
// Text v1 has neither a length nor an end mark, and original clients send a query without a final LF and wait. So a
// first segment that makes a query is answered at once. A query that comes in pieces is answered when it cannot
// grow any more, or after a pause (halp-text.md, "When a query is whole"). Each byte is scanned once, and at most
// text_query_bytes_max + 1 bytes are kept.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "overlay/text/text_codec.h"
#include "store/time.h"

namespace halp {

struct TextSessionTimes {
    Duration pause_max = std::chrono::milliseconds{400};  // a longer silence ends a query that could go on
    Duration patience = std::chrono::seconds{10};         // from the first segment to a whole query
};

class TextSession {
public:
    // A longer first segment may be the first of several: an Ethernet segment carries 1460 bytes or somewhat less.
    static constexpr std::size_t single_segment_bytes_max = 1400;

    enum class Verdict {
        wait,
        answer,  // query() is whole: answer it, then close
        refuse,  // too slow: answer text_refusal, then close
    };

    // The query that the first segment of a connection is by itself: the usual case, which needs neither a session
    // nor a copy of the bytes. The query is a view into `first_segment`.
    [[nodiscard]] static std::optional<TextQuery> whole_query(std::string_view first_segment);

    // For a first segment that is no whole query.
    TextSession(std::string_view first_segment, Instant now, TextSessionTimes times = {});

    // After a verdict other than wait the session is over: it waits for nothing and takes no more bytes.
    [[nodiscard]] Verdict on_bytes(std::string_view bytes, Instant now);
    [[nodiscard]] Verdict on_end();  // the peer sends no more
    [[nodiscard]] Verdict on_deadline(Instant now);
    [[nodiscard]] Instant next_deadline() const;

    [[nodiscard]] std::string_view bytes() const { return bytes_; }
    [[nodiscard]] std::size_t bytes_kept() const { return bytes_.capacity(); }
    // A view into this session, parsed anew at each call. To be called once, after the verdict.
    [[nodiscard]] TextQuery query() const { return parse_text_query(bytes_); }

private:
    void keep(std::string_view bytes, Instant now);
    Verdict finish(Verdict verdict);

    std::string bytes_;
    TextScan scan_;
    Duration pause_max_;
    Instant pause_ends_ = no_deadline;
    Instant patience_ends_;
    bool over_ = false;
};

}  // namespace halp
