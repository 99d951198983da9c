#include "overlay/dht/testing/conformance_bytes.h"

#include "store/records/key.h"

namespace halp::neo {

std::string octets(std::initializer_list<int> bytes) {
    std::string out;
    for (const int byte : bytes) out.push_back(static_cast<char>(byte));
    return out;
}

std::string hex_of(Bytes raw, std::size_t most) {
    std::string out;
    for (const char byte : raw.substr(0, most)) {
        out += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
        out += "0123456789abcdef"[static_cast<unsigned char>(byte) & 15];
    }
    if (raw.empty()) return "nothing";
    return raw.size() > most ? out + ".. (" + std::to_string(raw.size()) + " bytes)" : out;
}

std::string number_of(std::uint64_t n) {
    std::string out;
    for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(n >> shift & 0xff));
    return out;
}

std::string array_of(Bytes text) { return number_of(text.size()).append(text); }

std::string header_of(std::uint8_t type, std::uint64_t body_bytes) {
    std::string out(1, static_cast<char>(type));
    out += number_of(body_bytes);
    char parity = 0;
    for (const char byte : out) parity = static_cast<char>(parity ^ byte);
    out.push_back(parity);
    return out;
}

std::string frame_of(std::uint8_t type, Bytes body) { return header_of(type, body.size()).append(body); }

Records sequential(std::size_t count) {
    Records all;
    for (std::uint64_t key = 0; key < count; ++key) all[key] = std::to_string(key);
    return all;
}

Records spread(std::size_t count) {
    Records all;
    for (std::size_t i = 0; i < count; ++i) {
        std::uint64_t key = 0xcbf29ce484222325;
        for (int shift = 0; shift < 32; shift += 8) key = (key ^ (i >> shift & 0xff)) * 0x100000001b3;
        all[key] = std::to_string(key);
    }
    return all;
}

}  // namespace halp::neo
