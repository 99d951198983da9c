// One frame of every kind of gossip v2, byte for byte as overlay/gossip/gossip-v2.md draws the format, and the
// message that it means. The bytes are written by hand, so they pin the format and not the encoder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/gossip/wire/gossip_message.h"
#include "store/endpoint.h"
#include "store/label.h"

namespace halp::gossip::test {

struct GoldenFrame {
    std::string_view file;  // the name of its file in the fuzz corpus
    std::string hex;
    Message message;
};

inline constexpr std::string_view plain_hello_hex =
    "02 0020 00 1122334455667788 0102030405060708 0d7b 6553f100 00 0000000000000000 ";

inline Hello plain_hello() {
    Hello hello;
    hello.swarm = 0x1122334455667788;
    hello.node = 0x0102030405060708;
    hello.port = 3451;
    hello.incarnation = 1'700'000'000;
    return hello;
}

inline Message message_of(Kind kind) {
    Message message;
    message.kind = kind;
    message.hello = plain_hello();
    return message;
}

inline EndpointId known(EndpointTable& endpoints, std::string_view host, std::uint16_t port) {
    return endpoints.intern(Endpoint::make(host, port).value());
}

inline GoldenFrame golden_exchange(EndpointTable& endpoints) {
    Message message = message_of(Kind::exchange);
    message.hello.self = known(endpoints, "192.0.2.1", 3451);
    message.hello.joining = true;
    message.hello.peers = {3, 0xaabbccddeeff0011};
    message.hello.interests = {0xdeadbeef};
    Entry fresh, suspect;
    fresh.endpoint = known(endpoints, "198.51.100.7", 3451);
    fresh.incarnation = 1'700'000'001;
    fresh.age_ms = 1500;
    suspect.endpoint = known(endpoints, "node.example", 80);
    suspect.incarnation = 7;
    suspect.suspect = true;
    message.peers = {fresh, suspect};
    message.digests = {{0xa1a2a3a4a5a6a7a8, {300, 0xb1b2b3b4b5b6b7b8}}};
    return {"exchange",
            "b5 02 01 00 00000067"
            "02 002a 05 c0000201 0d7b 1122334455667788 0102030405060708 0d7b 6553f100 03 aabbccddeeff0011 deadbeef"
            "06 0022 21 c6336407 0d7b dc0b 6553f101"
            "        2b 0c 6e6f64652e6578616d706c65 0050 00 00000007"
            "07 0012 a1a2a3a4a5a6a7a8 ac02 b1b2b3b4b5b6b7b8",
            message};
}

inline GoldenFrame golden_answer(EndpointTable& endpoints) {
    Message message = message_of(Kind::answer);
    message.observed = known(endpoints, "2001:db8::1", 3451);
    message.wanted = {0xa1a2a3a4a5a6a7a8};
    Entry claim;
    claim.endpoint = known(endpoints, "203.0.113.9", 80);
    claim.age_ms = 60'000;
    claim.claimed = true;
    claim.stated_age_s = 86'400;
    message.labels = {{Label::parse("chat").value(), {claim}}};
    return {"answer",
            "b5 02 02 00 00000059" + std::string(plain_hello_hex) +
                "03 0013 02 20010db8000000000000000000000001 0d7b"
                "08 0008 a1a2a3a4a5a6a7a8"
                "09 0012 04 63686174 11 cb007109 0050 e0d403 80a305",
            message};
}

inline GoldenFrame golden_supplement(EndpointTable& endpoints) {
    Message message = message_of(Kind::supplement);
    Entry gone;
    gone.endpoint = known(endpoints, "203.0.113.9", 80);
    gone.incarnation = 1'700'000'000;
    gone.age_ms = 5;
    gone.withdrawn = true;
    message.labels = {{Label::parse("chat").value(), {gone}}};
    return {
        "supplement",
        "b5 02 03 00 00000037" + std::string(plain_hello_hex) + "09 0011 04 63686174 25 cb007109 0050 05 6553f100",
        message};
}

inline GoldenFrame golden_news(EndpointTable& endpoints) {
    Message message = message_of(Kind::news);
    Entry joined;
    joined.endpoint = known(endpoints, "198.51.100.7", 3451);
    joined.incarnation = 1'700'000'001;
    message.peers = {joined};
    return {"news", "b5 02 04 00 00000032" + std::string(plain_hello_hex) + "06 000c 21 c6336407 0d7b 00 6553f101",
            message};
}

inline GoldenFrame golden_ping() {
    return {"ping", "b5 02 05 00 00000023" + std::string(plain_hello_hex), message_of(Kind::ping)};
}

inline GoldenFrame golden_pong(EndpointTable& endpoints) {
    Message message = message_of(Kind::pong);
    message.observed = known(endpoints, "192.0.2.1", 40'000);
    return {"pong", "b5 02 06 00 0000002d" + std::string(plain_hello_hex) + "03 0007 01 c0000201 9c40", message};
}

inline GoldenFrame golden_try_for(EndpointTable& endpoints) {
    Message message = message_of(Kind::try_for);
    message.target = known(endpoints, "node.example", 80);
    return {"try_for",
            "b5 02 07 00 00000036" + std::string(plain_hello_hex) + "04 0010 03 0c 6e6f64652e6578616d706c65 0050",
            message};
}

inline GoldenFrame golden_verdict(EndpointTable& endpoints) {
    Message message = message_of(Kind::verdict);
    message.target = known(endpoints, "node.example", 80);
    message.reachable = true;
    return {"verdict",
            "b5 02 08 00 0000003a" + std::string(plain_hello_hex) +
                "04 0010 03 0c 6e6f64652e6578616d706c65 0050 05 0001 01",
            message};
}

inline GoldenFrame golden_leave() {
    Message message = message_of(Kind::leave);
    message.hello.leaving = true;
    return {"leave",
            "b5 02 09 00 00000023"
            "02 0020 08 1122334455667788 0102030405060708 0d7b 6553f100 00 0000000000000000",
            message};
}

inline GoldenFrame golden_refuse() {
    Message message;
    message.kind = Kind::refuse;
    message.refusal = Refusal::other_swarm;
    return {"refuse", "b5 02 0a 00 00000004 01 0001 01", message};
}

inline std::vector<GoldenFrame> golden_frames(EndpointTable& endpoints) {
    return {golden_exchange(endpoints),
            golden_answer(endpoints),
            golden_supplement(endpoints),
            golden_news(endpoints),
            golden_ping(),
            golden_pong(endpoints),
            golden_try_for(endpoints),
            golden_verdict(endpoints),
            golden_leave(),
            golden_refuse()};
}

// "b5 02" gives two bytes; blanks are skipped.
inline std::string from_hex(std::string_view hex) {
    std::string bytes;
    int high = -1;
    for (const char c : hex) {
        if (c == ' ') continue;
        const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
        if (high >= 0) bytes.push_back(static_cast<char>(high << 4 | digit));
        high = high < 0 ? digit : -1;
    }
    return bytes;
}

inline std::string to_hex(std::string_view bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const char c : bytes) {
        hex.push_back(digits[static_cast<unsigned char>(c) >> 4]);
        hex.push_back(digits[static_cast<unsigned char>(c) & 15]);
    }
    return hex;
}

}  // namespace halp::gossip::test
