// The first byte chooses the target of the other bytes: a request, an answer, an item of a list, a batch, or a
// node's session that gets them in pieces. A request that is read is unchanged after encoding and reading. A
// session ends or continues within its limits.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "overlay/dht/node/legacy_session.h"
#include "overlay/dht/wire/legacy_codec.h"
#include "overlay/dht/wire/record_batch.h"
#include "store/records/memory_store.h"

namespace {

using namespace halp;
using namespace halp::legacy;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_request(Bytes input) {
    const ReadRequest read = read_request(input, 100);
    require(read.bytes <= input.size());
    if (read.kind != ReadRequest::Kind::request || read.request.value_left_out) return;
    std::string again;
    encode_request(again, read.request);
    require(again == input.substr(0, read.bytes));
}

void check_answer(Bytes input) {
    if (input.empty()) return;
    const Command command{static_cast<std::uint32_t>(static_cast<unsigned char>(input.front()))};
    const ReadAnswer answer = read_answer(command, input.substr(1));
    require(answer.bytes < input.size());
    require(read_item(command, input.substr(1)).bytes < input.size());
}

void check_batch(Bytes input) {
    neo::RecordBatchReader read(input, false, neo::KeyForm::digits);
    std::size_t bytes = 0;
    while (const auto record = read.next()) bytes += 16 + record->value.size();
    require(bytes <= input.size());
}

class World : public neo::SessionOwner, public CompletionHandler {
public:
    void feed(Bytes input, std::size_t piece) {
        while (!input.empty() && !session.over()) {
            session.on_bytes(input.substr(0, piece), now, UnixSeconds{});
            input.remove_prefix(std::min(piece, input.size()));
            now += std::chrono::milliseconds{100};
            if (now >= session.next_deadline()) session.on_deadline(now);
            neo::TurnBudget budget(std::size_t{1} << 20);
            session.pump(now, budget);
            records.collect();
            require(session.output().size() < (std::size_t{1} << 20));
            session.output().clear();
        }
        session.on_closed();
    }
    void on_ready(std::uint64_t) override {}
    void on_written(std::uint64_t, std::uint64_t request, Wrote wrote) override {
        session.on_written(request, wrote);
    }

private:
    Instant now = Instant{} + std::chrono::hours{1};
    neo::SessionLimits limits;
    Options options;
    neo::HandlerLimits handlers;
    neo::Permissions permissions;
    MemoryStore store;
    WriteLog records{store};
    HashRanges ranges{HashRange::full()};
    neo::HandlerContext context{records, ranges, handlers, permissions, *this};
    NodeSession session{1, limits, options, context, *this, now};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Bytes input{reinterpret_cast<const char*>(data) + 1, size - 1};
    switch (data[0] % 5) {
        case 0:
            check_request(input);
            break;
        case 1:
            check_answer(input);
            break;
        case 2:
            check_batch(input);
            break;
        default: {
            World world;
            world.feed(input, data[0] % 5 == 3 ? 65536 : 1 + data[0] / 5);
            break;
        }
    }
    return 0;
}
