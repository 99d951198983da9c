#include "overlay/dht/client/neo_client_session.h"

#include <algorithm>
#include <cassert>
#include <variant>

namespace halp::neo {

ClientSession::ClientSession(const SessionLimits& limits, const Credential& credential, ClientMessages& sink,
                             Instant now)
    : limits_(limits),
      credential_(credential),
      sink_(sink),
      handshake_deadline_(now + limits.handshake_timeout),
      output_(1, static_cast<char>(protocol_version)) {}

void ClientSession::on_bytes(Bytes arrived, UnixSeconds wall) {
    if (over() || arrived.empty()) return;
    if (stage_ == Stage::version) return on_version(arrived, wall);
    frames_.begin(arrived);
    while (!over()) {
        const FrameType expected = stage_ == Stage::open ? FrameType::request : FrameType::authentication;
        const auto frame = frames_.next(expected, limits_.message_bytes_max);
        if (const auto* error = std::get_if<DecodeError>(&frame)) {
            if (*error != DecodeError::need_more) finish(SessionEnd::malformed);
            break;
        }
        const Bytes body = std::get<Bytes>(frame);
        if (stage_ == Stage::nonce)
            on_nonce(body);
        else if (stage_ == Stage::verdict)
            on_verdict(body);
        else
            on_payload(body);
    }
    frames_.end();
}

void ClientSession::on_version(Bytes arrived, UnixSeconds wall) {
    const bool same = arrived.size() == 1 && static_cast<std::uint8_t>(arrived.front()) == protocol_version;
    if (!same) return finish(SessionEnd::version);
    timestamp_ = static_cast<std::uint64_t>(std::max<std::int64_t>(count(wall), 0));
    encode_timestamp(output_, timestamp_);
    stage_ = Stage::nonce;
}

void ClientSession::on_nonce(Bytes body) {
    const auto decoded = decode_nonce(body);
    const auto* nonce = std::get_if<Nonce>(&decoded);
    if (!nonce) return finish(SessionEnd::malformed);
    encode_proof(output_, {credential_.name, handshake_hmac(credential_.secret, timestamp_, *nonce)});
    stage_ = Stage::verdict;
}

void ClientSession::on_verdict(Bytes body) {
    const auto decoded = decode_verdict(body);
    const auto* accepted = std::get_if<bool>(&decoded);
    if (!accepted) return finish(SessionEnd::malformed);
    if (!*accepted) return finish(SessionEnd::rejected);
    stage_ = Stage::open;
    sink_.on_authenticated();
}

void ClientSession::on_payload(Bytes body) {
    const RequestBody message =
        std::get<RequestBody>(decode_request_body(body));  // never an error: the header was checked
    if (!sink_.on_message(message.id, message.payload)) finish(SessionEnd::out_of_turn);
}

Instant ClientSession::next_deadline() const {
    return over() || stage_ == Stage::open ? no_deadline : handshake_deadline_;
}

void ClientSession::on_deadline(Instant now) {
    if (now >= next_deadline()) finish(SessionEnd::too_slow);
}

void ClientSession::send(RequestId id, Bytes frame, Instant now) {
    assert(id != no_request);
    waiting_.push_back({id, frame.size(), now});
    waiting_frames_ += frame;
}

void ClientSession::cancel(RequestId id) {
    const auto entry = std::ranges::find(waiting_, id, &Waiting::id);
    if (entry != waiting_.end()) entry->id = no_request;
}

void ClientSession::pump(Instant now, RequestTimes& queued) {
    if (stage_ != Stage::open || over()) return;
    while (!waiting_.empty() && output_.size() + unsent_ < limits_.output_bytes_max) {
        const Waiting next = waiting_.front();
        waiting_.pop_front();
        if (next.id != no_request) {
            output_.append(waiting_frames_, waiting_begin_, next.frame_bytes);
            queued.record(now - next.since);
        }
        waiting_begin_ += next.frame_bytes;
    }
    // Compacts when at least half of it is unused, so each byte is moved at most once.
    if (waiting_begin_ * 2 < waiting_frames_.size()) return;
    waiting_frames_.erase(0, waiting_begin_);
    waiting_begin_ = 0;
    if (waiting_frames_.empty() && waiting_frames_.capacity() > 2 * limits_.output_bytes_max)
        std::string().swap(waiting_frames_);
}

}  // namespace halp::neo
