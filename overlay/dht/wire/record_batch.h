// Records travelling together (neo.md, "Batches"): the two encodings of the originals and the compressed
// container around both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "overlay/environment.h"
#include "store/records/key.h"

namespace halp::neo {

inline constexpr std::size_t batch_bytes = 65536;

// GetAll: every item has its length; at most batch_bytes in all.
class RecordBatch {
public:
    enum class Fit : std::uint8_t {
        added,
        full,     // send, clear and try again
        too_big,  // would not fit into an empty one either
    };
    Fit add(Key key, Bytes value);
    Fit add(Key key);  // of a batch of keys only

    [[nodiscard]] Bytes plain() const { return plain_; }
    [[nodiscard]] bool empty() const { return plain_.empty(); }
    void clear() { plain_.clear(); }

private:
    Fit make_room(std::size_t bytes);
    std::string plain_;
};

// Mirror's refresh: keys without a length. A record goes in whenever the batch is not yet full, so that a batch may
// reach almost twice batch_bytes.
class RefreshBatch {
public:
    // False: the record is too long for any batch and is left out.
    bool add(Key key, Bytes value);

    [[nodiscard]] Bytes plain() const { return plain_; }
    [[nodiscard]] bool empty() const { return plain_.empty(); }
    [[nodiscard]] bool full() const { return plain_.size() >= batch_bytes; }
    void clear() { plain_.clear(); }

private:
    std::string plain_;
};

// The container: length of the plain bytes, then one LZO1X stream. Appends.
void pack(Bytes plain, std::string& out);
// False for anything but a whole container; a plain length beyond `plain_max` is refused before anything is
// allocated.
[[nodiscard]] bool unpack(Bytes batch, std::size_t plain_max, std::string& plain);

struct BatchRecord {
    Key key{};
    Bytes value;  // empty in a batch of keys
};

// Both readers give records until the batch ends; then failed() tells whether it ended well.
class RecordBatchReader {
public:
    RecordBatchReader(Bytes plain, bool keys_only) : left_(plain), keys_only_(keys_only) {}
    std::optional<BatchRecord> next();
    [[nodiscard]] bool failed() const { return failed_; }

private:
    Bytes left_;
    bool keys_only_;
    bool failed_ = false;
};

class RefreshBatchReader {
public:
    explicit RefreshBatchReader(Bytes plain) : left_(plain) {}
    std::optional<BatchRecord> next();
    [[nodiscard]] bool failed() const { return failed_; }

private:
    Bytes left_;
    bool failed_ = false;
};

}  // namespace halp::neo
