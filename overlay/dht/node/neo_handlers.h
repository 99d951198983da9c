// The handlers of handler_table.h for long requests, and what all handlers of one channel share. The single
// handlers are local to neo_handlers.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "overlay/dht/node/handler_table.h"
#include "overlay/dht/node/long_request.h"
#include "overlay/dht/node/request.h"
#include "overlay/dht/records/write_log.h"
#include "store/records/channel.h"

namespace halp::neo {

[[nodiscard]] std::unique_ptr<LongRequest> begin_get_hash_range(const Request& request);
[[nodiscard]] std::unique_ptr<LongRequest> begin_get_channels(const Request& request);
[[nodiscard]] std::unique_ptr<LongRequest> begin_get_all(const Request& request);
[[nodiscard]] std::unique_ptr<LongRequest> begin_mirror(const Request& request);
[[nodiscard]] std::unique_ptr<LongRequest> begin_update(const Request& request);

}  // namespace halp::neo
