// Cuts the received bytes into frames. Bytes are kept only while a frame is incomplete, and memory grows with the
// received bytes, never with the length that a header announces.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "overlay/dht/wire/neo_codec.h"
#include "overlay/environment.h"

namespace halp::neo {

class FrameReceiver {
public:
    // Begins a round: next() returns the frames until end(). `arrived` must stay in place for that time.
    void begin(Bytes arrived) {
        if (kept_.empty()) {
            now_ = arrived;
            return;
        }
        kept_.append(arrived);
        now_ = kept_;
        from_kept_ = true;
    }
    // The body of the next frame, valid until end(), or DecodeError::need_more when the rest is incomplete.
    [[nodiscard]] Decoded<Bytes> next(FrameType expected, std::uint64_t request_body_max) {
        const auto header = decode_header(now_, expected, request_body_max);
        if (const auto* error = std::get_if<DecodeError>(&header)) return *error;
        const auto body_bytes = std::get<FrameHeader>(header).body_bytes;
        if (now_.size() - header_bytes < body_bytes) return DecodeError::need_more;
        const Bytes body = now_.substr(header_bytes, static_cast<std::size_t>(body_bytes));
        now_.remove_prefix(header_bytes + body.size());
        return body;
    }
    void end() {
        if (!from_kept_) {
            kept_.assign(now_);
        } else if (now_.empty()) {
            // Frees the memory that a long message needed.
            std::string().swap(kept_);
        } else if (now_.size() < kept_.size()) {
            kept_.erase(0, kept_.size() - now_.size());
        }
        from_kept_ = false;
        now_ = {};
    }
    [[nodiscard]] std::size_t bytes_kept() const { return kept_.size(); }

private:
    std::string kept_;
    Bytes now_;
    bool from_kept_ = false;
};

}  // namespace halp::neo
