// The requests that have arrived behind the one that is carried out: their keys are told to the store, which may
// fetch the records into the cache. Of a random key the index and the record are not there, and each request alone
// would wait for them; the waits of several overlap.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "overlay/environment.h"
#include "store/records/channel.h"
#include "store/records/key.h"
#include "store/records/record_store.h"

namespace halp {

// A request at the beginning of what has arrived.
struct ArrivedRequest {
    std::size_t bytes = 0;
    bool of_a_record = false;  // Put, Get, Exists, Remove
    bool is_put = false;
    Bytes channel = {};
    Key key{};
};

// `Protocol::arrived(Bytes)` reads the first request, or nothing when it is not whole.
template <class Protocol>
class Lookahead {
public:
    // `arrived`: whole requests and the beginning of one. It must stay in place, as must the store.
    Lookahead(Bytes arrived, const RecordStore& store) : rest_(arrived), store_(store) {
        if (arrived.size() < bytes_min) rest_ = {};  // a request or two
    }
    // To be called before each request is carried out.
    void step() {
        while (seen_ < done_ + far && look()) ++seen_;
        const std::size_t next = done_++ + near;
        if (next < seen_ && keys_[next % far])
            store_.expect(*channel_, *keys_[next % far], RecordStore::Expected::next);
    }

private:
    static constexpr std::size_t far = 8, near = 4, bytes_min = 512;

    // False when there is no further request.
    bool look() {
        const std::optional<ArrivedRequest> request = Protocol::arrived(rest_);
        if (!request) {
            rest_ = {};
            return false;
        }
        rest_.remove_prefix(request->bytes);
        std::optional<Key>& key = keys_[seen_ % far];
        key.reset();
        if (!request->of_a_record || !name(request->channel)) return true;
        using Expected = RecordStore::Expected;
        store_.expect(*channel_, request->key, request->is_put ? Expected::write : Expected::soon);
        if (!request->is_put)
            key = request->key;  // most that are put are new, and there is no record to be fetched
        return true;
    }
    // The channel is remembered: it is nearly always that of the request before.
    bool name(Bytes channel) {
        if (channel_ && channel_->name() == channel) return true;
        const auto named = Channel::parse(channel);
        if (named) channel_ = *named;
        return named.has_value();
    }

    Bytes rest_;
    const RecordStore& store_;
    std::optional<Channel> channel_;  // of the last request that named one
    std::array<std::optional<Key>, far> keys_{};
    std::size_t seen_ = 0, done_ = 0;  // requests
};

}  // namespace halp
