// A directory in memory that keeps the contract of `Storage`: replace is atomic, list is sorted.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "overlay/environment.h"

namespace halp {

class MemoryStorage final : public Storage {
public:
    [[nodiscard]] Result<std::string> read(const std::string& name) override;
    [[nodiscard]] Result<void> replace(const std::string& name, Bytes content) override;
    [[nodiscard]] Result<void> remove(const std::string& name) override;
    [[nodiscard]] Result<std::vector<std::string>> list() override;
    [[nodiscard]] Result<void> update(const std::string& name, Change& change) override;
    [[nodiscard]] Result<void> append(const std::string& name, Bytes bytes) override;

    void wipe() { files_.clear(); }

private:
    std::map<std::string, std::string> files_;
};

}  // namespace halp
