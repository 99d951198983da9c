// /metrics: what /v1/status shows, in the text format of Prometheus, and the ages of entries as a histogram. Labels
// have values from fixed lists only: no label of HALP, no address and no channel is among them, so strangers cannot
// make time series.
#pragma once

#include <string>
#include <string_view>

#include "tools/halpd/http/entry_ages.h"
#include "tools/program/json.h"

namespace halp {

inline constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";

[[nodiscard]] std::string metrics_text(const Json& status, const EntryAges::Counts& ages);

}  // namespace halp
