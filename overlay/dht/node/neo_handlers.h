// The requests of the neo protocol on a node's side: single answers as functions, long ones as objects that
// find_handler's table makes.
#pragma once

#include <memory>
#include <span>

#include "overlay/dht/node/neo_request.h"

namespace halp::neo {

[[nodiscard]] std::span<const HandlerRow> handler_table();

// What Get and its like do with a channel nobody has written to yet: it comes into being, as with the originals.
enum class ChannelState : std::uint8_t { there, malformed_name, missing };
[[nodiscard]] ChannelState channel_state(const RecordDesk& desk, Bytes name, std::optional<Channel>& channel);

[[nodiscard]] std::unique_ptr<LongRequest> begin_get_hash_range(const Request& request);
[[nodiscard]] std::unique_ptr<LongRequest> begin_get_channels(const Request& request);
[[nodiscard]] std::unique_ptr<LongRequest> begin_get_all(const Request& request);
[[nodiscard]] std::unique_ptr<LongRequest> begin_mirror(const Request& request);
[[nodiscard]] std::unique_ptr<LongRequest> begin_update(const Request& request);

}  // namespace halp::neo
