// HOST:PORT, separated by commas, and hosts of a node as the library shows them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "overlay/listing.h"
#include "store/endpoint.h"
#include "store/result.h"
#include "tools/libhalp/backend.h"

namespace halp::lib {

// An error names the option or variable `of`.
[[nodiscard]] Result<std::vector<Endpoint>> parse_endpoint_list(std::string_view text, const std::string& of);

[[nodiscard]] Host host_of(const ListedHost& host);

}  // namespace halp::lib
