// One accepted HALP text connection: collects bytes until they are a query. Text v1 has neither a length nor
// an end mark: original clients send a query without a final LF and wait. So a first segment that makes a
// query is answered at once, and a query that came in pieces when it cannot grow any more, or when nothing
// followed for a while (halp-text.md, "When a query is whole"). Each byte is looked at once, and what is kept
// never exceeds text_query_bytes_max by more than a byte.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "overlay/text/text_codec.h"
#include "store/time.h"

namespace halp {

struct TextSessionTimes {
    Duration settle = std::chrono::milliseconds{400};  // silence that ends a query which could go on
    Duration patience = std::chrono::seconds{10};      // from accept to a whole query
};

class TextSession {
public:
    // A first segment beyond this may be the first of several: an Ethernet segment carries 1460 bytes or
    // somewhat less.
    static constexpr std::size_t single_segment_bytes_max = 1400;

    enum class Verdict {
        wait,
        answer,  // query() is whole: parse and answer it, then close
        refuse,  // too slow: answer text_refusal, then close
        close,   // never said a word: close without an answer
    };

    explicit TextSession(Instant accepted, TextSessionTimes times = {});

    // True when the first segment of a connection is a query by itself: the usual case, which needs neither a
    // session nor a copy of the bytes.
    [[nodiscard]] static bool whole(std::string_view first_segment);

    // After a verdict other than wait the session is over: it waits for nothing and takes no more bytes.
    [[nodiscard]] Verdict on_bytes(std::string_view bytes, Instant now);
    [[nodiscard]] Verdict on_end(Instant now);  // the peer sends no more
    [[nodiscard]] Verdict on_deadline(Instant now);
    [[nodiscard]] Instant next_deadline() const;

    [[nodiscard]] std::string_view query() const { return query_; }

private:
    Verdict finish(Verdict verdict);

    std::string query_;
    TextScan scan_;
    Duration settle_;
    Instant settled_at_ = no_deadline;
    Instant patience_ends_;
    bool over_ = false;
};

}  // namespace halp
