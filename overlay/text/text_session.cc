#include "overlay/text/text_session.h"

#include <algorithm>
#include <utility>

namespace halp {

std::optional<TextQuery> TextSession::whole_query(std::string_view first_segment) {
    if (first_segment.size() <= single_segment_bytes_max) {
        TextStart start = parse_text_start(first_segment);
        if (start.shape == TextShape::need_more) return std::nullopt;
        return std::move(start.query);
    }
    TextScan scan;
    scan.feed(first_segment);
    if (!scan.complete()) return std::nullopt;
    return parse_text_query(first_segment);
}

TextSession::TextSession(std::string_view first_segment, Instant now, TextSessionTimes times)
    : pause_max_(times.pause_max), patience_ends_(now + times.patience) {
    keep(first_segment, now);
}

TextSession::Verdict TextSession::on_bytes(std::string_view bytes, Instant now) {
    if (over_ || bytes.empty()) return Verdict::wait;
    keep(bytes, now);
    return scan_.complete() ? finish(Verdict::answer) : Verdict::wait;
}

void TextSession::keep(std::string_view bytes, Instant now) {
    bytes_ += bytes.substr(0, text_query_bytes_max + 1 - bytes_.size());
    scan_.feed(bytes);
    pause_ends_ = now + pause_max_;
}

TextSession::Verdict TextSession::on_end() { return over_ ? Verdict::wait : finish(Verdict::answer); }

TextSession::Verdict TextSession::on_deadline(Instant now) {
    if (over_ || now < next_deadline()) return Verdict::wait;
    // Both may have passed when the wake-up is late. Then the earlier one counts.
    return finish(pause_ends_ <= patience_ends_ ? Verdict::answer : Verdict::refuse);
}

Instant TextSession::next_deadline() const { return over_ ? no_deadline : std::min(pause_ends_, patience_ends_); }

TextSession::Verdict TextSession::finish(Verdict verdict) {
    over_ = true;
    return verdict;
}

}  // namespace halp
