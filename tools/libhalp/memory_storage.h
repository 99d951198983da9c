// Files that last as long as the process: a node of an application remembers its peers so unless it is given a
// directory.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "overlay/environment.h"

namespace halp::lib {

class MemoryStorage final : public Storage {
public:
    [[nodiscard]] Result<std::string> read(const std::string& name) override {
        const auto found = files_.find(name);
        if (found == files_.end()) return Error{ErrorCode::not_found, "There is no " + name + "."};
        return found->second;
    }
    [[nodiscard]] Result<void> replace(const std::string& name, Bytes content) override {
        files_[name] = content;
        return {};
    }
    [[nodiscard]] Result<void> remove(const std::string& name) override {
        files_.erase(name);
        return {};
    }
    [[nodiscard]] Result<std::vector<std::string>> list() override {
        std::vector<std::string> names;
        for (const auto& [name, content] : files_) names.push_back(name);
        return names;
    }
    [[nodiscard]] Result<void> update(const std::string& name, Change& change) override {
        std::string& content = files_[name];
        content = change.apply(content);
        return {};
    }
    [[nodiscard]] Result<void> append(const std::string& name, Bytes bytes) override {
        files_[name] += bytes;
        return {};
    }

private:
    std::map<std::string, std::string> files_;
};

}  // namespace halp::lib
