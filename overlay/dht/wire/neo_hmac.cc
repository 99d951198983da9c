#include "overlay/dht/wire/neo_hmac.h"

#include <sodium.h>

#include <string>

#include "overlay/dht/wire/neo_wire.h"

namespace halp::neo {
namespace {

const unsigned char* as_unsigned(const char* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }

}  // namespace

Hmac hmac_sha512(const Secret& key, Bytes data) {
    // In three steps, because the one-call function takes keys of 32 bytes only.
    crypto_auth_hmacsha512_state state;
    crypto_auth_hmacsha512_init(&state, as_unsigned(key.data()), key.size());
    crypto_auth_hmacsha512_update(&state, as_unsigned(data.data()), data.size());
    Hmac hmac{};
    crypto_auth_hmacsha512_final(&state, reinterpret_cast<unsigned char*>(hmac.data()));
    return hmac;
}

Hmac handshake_hmac(const Secret& key, std::uint64_t timestamp, const Nonce& nonce) {
    std::string data;
    FieldWriter write(data);
    write.number(timestamp);
    write.raw({nonce.data(), nonce.size()});
    return hmac_sha512(key, data);
}

bool equal(const Hmac& a, const Hmac& b) { return sodium_memcmp(a.data(), b.data(), a.size()) == 0; }

}  // namespace halp::neo
