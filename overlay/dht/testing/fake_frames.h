// What a fake node tracks of the frames on each connection, in both directions: enough to remove single messages,
// and to tell which messages begin a request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <variant>

#include "overlay/dht/wire/neo_codec.h"
#include "overlay/environment.h"
#include "store/endpoint.h"

namespace halp::fake {

// The position in the stream of frames from one client.
struct ClientFrames {
    bool versioned = false;  // the client's version byte, which is no frame, has passed
    bool lost = false;       // the stream is no longer made of frames; all of it goes to the node
    std::string frame;       // the bytes from the beginning of the current frame
    std::size_t passed = 0;  // how many of these bytes the node already has
    // Running Updates. Their second message may look like the beginning of a request and is none.
    std::set<neo::RequestId> updates;
};

// Passes everything on and watches what the node writes, to know when an Update or a connection is over.
struct WatchedTransport final : Transport {
    WatchedTransport(Transport& world, std::map<StreamId, ClientFrames>& all) : to(world), frames_by_stream(all) {}
    StreamId connect(const Endpoint& remote) override { return to.connect(remote); }
    void write(StreamId stream, Bytes bytes) override {
        const auto found = frames_by_stream.find(stream);
        if (found != frames_by_stream.end() && !found->second.updates.empty()) forget_ended(found->second, bytes);
        to.write(stream, bytes);
    }
    [[nodiscard]] std::size_t unsent(StreamId stream) const override { return to.unsent(stream); }
    void close(StreamId stream) override {
        frames_by_stream.erase(stream);
        to.close(stream);
    }
    void abort(StreamId stream) override {
        frames_by_stream.erase(stream);
        to.abort(stream);
    }

    // A node writes whole frames. Frames of the handshake are ignored.
    static void forget_ended(ClientFrames& client, Bytes frames) {
        for (;;) {
            const auto decoded = neo::decode_header(frames, neo::FrameType::request, ~std::uint64_t{0});
            const auto* header = std::get_if<neo::FrameHeader>(&decoded);
            if (!header) return;
            frames.remove_prefix(neo::header_bytes);
            const Bytes body = frames.substr(0, static_cast<std::size_t>(header->body_bytes));
            frames.remove_prefix(body.size());
            const auto said = std::get<neo::RequestBody>(neo::decode_request_body(body));
            if (client.updates.contains(said.id) && ends_update(said.payload)) client.updates.erase(said.id);
        }
    }
    static bool ends_update(Bytes answer) {
        if (std::holds_alternative<neo::Support>(neo::decode_support(answer))) return false;
        const auto decoded = neo::decode_update_answer(answer);
        const auto* said = std::get_if<neo::UpdateAnswer>(&decoded);
        return !said || said->code != neo::UpdateCode::record_value;
    }

    Transport& to;
    std::map<StreamId, ClientFrames>& frames_by_stream;
};

}  // namespace halp::fake
