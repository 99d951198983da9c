// The redistribution of a DhtNode, from both sides. The lowest bit of the first byte chooses: others send it the
// messages by which it takes over a part (handover_wire.h), or it hands half of its range to a node whose answers
// are the input. Whatever comes, on however many connections, whole or torn: the node keeps the keys that nobody
// may take from it, a message that is read is the same after formatting, and nothing is left of a part whose sender
// is gone.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "overlay/dht/node/dht_node.h"
#include "overlay/dht/ranges/handover_wire.h"
#include "overlay/dht/ranges/range_journal.h"
#include "overlay/dht/records/write_log.h"
#include "overlay/dht/wire/legacy_codec.h"
#include "overlay/dht/wire/record_batch.h"
#include "overlay/environment.h"
#include "store/records/channel.h"
#include "store/records/memory_store.h"

namespace {

using namespace halp;

constexpr char redistribute = static_cast<char>(legacy::Command::redistribute);
constexpr std::uint64_t quarter = std::uint64_t{1} << 62;

void require(bool holds) {
    if (!holds) std::abort();
}

HashRange range(std::uint64_t min, std::uint64_t max) { return HashRange::make(min, max).value(); }

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
    void write(StreamId, Bytes) override {}
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
};

class Played {
public:
    explicit Played(const HashRange& own) : journal(own), node(world.environment(), records, options(own)) {
        require(static_cast<bool>(journal.begin(store)));
        for (std::uint64_t i = 0; i < 8; ++i) {
            const Key key{place_of(Key{i * quarter / 2})};  // places are reversed keys, and keys reversed places
            if (own.contains(key)) (void)records.put(*Channel::parse("chan"), key, "value", {});  // done at once
        }
        node.records_changed();
        node.run_redistribution();
    }

    void accept() {
        world.open.push_back(StreamId{++world.streams});
        node.on_accept(world.open.back(), {"10.0.0.9", 999});
    }
    void give_half() {
        (void)node.redistribution().begin(  // an error is an outcome, too
            range(0, 2 * quarter - 1), {{"10.0.0.2", 10000, 2 * quarter, ~std::uint64_t{0}}}, nullptr);
        node.run_redistribution();
        turn();
    }
    void turn() {
        world.time += std::chrono::milliseconds{20};
        while (!world.connecting.empty()) {
            const StreamId stream = world.connecting.front();
            world.connecting.erase(world.connecting.begin());
            world.open.push_back(stream);
            node.on_connected(stream, {"10.0.0.2", 10000});
        }
        if (world.alarm <= world.time) node.on_wakeup();
    }
    void hear(std::size_t at, Bytes bytes) {
        if (!world.open.empty()) node.on_bytes(world.open[at % world.open.size()], bytes);
        turn();
    }
    void lose(std::size_t at) {
        if (world.open.empty()) return;
        const StreamId stream = world.open[at % world.open.size()];
        world.gone(stream);
        node.on_closed(stream);
        turn();
    }

    [[nodiscard]] bool keeps(const HashRange& own) const { return node.range().common(own) == own; }

    World world;
    RangeJournal journal;
    MemoryStore store;
    WriteLog records{store};
    DhtNode node;

private:
    DhtNodeOptions options(const HashRange& own) {
        DhtNodeOptions made;
        made.protocol = DhtProtocol::legacy;
        made.range = own;
        made.journal = &journal;
        return made;
    }
};

// Three bytes of the input make a message; the rest of the step is its batch.
std::string request_of(std::uint8_t what, std::uint8_t numbers, std::uint8_t channel, Bytes rest) {
    static constexpr std::array channels{"chan", "other", "halp handover", "", "x y"};
    handover::Message message;
    message.verb = static_cast<handover::Verb>(what % 6);
    const std::uint64_t bits = numbers;
    message.token = bits & 3;
    const std::uint64_t min = (bits >> 2 & 3) * quarter, length = ((bits >> 4 & 3) + 1) * quarter;
    const std::uint64_t max = min + length - 1;
    message.part = range(min, max < min ? ~std::uint64_t{0} : max);
    message.channel = channels[channel % channels.size()];
    const std::string name = handover::format_message(message);
    if (const auto again = handover::parse_message(name)) require(handover::format_message(*again) == name);
    legacy::Request request;
    request.command = legacy::Command::put_batch;
    request.channel = name;
    std::string batch;
    if ((what & 0x40) != 0)
        batch = rest;
    else if (!rest.empty())
        neo::pack(rest, batch);
    request.value = batch;
    std::string out;
    legacy::encode_request(out, request);
    return out;
}

void take_over(Bytes input) {
    Played played{range(0, quarter - 1)};
    for (int i = 0; i < 3; ++i) played.accept();
    bool commanded = false;  // legacy has no credentials: whoever sends Redistribute chooses the node's range
    for (int step = 0; input.size() > 4 && step < 200; ++step) {
        const auto at = static_cast<std::uint8_t>(input[0]), what = static_cast<std::uint8_t>(input[1]);
        const auto numbers = static_cast<std::uint8_t>(input[2]), channel = static_cast<std::uint8_t>(input[3]);
        const Bytes rest = input.substr(5, static_cast<std::uint8_t>(input[4]));
        input.remove_prefix(5 + rest.size());
        if (at >= 0xf8)
            played.lose(what);
        else if (at >= 0xf0)
            played.accept();
        else if (at >= 0xe0)
            played.hear(what, rest);
        else
            played.hear(at, request_of(what, numbers, channel, rest));
        commanded = commanded || (at >= 0xe0 && at < 0xf0 && rest.find(redistribute) != Bytes::npos);
        require(commanded || played.keeps(range(0, quarter - 1)));
    }
    while (!played.world.open.empty()) played.lose(0);
    for (int i = 0; i < 200; ++i) played.turn();
    require(!played.node.redistribution().intake().active());
}

void give_away(Bytes input) {
    Played played{HashRange::full()};
    played.give_half();
    static constexpr std::array<std::uint32_t, 8> answers{202, 208, 303, 503, 500, 200, 409, 404};
    for (int step = 0; input.size() > 1 && step < 300; ++step) {
        const auto what = static_cast<std::uint8_t>(input[0]);
        const Bytes rest = input.substr(2, static_cast<std::uint8_t>(input[1]));
        input.remove_prefix(2 + rest.size());
        if (what >= 0xf0) {
            played.lose(what);
        } else if (what >= 0xe0) {
            played.world.time += std::chrono::seconds{30};
            played.turn();
        } else if (what >= 0xc0) {
            played.hear(0, rest);
        } else {
            std::string said;
            legacy::encode_status(said, static_cast<legacy::Status>(answers[what % answers.size()]));
            played.hear(0, said);
        }
        require(played.keeps(range(0, 2 * quarter - 1)));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Bytes input{reinterpret_cast<const char*>(data) + 1, size - 1};
    (void)handover::parse_message(input);  // whatever it is
    if ((data[0] & 1) != 0)
        take_over(input);
    else
        give_away(input);
    return 0;
}
