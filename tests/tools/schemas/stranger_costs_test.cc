// The page "What strangers can cost" (overlay/README.md): whatever gauge it names is in the status of a daemon.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tools/dht_daemon.h"
#include "tools/program/json.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

// The names in the last column of the table, but for those of events and of the log.
std::vector<std::string> gauges_of(std::string_view page) {
    std::vector<std::string> gauges;
    page.remove_prefix(std::min(page.find("## What strangers can cost"), page.size()));
    page = page.substr(0, page.find("\n## ", 1));
    for (const std::string& line : lines_of(std::string{page})) {
        if (!line.starts_with("| ") || line.starts_with("| What |")) continue;
        const std::string last = line.substr(line.rfind("| ", line.size() - 3));
        for (std::size_t at = last.find('`'); at != std::string::npos; at = last.find('`', at + 1)) {
            const std::size_t end = last.find('`', at + 1);
            const std::string before = last.substr(0, at);
            const bool elsewhere =
                before.ends_with("event ") || before.ends_with("log line ") || before.ends_with("field ");
            if (!elsewhere) gauges.push_back(last.substr(at + 1, end - at - 1));
            at = end;
        }
    }
    return gauges;
}

bool has(const Json& status, std::string_view path) {
    const std::size_t dot = path.find('.');
    const std::string name{path.substr(0, dot)};
    return status.has(name) && (dot == std::string_view::npos || has(status[name], path.substr(dot + 1)));
}

TEST(WhatStrangersCanCost, NamesOnlyGaugesThatTheStatusHas) {
    const Home home;
    const Daemon daemon{home, dht_options(home, {"dht.engine=memory"})};
    const auto status = Json::parse(daemon.admin(cli::Method::get, "/v1/status").body);
    ASSERT_TRUE(status);
    const auto gauges = gauges_of(process::read_whole_file(HALP_SCHEMAS "/../../overlay/README.md"));
    EXPECT_GT(gauges.size(), 20U);
    for (const std::string& gauge : gauges) EXPECT_TRUE(has(*status, gauge)) << gauge;
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
