// Writes that wait for one commit, in their order. Each channel name is stored once and all values in one buffer,
// so a put needs no allocation of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/records/channel.h"
#include "store/records/key.h"
#include "store/records/record_store.h"

namespace halp {

enum class WriteKind : std::uint8_t { put, update, remove, create_channel, remove_channel };

struct BatchedWrite {
    WriteKind kind = WriteKind::put;
    std::uint32_t channel = 0;  // index into the channel names of the batch
    Key key{};
    std::uint64_t original_hash = 0;
    std::size_t value_begin = 0;
    std::size_t value_size = 0;
    WriteToken token{};

    // Frees space, so it may succeed alone when the file is full.
    [[nodiscard]] bool removes() const { return kind == WriteKind::remove || kind == WriteKind::remove_channel; }
};

class WriteBatch {
public:
    void add(BatchedWrite write, const Channel& channel, std::string_view value = {});
    void clear();
    // Keeps the removals and moves the tokens of all other writes to `others`.
    void keep_removals(std::vector<WriteToken>& others);

    // The writes without their tokens, as bytes for the redo log (lmdb_redo_log.h).
    [[nodiscard]] std::string encoded() const;
    [[nodiscard]] std::size_t encoded_bytes_max() const;
    [[nodiscard]] static std::optional<WriteBatch> decode(std::string_view bytes);

    [[nodiscard]] bool empty() const { return writes_.empty(); }
    [[nodiscard]] std::size_t size() const { return writes_.size(); }
    [[nodiscard]] std::size_t bytes() const { return values_.size() + writes_.size() * sizeof(BatchedWrite); }
    [[nodiscard]] const std::vector<BatchedWrite>& writes() const { return writes_; }
    [[nodiscard]] const std::vector<Channel>& channels() const { return channels_; }
    [[nodiscard]] bool names(const Channel& channel) const { return numbers_.count(channel) != 0; }
    [[nodiscard]] std::string_view value(const BatchedWrite& write) const {
        return std::string_view{values_}.substr(write.value_begin, write.value_size);
    }

private:
    std::vector<BatchedWrite> writes_;
    std::vector<Channel> channels_;
    std::map<Channel, std::uint32_t> numbers_;
    std::string values_;
};

}  // namespace halp
