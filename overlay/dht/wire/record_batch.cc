#include "overlay/dht/wire/record_batch.h"

#include "overlay/dht/wire/lzo1x.h"
#include "overlay/dht/wire/neo_wire.h"

namespace halp::neo {
namespace {

constexpr std::size_t length_bytes = 8, key_bytes = 8;

}  // namespace

RecordBatch::Fit RecordBatch::make_room(std::size_t bytes) {
    if (bytes > batch_bytes) return Fit::too_big;
    return plain_.size() + bytes > batch_bytes ? Fit::full : Fit::added;
}

RecordBatch::Fit RecordBatch::add(Key key, Bytes value) {
    const Fit fit = make_room(length_bytes + key_bytes + length_bytes + value.size());
    if (fit != Fit::added) return fit;
    FieldWriter write(plain_);
    write.number<std::uint64_t>(key_bytes);
    write.number(value_of(key));
    write.array(value);
    return fit;
}

RecordBatch::Fit RecordBatch::add(Key key) {
    const Fit fit = make_room(length_bytes + key_bytes);
    if (fit != Fit::added) return fit;
    FieldWriter write(plain_);
    write.number<std::uint64_t>(key_bytes);
    write.number(value_of(key));
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
    const bool key_is_whole = read.number<std::uint64_t>() == key_bytes;
    record.key = Key{read.number<std::uint64_t>()};
    if (!keys_only_) record.value = read.array();
    failed_ = read.failed() || !key_is_whole;
    if (failed_) return std::nullopt;
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
