#include "simulations/world/memory_storage.h"

#include <cstddef>

#include "simulations/world/packed_text.h"

namespace halp {

namespace {

constexpr std::size_t packed_min = 256, packed_max = std::size_t{64} << 10;  // bytes of a file

}  // namespace

std::string MemoryStorage::File::content() const { return packed_ ? unpack_text(bytes_) : bytes_; }

void MemoryStorage::File::set(Bytes content) {
    packed_ = content.size() >= packed_min && content.size() <= packed_max;
    bytes_ = packed_ ? pack_text(content) : std::string{content};
}

void MemoryStorage::File::append(Bytes bytes) {
    if (packed_) bytes_ = unpack_text(bytes_);
    packed_ = false;
    bytes_ += bytes;
}

Result<std::string> MemoryStorage::read(const std::string& name) {
    const auto file = files_.find(name);
    if (file == files_.end()) return Error{ErrorCode::not_found, "There is no file " + name + "."};
    return file->second.content();
}

Result<void> MemoryStorage::replace(const std::string& name, Bytes content) {
    files_[name].set(content);
    return {};
}

Result<void> MemoryStorage::remove(const std::string& name) {
    files_.erase(name);
    return {};
}

Result<std::vector<std::string>> MemoryStorage::list() {
    std::vector<std::string> names;
    names.reserve(files_.size());
    for (const auto& file : files_) names.push_back(file.first);
    return names;
}

Result<void> MemoryStorage::update(const std::string& name, Change& change) {
    const auto file = files_.find(name);
    const std::string before = file == files_.end() ? std::string{} : file->second.content();
    files_[name].set(change.apply(before));
    return {};
}

Result<void> MemoryStorage::append(const std::string& name, Bytes bytes) {
    files_[name].append(bytes);
    return {};
}

}  // namespace halp
