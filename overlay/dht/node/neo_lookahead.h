// The requests that have arrived behind the one that is carried out: their keys are told to the store, which may
// fetch the records into the cache. Of a random key the index and the record are not there, and each request alone
// would wait for them; the waits of several overlap.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <variant>

#include "overlay/dht/wire/neo_codec.h"
#include "overlay/dht/wire/neo_wire.h"
#include "overlay/environment.h"
#include "store/records/channel.h"
#include "store/records/record_store.h"

namespace halp::neo {

class Lookahead {
public:
    // `arrived`: whole frames and the beginning of one. It must stay in place, as must the store.
    Lookahead(Bytes arrived, const RecordStore& store) : rest_(arrived), store_(store) {
        if (arrived.size() < bytes_min) rest_ = {};  // a request or two
    }
    // To be called before each frame is carried out.
    void step() {
        while (seen_ < done_ + far_frames && look()) ++seen_;
        const std::size_t next = done_++ + near_frames;
        if (next < seen_ && keys_[next % far_frames])
            store_.expect(*channel_, *keys_[next % far_frames], RecordStore::Expected::next);
    }

private:
    static constexpr std::size_t far_frames = 8, near_frames = 4, bytes_min = 512;

    // False when there is no further frame.
    bool look() {
        const auto header = decode_header(rest_, FrameType::request, rest_.size());
        const auto* frame = std::get_if<FrameHeader>(&header);
        if (!frame || rest_.size() - header_bytes < frame->body_bytes) {
            rest_ = {};
            return false;
        }
        const auto body_bytes = static_cast<std::size_t>(frame->body_bytes);
        std::optional<Key>& key = keys_[seen_ % far_frames];
        key = key_of(rest_.substr(header_bytes, body_bytes));
        rest_.remove_prefix(header_bytes + body_bytes);
        using Expected = RecordStore::Expected;
        if (key) store_.expect(*channel_, *key, is_put_ ? Expected::write : Expected::soon);
        if (is_put_) key.reset();  // most are new, and there is no record to be fetched
        return true;
    }
    // Of a request about one record; the channel is remembered.
    std::optional<Key> key_of(Bytes body) {
        FieldReader read(body);
        static_cast<void>(read.number<std::uint64_t>());  // its id
        const auto code = static_cast<RequestCode>(read.number<std::uint8_t>());
        const bool of_a_record = code == RequestCode::put || code == RequestCode::get ||
                                 code == RequestCode::exists || code == RequestCode::remove;
        static_cast<void>(read.number<std::uint8_t>());  // the version
        const Bytes channel = read.array();
        const auto key = read.number<std::uint64_t>();
        if (!of_a_record || read.failed()) return std::nullopt;
        if (!channel_ || channel_->name() != channel) {
            const auto named = Channel::parse(channel);
            if (!named) return std::nullopt;
            channel_ = *named;
        }
        is_put_ = code == RequestCode::put;
        return Key{key};
    }

    bool is_put_ = false;  // the last one that was looked at
    Bytes rest_;
    const RecordStore& store_;
    std::optional<Channel> channel_;  // of the last request that named one
    std::array<std::optional<Key>, far_frames> keys_{};
    std::size_t seen_ = 0, done_ = 0;  // frames
};

}  // namespace halp::neo
