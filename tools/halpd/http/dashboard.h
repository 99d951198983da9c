// The files of the dashboard, which are part of the program: plain and gzipped.
#pragma once

#include <string>
#include <string_view>

namespace halp {

struct DashboardAsset {
    std::string_view path, type, plain, gzipped;

    [[nodiscard]] std::string etag() const;  // with its quotes
};

// Null when there is no such file.
[[nodiscard]] const DashboardAsset* dashboard_asset(std::string_view path);

}  // namespace halp
