// What the tests of FileStorage share.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "overlay/libevent/file_storage.h"

namespace halp {

class LibeventFileStorage : public ::testing::Test {
protected:
    LibeventFileStorage() {
        std::string pattern = ::testing::TempDir() + "halp-storage-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
    }
    ~LibeventFileStorage() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::unique_ptr<FileStorage> open() const {
        auto storage = FileStorage::open(directory_, IfMissing::fail);
        EXPECT_TRUE(storage);
        return std::move(*storage);
    }
    [[nodiscard]] std::vector<std::string> all_names() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(directory_))
            names.push_back(entry.path().filename());
        return names;
    }

    std::string directory_;
};

class ChangeBy final : public Storage::Change {
public:
    explicit ChangeBy(std::function<std::string(Bytes)> change) : change_(std::move(change)) {}
    std::string apply(Bytes old_content) override { return change_(old_content); }

private:
    std::function<std::string(Bytes)> change_;
};

}  // namespace halp
