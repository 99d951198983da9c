#include "overlay/text/text_session.h"

#include <algorithm>

namespace halp {

TextSession::TextSession(Instant accepted, TextSessionTimes times)
    : settle_(times.settle), patience_ends_(accepted + times.patience) {}

bool TextSession::whole(std::string_view first_segment) {
    const TextShape shape = text_shape(first_segment);
    if (shape == TextShape::complete) return true;
    return shape == TextShape::may_grow && first_segment.size() <= single_segment_bytes_max;
}

TextSession::Verdict TextSession::on_bytes(std::string_view bytes, Instant now) {
    if (over_ || bytes.empty()) return Verdict::wait;
    const bool first_segment = query_.empty();
    query_ += bytes.substr(0, text_query_bytes_max + 1 - query_.size());
    if (first_segment && whole(bytes)) return finish(Verdict::answer);
    scan_.feed(bytes);
    if (scan_.complete()) return finish(Verdict::answer);
    settled_at_ = now + settle_;
    return Verdict::wait;
}

TextSession::Verdict TextSession::on_end(Instant) { return over_ ? Verdict::wait : finish(Verdict::answer); }

TextSession::Verdict TextSession::on_deadline(Instant now) {
    if (over_ || now < next_deadline()) return Verdict::wait;
    // Both may have passed when the wake-up comes late: what would have happened first, happens.
    if (settled_at_ <= patience_ends_) return finish(Verdict::answer);
    return finish(query_.empty() ? Verdict::close : Verdict::refuse);
}

Instant TextSession::next_deadline() const { return over_ ? no_deadline : std::min(settled_at_, patience_ends_); }

TextSession::Verdict TextSession::finish(Verdict verdict) {
    over_ = true;
    return verdict;
}

}  // namespace halp
