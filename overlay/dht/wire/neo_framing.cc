// The outer half of neo_codec.h: frames and the messages of the handshake.
#include <algorithm>
#include <cassert>

#include "overlay/dht/wire/neo_codec.h"
#include "overlay/dht/wire/neo_wire.h"

namespace halp::neo {
namespace {

constexpr std::size_t length_at = 1, parity_at = 9;

// The XOR of nine bytes: eight from `first`, and `ninth`.
char parity(const char* first, char ninth) {
    std::uint64_t all = load_number<std::uint64_t>(first);
    all ^= all >> 32;
    all ^= all >> 16;
    all ^= all >> 8;
    return static_cast<char>(static_cast<char>(all & 0xff) ^ ninth);
}

void write_header(char* at, FrameType type, std::uint64_t body_bytes) {
    at[0] = static_cast<char>(type);
    store_number(at + length_at, body_bytes);
    at[parity_at] = parity(at + length_at, at[0]);
}

}  // namespace

// ---- frames ----

Decoded<FrameHeader> decode_header(Bytes so_far, FrameType expected, std::uint64_t request_body_max) {
    if (so_far.size() < header_bytes) return DecodeError::need_more;
    if (parity(so_far.data() + length_at, so_far[0]) != so_far[parity_at]) return DecodeError::bad_parity;
    const auto type = static_cast<FrameType>(so_far[0]);
    const auto body_bytes = load_number<std::uint64_t>(so_far.data() + length_at);
    if (type != expected) return DecodeError::bad_type;
    if (type == FrameType::authentication && body_bytes > authentication_body_max) return DecodeError::bad_length;
    if (type == FrameType::request && body_bytes < request_id_bytes) return DecodeError::bad_length;
    if (type == FrameType::request && body_bytes > request_body_max) return DecodeError::too_long;
    return FrameHeader{type, body_bytes};
}

FrameWriter::FrameWriter(std::string& out, FrameType type) : out_(out), begin_(out.size()), type_(type) {
    out_.append(header_bytes, '\0');
}

FrameWriter::FrameWriter(std::string& out, RequestId id) : FrameWriter(out, FrameType::request) {
    assert(id != no_request);
    FieldWriter(out_).number(id);
}

FrameWriter::~FrameWriter() { write_header(out_.data() + begin_, type_, out_.size() - begin_ - header_bytes); }

void encode_byte(std::string& out, RequestId id, std::uint8_t byte) {
    assert(id != no_request);
    char frame[header_bytes + request_id_bytes + 1];
    write_header(frame, FrameType::request, request_id_bytes + 1);
    store_number(frame + header_bytes, id);
    frame[sizeof frame - 1] = static_cast<char>(byte);
    out.append(frame, sizeof frame);
}

void encode_whole_answer(std::string& out, RequestId id, std::uint8_t code, const std::optional<Bytes>& value) {
    assert(id != no_request);
    constexpr std::size_t byte_frame = header_bytes + request_id_bytes + 1;
    constexpr std::size_t length_bytes = sizeof(std::uint64_t);
    char frames[2 * byte_frame + header_bytes + request_id_bytes + length_bytes];
    char* at = frames;
    for (const std::uint8_t byte : {static_cast<std::uint8_t>(Support::supported), code}) {
        write_header(at, FrameType::request, request_id_bytes + 1);
        store_number(at + header_bytes, id);
        at[byte_frame - 1] = static_cast<char>(byte);
        at += byte_frame;
    }
    if (!value) return void(out.append(frames, 2 * byte_frame));
    write_header(at, FrameType::request, request_id_bytes + length_bytes + value->size());
    store_number(at + header_bytes, id);
    store_number<std::uint64_t>(at + header_bytes + request_id_bytes, value->size());
    out.append(frames, sizeof frames);
    out.append(*value);
}

Decoded<RequestBody> decode_request_body(Bytes body) {
    FieldReader read(body);
    RequestBody found;
    found.id = read.number<std::uint64_t>();
    if (read.failed()) return DecodeError::truncated;
    found.payload = body.substr(request_id_bytes);
    return found;
}

// ---- authentication ----

void encode_timestamp(std::string& out, std::uint64_t unix_s) {
    FrameWriter frame(out, FrameType::authentication);
    FieldWriter(out).number(unix_s);
}

void encode_nonce(std::string& out, const Nonce& nonce) {
    FrameWriter frame(out, FrameType::authentication);
    out.append(nonce.data(), nonce.size());
}

void encode_proof(std::string& out, const Proof& proof) {
    FrameWriter frame(out, FrameType::authentication);
    FieldWriter(out).array(proof.name);
    out.append(proof.hmac.data(), proof.hmac.size());
}

void encode_verdict(std::string& out, bool accepted) {
    FrameWriter frame(out, FrameType::authentication);
    FieldWriter(out).flag(accepted);
}

Decoded<std::uint64_t> decode_timestamp(Bytes body) {
    FieldReader read(body);
    const auto unix_s = read.number<std::uint64_t>();
    return finish(read, unix_s, Parsing::strict);
}

Decoded<Nonce> decode_nonce(Bytes body) {
    FieldReader read(body);
    Nonce nonce{};
    std::ranges::copy(read.raw(nonce.size()), nonce.begin());
    return finish(read, nonce, Parsing::strict);
}

Decoded<Proof> decode_proof(Bytes body) {
    FieldReader read(body);
    Proof proof;
    proof.name = read.array();
    std::ranges::copy(read.raw(proof.hmac.size()), proof.hmac.begin());
    return finish(read, proof, Parsing::strict);
}

Decoded<bool> decode_verdict(Bytes body) {
    FieldReader read(body);
    const bool accepted = read.flag();
    return finish(read, accepted, Parsing::strict);
}

}  // namespace halp::neo
