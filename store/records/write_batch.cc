#include "store/records/write_batch.h"

namespace halp {

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

}  // namespace halp
