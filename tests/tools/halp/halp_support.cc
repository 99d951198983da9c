#include "tests/tools/halp/halp_support.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace halp::cli::testing {

TemporaryDirectory::TemporaryDirectory() : path_(::testing::TempDir() + "halp-test-XXXXXX") {
    EXPECT_NE(::mkdtemp(path_.data()), nullptr);
}

TemporaryDirectory::~TemporaryDirectory() { std::filesystem::remove_all(path_); }

std::string TemporaryDirectory::file(const std::string& name) const {
    std::ifstream in{path_ + "/" + name, std::ios::binary};
    return in ? std::string{std::istreambuf_iterator<char>{in}, {}} : "(missing)";
}

void TemporaryDirectory::write(const std::string& name, const std::string& content) const {
    std::ofstream{path_ + "/" + name, std::ios::binary} << content;
}

Instant TestClock::now() const {
    return Instant{std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

}  // namespace halp::cli::testing
