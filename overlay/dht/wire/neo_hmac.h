// HMAC-SHA512 and a comparison in constant time. This is all that the protocol uses of libsodium.
#pragma once

#include <array>

#include "overlay/dht/wire/neo_codec.h"
#include "overlay/environment.h"

namespace halp::neo {

inline constexpr std::size_t secret_bytes = 128;  // the block size of SHA-512, so the key is used unhashed
using Secret = std::array<char, secret_bytes>;

[[nodiscard]] Hmac hmac_sha512(const Secret& key, Bytes data);

// The proof that a client knows the secret, over its timestamp and the node's nonce.
[[nodiscard]] Hmac handshake_hmac(const Secret& key, std::uint64_t timestamp, const Nonce& nonce);

// Takes the same time for all arguments.
[[nodiscard]] bool equal(const Hmac& a, const Hmac& b);

}  // namespace halp::neo
