// The description of the admin API for programs, made of the table of its routes.
#pragma once

#include <span>
#include <string>

#include "tools/halpd/admin/admin_api.h"
#include "tools/program/json.h"

namespace halp {

[[nodiscard]] Json openapi_of(std::span<const AdminRoute> routes, const std::string& version);

}  // namespace halp
