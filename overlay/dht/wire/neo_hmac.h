// HMAC-SHA512 and the comparison that takes equally long whatever it finds: all of libsodium that the protocol
// needs.
#pragma once

#include <array>

#include "overlay/dht/wire/neo_codec.h"
#include "overlay/environment.h"

namespace halp::neo {

inline constexpr std::size_t secret_bytes = 128;  // the block size of SHA-512: the key is used as it is
using Secret = std::array<char, secret_bytes>;

[[nodiscard]] Hmac hmac_sha512(const Secret& key, Bytes data);

// What proves that one knows the secret: over the client's time and the node's nonce.
[[nodiscard]] Hmac handshake_hmac(const Secret& key, std::uint64_t timestamp, const Nonce& nonce);

// In constant time.
[[nodiscard]] bool equal(const Hmac& a, const Hmac& b);

}  // namespace halp::neo
