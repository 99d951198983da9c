// What a fake node knows of the frames of its connections, in both directions: what it needs to take single
// messages out, and to tell which of them begin a request.
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

// Where the frames of a connection begin and end, so that one of them can be taken out.
struct ClientFrames {
    bool versioned = false;  // the client's version byte is not framed
    bool lost = false;       // it sends what are no frames: the node shall see all of it
    std::string frame;       // since the beginning of a frame
    std::size_t passed = 0;  // of it, already told to the node
    // Updates that the node is at: whatever their second message looks like, it begins nothing.
    std::set<neo::RequestId> updates;
};

// What the node says, to know when an Update is over and when a connection is.
struct WatchedTransport final : Transport {
    WatchedTransport(Transport& world, std::map<StreamId, ClientFrames>& all) : to(world), frames_by_stream(all) {}
    StreamId connect(const Endpoint& remote) override { return to.connect(remote); }
    void write(StreamId stream, Bytes bytes) override {
        const auto found = frames_by_stream.find(stream);
        if (found != frames_by_stream.end() && !found->second.updates.empty()) forget_ended(found->second, bytes);
        to.write(stream, bytes);
    }
    void close(StreamId stream) override {
        frames_by_stream.erase(stream);
        to.close(stream);
    }
    void abort(StreamId stream) override {
        frames_by_stream.erase(stream);
        to.abort(stream);
    }

    // A node writes whole frames; those of the handshake are none of ours.
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
