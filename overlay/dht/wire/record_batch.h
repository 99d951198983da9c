// Batches of records (neo.md, 7): the two encodings of the originals, and the compressed container of both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "overlay/environment.h"
#include "store/records/key.h"

namespace halp::neo {

inline constexpr std::size_t batch_bytes = 65536;

// How a batch writes keys: as 8 bytes (neo) or as 16 lower-case digits (legacy).
enum class KeyForm : std::uint8_t { raw, digits };

// The batch of GetAll: each item has its length in front, and the batch has at most `bytes_max`.
class RecordBatch {
public:
    explicit RecordBatch(KeyForm form = KeyForm::raw, std::size_t bytes_max = batch_bytes)
        : form_(form), bytes_max_(bytes_max) {}
    enum class Fit : std::uint8_t {
        added,
        full,     // send, clear, and add the record again
        too_big,  // does not even fit into an empty batch
    };
    Fit add(Key key, Bytes value);
    Fit add(Key key);  // for a batch of keys only

    [[nodiscard]] Bytes plain() const { return plain_; }
    [[nodiscard]] bool empty() const { return plain_.empty(); }
    void clear() { plain_.clear(); }

private:
    Fit make_room(std::size_t bytes);
    void add_key(Key key);
    KeyForm form_;
    std::size_t bytes_max_;
    std::string plain_;
};

// The batch of a Mirror's refresh: keys have no length in front. A record is added whenever the batch is not yet
// full, so a batch may reach almost twice batch_bytes.
class RefreshBatch {
public:
    // Returns false and skips the record when it is too long for any batch.
    bool add(Key key, Bytes value);

    [[nodiscard]] Bytes plain() const { return plain_; }
    [[nodiscard]] bool empty() const { return plain_.empty(); }
    [[nodiscard]] bool full() const { return plain_.size() >= batch_bytes; }
    void clear() { plain_.clear(); }

private:
    std::string plain_;
};

// Appends the container: the length of the plain bytes, then one LZO1X stream.
void pack(Bytes plain, std::string& out);
// Returns false for anything but a whole container. Refuses a plain length above `plain_max` before it allocates.
[[nodiscard]] bool unpack(Bytes batch, std::size_t plain_max, std::string& plain);

struct BatchRecord {
    Key key{};
    Bytes value;  // empty in a batch of keys only
};

// Both readers return records until the batch ends. Then failed() tells whether it ended within a record.
class RecordBatchReader {
public:
    RecordBatchReader(Bytes plain, bool keys_only, KeyForm form = KeyForm::raw)
        : left_(plain), keys_only_(keys_only), form_(form) {}
    std::optional<BatchRecord> next();
    [[nodiscard]] bool failed() const { return failed_; }

private:
    Bytes left_;
    bool keys_only_;
    KeyForm form_;
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
