#include "overlay/dht/wire/record_batch.h"

#include "overlay/dht/wire/lzo1x.h"
#include "overlay/dht/wire/neo_wire.h"

namespace halp::neo {
namespace {

constexpr std::size_t length_bytes = 8, key_bytes = 8;

constexpr std::size_t key_bytes_of(KeyForm form) { return form == KeyForm::raw ? key_bytes : key_text_length; }

// Nothing when the next item is no key.
std::optional<Key> read_key(FieldReader& read, KeyForm form) {
    const Bytes item = read.array();
    if (item.size() != key_bytes_of(form)) return std::nullopt;
    if (form == KeyForm::raw) return Key{load_number<std::uint64_t>(item.data())};
    const Result<Key> key = parse_key(item);
    return key ? std::optional(*key) : std::nullopt;
}

}  // namespace

RecordBatch::Fit RecordBatch::make_room(std::size_t bytes) {
    if (bytes > bytes_max_) return Fit::too_big;
    return plain_.size() + bytes > bytes_max_ ? Fit::full : Fit::added;
}

void RecordBatch::add_key(Key key) {
    FieldWriter write(plain_);
    if (form_ == KeyForm::raw) {
        write.number<std::uint64_t>(key_bytes);
        return write.number(value_of(key));
    }
    char digits[key_text_length];
    for (std::size_t i = 0; i < key_text_length; ++i)
        digits[i] = "0123456789abcdef"[value_of(key) >> (60 - 4 * i) & 0xf];
    write.array({digits, key_text_length});
}

RecordBatch::Fit RecordBatch::add(Key key, Bytes value) {
    const Fit fit = make_room(length_bytes + key_bytes_of(form_) + length_bytes + value.size());
    if (fit != Fit::added) return fit;
    add_key(key);
    FieldWriter(plain_).array(value);
    return fit;
}

RecordBatch::Fit RecordBatch::add(Key key) {
    const Fit fit = make_room(length_bytes + key_bytes_of(form_));
    if (fit == Fit::added) add_key(key);
    return fit;
}

bool RefreshBatch::add(Key key, Bytes value) {
    if (key_bytes + length_bytes + value.size() > batch_bytes) return false;
    FieldWriter write(plain_);
    write.number(value_of(key));
    write.array(value);
    return true;
}

void pack(Bytes plain, std::string& out) {
    FieldWriter(out).number<std::uint64_t>(plain.size());
    lzo1x_encode(plain, out);
}

bool unpack(Bytes batch, std::size_t plain_max, std::string& plain) {
    FieldReader read(batch);
    const auto plain_bytes = read.number<std::uint64_t>();
    if (read.failed() || plain_bytes > plain_max) return false;
    plain.clear();
    return lzo1x_decode(read.raw(read.left()), static_cast<std::size_t>(plain_bytes), plain) == LzoFault::none;
}

std::optional<BatchRecord> RecordBatchReader::next() {
    if (left_.empty() || failed_) return std::nullopt;
    FieldReader read(left_);
    BatchRecord record;
    const std::optional<Key> key = read_key(read, form_);
    if (!keys_only_) record.value = read.array();
    failed_ = read.failed() || !key;
    if (failed_) return std::nullopt;
    record.key = *key;
    left_ = left_.substr(left_.size() - read.left());
    return record;
}

std::optional<BatchRecord> RefreshBatchReader::next() {
    if (left_.empty() || failed_) return std::nullopt;
    FieldReader read(left_);
    BatchRecord record;
    record.key = Key{read.number<std::uint64_t>()};
    record.value = read.array();
    failed_ = read.failed();
    if (failed_) return std::nullopt;
    left_ = left_.substr(left_.size() - read.left());
    return record;
}

}  // namespace halp::neo
