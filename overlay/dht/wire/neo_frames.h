// Cuts the received bytes into frames. Bytes are kept only while a frame is incomplete, and memory grows with the
// received bytes, never with the length that a header announces.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "overlay/dht/wire/neo_codec.h"
#include "overlay/dht/wire/neo_wire.h"
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
        append(arrived);
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
    // What next() will return the frames of.
    [[nodiscard]] Bytes left() const { return now_; }
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
    // The memory of what is kept.
    [[nodiscard]] std::size_t bytes_kept() const { return kept_.capacity() > sizeof kept_ ? kept_.capacity() : 0; }

private:
    // Grows to the length of the message rather than beyond it. Up to that, and for a length that is not known yet
    // or not true, twice what has come.
    void append(Bytes arrived) {
        const std::size_t needed = kept_.size() + arrived.size();
        if (needed > kept_.capacity()) {
            std::string grown;  // a string that has memory would double it
            grown.reserve(std::max(needed, std::min(2 * needed, announced())));
            grown.append(kept_);
            kept_.swap(grown);
        }
        kept_.append(arrived);
    }
    [[nodiscard]] std::size_t announced() const {
        if (kept_.size() < header_bytes) return ~std::size_t{0};
        const auto body = load_number<std::uint64_t>(kept_.data() + 1);
        return body > ~std::size_t{0} - header_bytes ? ~std::size_t{0}
                                                     : header_bytes + static_cast<std::size_t>(body);
    }

    std::string kept_;
    Bytes now_;
    bool from_kept_ = false;
};

}  // namespace halp::neo
