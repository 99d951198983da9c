// A DhtClient against a node whose bytes are the input. If the lowest bit of the first byte is set, the handshake
// is performed and the rest is sent in frames; otherwise every byte is sent as it is. Whatever the node sends, the
// client continues, each request ends at most once, and the client holds no more than it was sent.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "overlay/dht/client/dht_client.h"
#include "overlay/dht/wire/neo_codec.h"
#include "overlay/environment.h"

namespace {

using namespace halp;

void require(bool holds) {
    if (!holds) std::abort();
}

// At most one open stream. The client's writes are counted and discarded.
class World : public Clock, public Alarm, public Random, public Transport {
public:
    Instant now() const override { return time; }
    UnixSeconds wall() const override { return UnixSeconds{0x6b001f35}; }
    void wake_at(Instant when) override { alarm = when; }
    std::uint64_t next() override { return ++drawn * 0x9e3779b97f4a7c15U; }
    StreamId connect(const Endpoint&) override { return stream = StreamId{++streams}; }
    void write(StreamId, Bytes bytes) override { written += bytes.size(); }
    void close(StreamId) override { stream = {}; }
    void abort(StreamId) override { stream = {}; }

    Environment environment() { return {*this, *this, *this, *this}; }

    Instant time = Instant{} + std::chrono::hours{1};
    Instant alarm = no_deadline;
    StreamId stream{};
    std::uint64_t streams = 0, drawn = 0;
    std::size_t written = 0;
};

class Played {
public:
    Played() { client.add_node({"10.0.0.1", 10100}); }

    void turn() {
        world.time += std::chrono::milliseconds{20};
        if (world.alarm <= world.time) client.on_wakeup();
    }
    void hear(Bytes bytes) {
        if (world.stream != StreamId{}) client.on_bytes(world.stream, bytes);
        turn();
    }
    void hear_message(neo::RequestId id, Bytes payload) {
        std::string frame;
        {
            neo::FrameWriter writer(frame, neo::FrameType::request);
            frame.append(reinterpret_cast<const char*>(&id), sizeof id);
            frame += payload;
        }
        hear(frame);
    }
    void dial() {
        turn();
        if (world.stream != StreamId{}) client.on_connected(world.stream, {"10.0.0.1", 10100});
    }
    void open() {
        dial();
        hear("\x01");
        std::string said;
        neo::encode_nonce(said, neo::Nonce{});
        hear(said);
        said.clear();
        neo::encode_verdict(said, true);
        hear(said);
        hear_message(1, "\xfd");
        hear_message(1, std::string(8, '\0') + std::string(8, '\xff'));
        require(client.all_ranges_known());
    }
    // One request of each kind, so that the input finds running requests with the ids 2 to 10.
    void ask() {
        const Key key{7};
        begin(client.put("chan", key, "value", [this](const dht::PutNote&) { ++ended; }));
        begin(client.get("chan", key, [this](const dht::GetNote&) { ++ended; }));
        begin(client.exists("chan", key, [this](const dht::ExistsNote&) { ++ended; }));
        begin(client.remove("chan", key, [this](const dht::RemoveNote&) { ++ended; }));
        begin(client.update(
            "chan", key, [](Bytes value) { return dht::UpdateChoice::replace(std::string{value}); },
            [this](const dht::UpdateNote&) { ++ended; }));
        begin(client.get_all("chan", {}, [](const dht::GetAllNote&) {}));
        begin(client.mirror("chan", {}, [](const dht::MirrorNote&) {}));
        begin(client.get_channels([](const dht::GetChannelsNote&) {}));
        begin(client.remove_channel("chan", [](const dht::RemoveChannelNote&) {}));
        turn();
    }
    // Makes frames of the input: one byte each for id and length.
    void feed(Bytes input, bool framed) {
        for (int step = 0; input.size() > 1 && step < 200; ++step) {
            const auto id = static_cast<std::uint8_t>(input[0]);
            const auto size = static_cast<std::uint8_t>(input[1]);
            const Bytes part = input.substr(2, size);
            input.remove_prefix(2 + part.size());
            if (id >= 0xf0)
                steer(id);
            else if (framed)
                hear_message(id % 14, part);
            else
                hear(part);
            if (world.stream == StreamId{}) dial();
        }
        require(ended <= 5);
    }

private:
    void begin(const Result<DhtRequestId>& id) { require(static_cast<bool>(id)); }
    void steer(std::uint8_t what) {
        const DhtRequestId stream = what & 8 ? 7 : 8;
        switch (what & 7) {
            case 0:
                (void)client.suspend(stream);
                break;
            case 1:
                (void)client.resume(stream);
                break;
            case 2:
                (void)client.stop(stream);
                break;
            case 3:
                client.cancel(stream);
                break;
            case 4:
                client.set_timeout(stream, std::chrono::milliseconds{30});
                break;
            case 5:
                client.reconnect();
                break;
            default:
                if (world.stream != StreamId{}) client.on_closed(std::exchange(world.stream, StreamId{}));
        }
        turn();
    }

public:
    World world;
    DhtClient client{world.environment(), DhtClientOptions{}};
    int ended = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Bytes input{reinterpret_cast<const char*>(data) + 1, size - 1};
    Played played;
    const bool framed = (data[0] & 1) != 0;
    framed ? played.open() : played.dial();
    played.ask();
    played.feed(input, framed);
    return 0;
}
