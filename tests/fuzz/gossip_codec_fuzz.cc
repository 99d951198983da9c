// Whatever arrives, decoding it ends in an error that leaves no trace or in a message that survives being passed
// on.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>

#include "overlay/gossip/wire/gossip_codec.h"
#include "store/endpoint.h"

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace halp;
    const Bytes bytes{reinterpret_cast<const char*>(data), size};
    EndpointTable endpoints;
    const auto decoded = gossip::decode(bytes, endpoints);
    if (std::holds_alternative<gossip::DecodeError>(decoded)) {
        require(endpoints.size() == 0);
        return 0;
    }
    const auto& message = std::get<gossip::Message>(decoded);
    const std::string again = gossip::encode(message, endpoints);
    // One encoding for everything: passing a message on never makes it longer.
    require(again.size() <= size);
    const auto decoded_again = gossip::decode(again, endpoints);
    require(std::holds_alternative<gossip::Message>(decoded_again));
    require(std::get<gossip::Message>(decoded_again) == message);
    return 0;
}
