#include "store/records/write_batch.h"

#include "store/records/big_endian.h"

namespace halp {
namespace {

constexpr std::size_t number_bytes = sizeof(std::uint64_t), write_numbers = 4;

void append_number(std::string& out, std::uint64_t number) {
    char bytes[number_bytes];
    store_big_endian(bytes, number);
    out.append(bytes, number_bytes);
}

// Takes numbers and texts from the front. After the first that is missing, `whole` is false.
struct BatchReader {
    std::string_view left;
    bool whole = true;

    std::string_view text(std::uint64_t size) {
        whole = whole && size <= left.size();
        if (!whole) return {};
        const std::string_view found = left.substr(0, size);
        left.remove_prefix(size);
        return found;
    }
    std::uint64_t number() {
        const std::string_view bytes = text(number_bytes);
        return whole ? load_big_endian(bytes.data()) : 0;
    }
};

}  // namespace

void WriteBatch::add(BatchedWrite write, const Channel& channel, std::string_view value) {
    // Most writes have the same channel as the write before.
    const bool same = !writes_.empty() && channels_[writes_.back().channel] == channel;
    if (same) {
        write.channel = writes_.back().channel;
    } else {
        const auto [known, added] = numbers_.try_emplace(channel, static_cast<std::uint32_t>(channels_.size()));
        if (added) channels_.push_back(channel);
        write.channel = known->second;
    }
    write.value_begin = values_.size();
    write.value_size = value.size();
    values_.append(value);
    writes_.push_back(write);
}

void WriteBatch::clear() {
    constexpr std::size_t kept_bytes_max = 4 * 1024 * 1024;
    if (values_.capacity() > kept_bytes_max) values_ = {};
    values_.clear();
    writes_.clear();
    channels_.clear();
    numbers_.clear();
}

void WriteBatch::keep_removals(std::vector<WriteToken>& others) {
    std::erase_if(writes_, [&](const BatchedWrite& write) {
        if (!write.removes()) others.push_back(write.token);
        return !write.removes();
    });
}

// Channels: their number, and of each the length and the name. Writes: their number, and of each the kind with the
// channel's index above it, the key, the hash, the length of the value and the value.
std::string WriteBatch::encoded() const {
    std::string out;
    out.reserve(encoded_bytes_max());
    append_number(out, channels_.size());
    for (const Channel& channel : channels_) {
        append_number(out, channel.name().size());
        out.append(channel.name());
    }
    append_number(out, writes_.size());
    for (const BatchedWrite& write : writes_) {
        append_number(out, static_cast<std::uint64_t>(write.kind) | std::uint64_t{write.channel} << 8);
        append_number(out, value_of(write.key));
        append_number(out, write.original_hash);
        append_number(out, write.value_size);
        out.append(value(write));
    }
    return out;
}

std::size_t WriteBatch::encoded_bytes_max() const {
    std::size_t bytes = (2 + channels_.size() + write_numbers * writes_.size()) * number_bytes + values_.size();
    for (const Channel& channel : channels_) bytes += channel.name().size();
    return bytes;
}

std::optional<WriteBatch> WriteBatch::decode(std::string_view bytes) {
    BatchReader read{bytes};
    std::vector<Channel> channels;
    for (std::uint64_t left = read.number(); left > 0 && read.whole; --left) {
        const auto name = Channel::parse(read.text(read.number()));
        if (!name) return std::nullopt;
        channels.push_back(*name);
    }
    WriteBatch batch;
    for (std::uint64_t left = read.number(); left > 0 && read.whole; --left) {
        const std::uint64_t what = read.number(), kind = what & 0xff, channel = what >> 8;
        BatchedWrite write{.kind = static_cast<WriteKind>(kind)};
        write.key = Key{read.number()};
        write.original_hash = read.number();
        const std::string_view value = read.text(read.number());
        if (kind > static_cast<std::uint64_t>(WriteKind::remove_channel) || channel >= channels.size())
            return std::nullopt;
        batch.add(write, channels[channel], value);
    }
    if (!read.whole || !read.left.empty()) return std::nullopt;
    return batch;
}

}  // namespace halp
