// A directory in memory that keeps the contract of `Storage`: replace is atomic, list is sorted. Files of a few
// hundred lines are packed (packed_text.h), because a simulation has a directory or two for each of its hosts.
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
    class File {
    public:
        [[nodiscard]] std::string content() const;
        void set(Bytes content);
        void append(Bytes bytes);

    private:
        std::string bytes_;
        bool packed_ = false;
    };
    std::map<std::string, File> files_;
};

}  // namespace halp
