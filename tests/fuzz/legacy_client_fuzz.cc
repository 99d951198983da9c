// A LegacyDhtClient against a node whose bytes are the input. If the lowest bit of the first byte is set, the node
// tells the right version and the full range first, so that requests are under way. Whatever it sends then, in
// whatever pieces, on any of the connections: the client continues, each request ends at most once, and the client
// keeps no more than it was sent.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "overlay/dht/client/legacy/legacy_dht_client.h"
#include "overlay/dht/wire/legacy_codec.h"
#include "overlay/environment.h"

namespace {

using namespace halp;

void require(bool holds) {
    if (!holds) std::abort();
}

const Endpoint node{"10.0.0.1", 10000};

// The client's writes are counted and discarded.
class World : public Clock, public Alarm, public Random, public Transport {
public:
    Instant now() const override { return time; }
    UnixSeconds wall() const override { return UnixSeconds{0x6b001f35}; }
    void wake_at(Instant when) override { alarm = when; }
    std::uint64_t next() override { return ++drawn * 0x9e3779b97f4a7c15U; }
    StreamId connect(const Endpoint&) override {
        connecting.push_back(StreamId{++streams});
        return connecting.back();
    }
    void write(StreamId, Bytes bytes) override { written += bytes.size(); }
    void close(StreamId stream) override { gone(stream); }
    void abort(StreamId stream) override { gone(stream); }

    void gone(StreamId stream) {
        std::erase(connecting, stream);
        std::erase(open, stream);
    }
    Environment environment() { return {*this, *this, *this, *this}; }

    Instant time = Instant{} + std::chrono::hours{1};
    Instant alarm = no_deadline;
    std::vector<StreamId> connecting, open;
    std::uint64_t streams = 0, drawn = 0;
    std::size_t written = 0;
};

class Played {
public:
    explicit Played(bool knows_node) {
        require(static_cast<bool>(client.add_node(node)));
        begin(client.get_version(counted()));
        begin(client.get_responsible_range(counted()));
        turn();
        if (!knows_node) return;
        std::string said;
        legacy::encode_status(said, legacy::Status::ok);
        legacy::encode_array(said, legacy::version_text);
        legacy::encode_status(said, legacy::Status::ok);
        legacy::encode_range(said, 0, ~std::uint64_t{0});
        if (!world.open.empty()) hear(0, said);
    }

    // One request of each kind.
    void ask() {
        const Key key{7};
        begin(client.put("chan", key, "value", counted()));
        begin(client.get("chan", key, counted()));
        begin(client.exists("chan", key, counted()));
        begin(client.remove("chan", key, counted()));
        begin(client.get_all("chan", counted()));
        begin(client.get_all_keys("chan", counted()));
        begin(client.get_all_filter("chan", "x", counted()));
        begin(client.listen("chan", counted()));
        begin(client.get_channels(counted()));
        begin(client.get_size(counted()));
        begin(client.get_channel_size("chan", counted()));
        begin(client.remove_channel("chan", counted()));
        begin(client.get_num_connections(counted()));
        begin(client.put_batch(node, "chan", "", counted()));
        turn();
    }
    // Steps of the input: a byte that says where to or what, and one for the length.
    void feed(Bytes input) {
        for (int step = 0; input.size() > 1 && step < 300; ++step) {
            const auto what = static_cast<std::uint8_t>(input[0]);
            const Bytes part = input.substr(2, static_cast<std::uint8_t>(input[1]));
            input.remove_prefix(2 + part.size());
            if (what >= 0xf0)
                steer(what);
            else if (!world.open.empty())
                hear(what % world.open.size(), part);
            turn();
        }
        for (const auto& [id, times] : ended) require(times <= 1);
    }

private:
    legacy::Notifier counted() {
        return [this](const legacy::About& about, const legacy::Note& note) {
            if (std::holds_alternative<legacy::GroupFinished>(note)) ++ended[about.id];
        };
    }
    void begin(legacy::RequestId id) { last = id; }
    void turn() {
        world.time += std::chrono::milliseconds{20};
        while (!world.connecting.empty()) {
            const StreamId stream = world.connecting.front();
            world.connecting.erase(world.connecting.begin());
            world.open.push_back(stream);
            client.on_connected(stream, node);
        }
        if (world.alarm <= world.time) client.on_wakeup();
    }
    void hear(std::size_t at, Bytes bytes) { client.on_bytes(world.open[at], bytes); }
    void steer(std::uint8_t what) {
        const StreamId stream = world.open.empty() ? StreamId{} : world.open.front();
        switch (what & 7) {
            case 0:
                (void)client.suspend(last);  // whether it is still there does not matter here, nor below
                break;
            case 1:
                (void)client.resume(last);
                break;
            case 2:
                (void)client.cancel(last);
                break;
            case 3:
                client.disconnect();
                break;
            case 4:
                world.time += std::chrono::seconds{5};
                break;
            case 5:
                ask();
                break;
            case 6:
                if (stream == StreamId{}) break;
                client.on_end(stream);
                world.gone(stream);
                break;
            default:
                if (stream == StreamId{}) break;
                world.gone(stream);
                client.on_closed(stream);
        }
    }

    World world;
    LegacyDhtClient client{
        world.environment(), nullptr, {.links = {}, .step_timeout = std::chrono::seconds{3}, .deactivate = {}}};
    legacy::RequestId last = 0;
    std::map<legacy::RequestId, int> ended;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Played played{(data[0] & 1) != 0};
    played.ask();
    played.feed({reinterpret_cast<const char*>(data) + 1, size - 1});
    return 0;
}
