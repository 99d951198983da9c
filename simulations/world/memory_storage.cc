#include "simulations/world/memory_storage.h"

namespace halp {

Result<std::string> MemoryStorage::read(const std::string& name) {
    const auto file = files_.find(name);
    if (file == files_.end()) return Error{ErrorCode::not_found, "There is no file " + name + "."};
    return file->second;
}

Result<void> MemoryStorage::replace(const std::string& name, Bytes content) {
    files_[name] = std::string{content};
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
    files_[name] = change.apply(file == files_.end() ? Bytes{} : Bytes{file->second});
    return {};
}

Result<void> MemoryStorage::append(const std::string& name, Bytes bytes) {
    files_[name] += bytes;
    return {};
}

}  // namespace halp
