// An accepted connection as a node treats it: a first segment that is a whole query needs no session.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "overlay/text/text_session.h"

namespace halp {

class TextConnection {
public:
    using Verdict = TextSession::Verdict;
    explicit TextConnection(TextSessionTimes times = {}) : times_(times) {}

    Verdict on_bytes(std::string_view bytes, Instant now) {
        if (session_) return session_->on_bytes(bytes, now);
        if (answered_) return Verdict::wait;
        if (TextSession::whole_query(bytes)) return answer(bytes);
        session_.emplace(bytes, now, times_);
        return Verdict::wait;
    }
    Verdict on_end() {
        if (session_) return session_->on_end();
        return answered_ ? Verdict::wait : answer({});
    }
    Verdict on_deadline(Instant now) { return session_ ? session_->on_deadline(now) : Verdict::wait; }
    [[nodiscard]] Instant next_deadline() const { return session_ ? session_->next_deadline() : no_deadline; }
    [[nodiscard]] std::string_view bytes() const { return session_ ? session_->bytes() : whole_; }

private:
    Verdict answer(std::string_view bytes) {
        whole_ = bytes;
        answered_ = true;
        return Verdict::answer;
    }

    TextSessionTimes times_;
    std::optional<TextSession> session_;
    std::string whole_;
    bool answered_ = false;
};

}  // namespace halp
