// The outer half of neo_codec.h: frames, and the messages of the handshake.
#include <algorithm>
#include <cassert>

#include "overlay/dht/neo_codec.h"
#include "overlay/dht/neo_wire.h"

namespace halp::neo {
namespace {

constexpr std::size_t length_at = 1, parity_at = 9;

char parity(Bytes bytes) {
    char all = 0;
    for (const char byte : bytes) all = static_cast<char>(all ^ byte);
    return all;
}

}  // namespace

// ---- frames ----

Decoded<FrameHeader> decode_header(Bytes so_far, FrameType expected, std::uint64_t request_body_max) {
    if (so_far.size() < header_bytes) return DecodeError::need_more;
    const Bytes header = so_far.substr(0, header_bytes);
    if (parity(header) != 0) return DecodeError::bad_parity;
    FieldReader read(header);
    const auto type = static_cast<FrameType>(read.number<std::uint8_t>());
    const auto body_bytes = read.number<std::uint64_t>();
    if (type != expected) return DecodeError::bad_type;
    if (type == FrameType::authentication && body_bytes > authentication_body_max) return DecodeError::bad_length;
    if (type == FrameType::request && body_bytes < request_id_bytes) return DecodeError::bad_length;
    if (type == FrameType::request && body_bytes > request_body_max) return DecodeError::too_long;
    return FrameHeader{type, body_bytes};
}

FrameWriter::FrameWriter(std::string& out, FrameType type) : out_(out), begin_(out.size()) {
    out_.append(header_bytes, '\0');
    out_[begin_] = static_cast<char>(type);
}

FrameWriter::FrameWriter(std::string& out, RequestId id) : FrameWriter(out, FrameType::request) {
    assert(id != no_request);
    FieldWriter(out_).number(id);
}

FrameWriter::~FrameWriter() {
    std::uint64_t body_bytes = out_.size() - begin_ - header_bytes;
    for (std::size_t i = length_at; i < parity_at; ++i, body_bytes >>= 8)
        out_[begin_ + i] = static_cast<char>(body_bytes & 0xff);
    out_[begin_ + parity_at] = parity(Bytes(out_).substr(begin_, parity_at));
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
