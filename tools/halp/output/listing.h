// The content of a label as `halp` shows it, read from the cache directory or from a daemon.
#pragma once

#include <string>
#include <vector>

#include "store/endpoint.h"
#include "store/label.h"
#include "store/time.h"

namespace halp::cli {

struct ListedAt {
    Endpoint endpoint;
    UnixSeconds seen{0};
    bool own = false;      // announced by the daemon asked
    bool proved = false;   // it reached the host itself
    bool claimed = false;  // only ever claimed in HALP text
    std::vector<std::string> tags{};
};

struct NameAt {
    std::string name;
    UnixSeconds seen{0};
};

struct Listing {
    explicit Listing(Label of) : label(std::move(of)) {}
    Label label;
    std::vector<ListedAt> hosts;  // of a plain label
    std::vector<NameAt> names;    // of a directory
    [[nodiscard]] bool empty() const { return hosts.empty() && names.empty(); }
};

}  // namespace halp::cli
