// Collects records into a batch for each responsible node, and sends each batch by one PutBatch when it is full.
//
//     LegacyBatcher batches(client, "users", [&](const LegacyBatcher::Outcome& outcome) {
//         if (!outcome.stored()) for (auto left = outcome.records(); auto record = left.next();) keep(*record);
//     });
//     while (more()) if (batches.add(key, value) == LegacyBatcher::Added::full) wait_for_an_outcome();
//     batches.flush();
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "overlay/dht/client/legacy/legacy_dht_client.h"
#include "overlay/dht/wire/record_batch.h"
#include "store/endpoint.h"
#include "store/records/key.h"

namespace halp {

class LegacyBatcher {
public:
    struct Outcome {
        Endpoint node;
        legacy::Finished how;
        Bytes plain;  // the batch, valid during the call
        [[nodiscard]] bool stored() const { return how.succeeded(); }
        // Status 404: the range of the node has changed. Add the records again when the client has asked for the
        // ranges. A node stores the records before the first that it refuses.
        [[nodiscard]] bool wrong_node() const {
            return how.status == static_cast<std::uint32_t>(legacy::Status::wrong_node);
        }
        [[nodiscard]] neo::RecordBatchReader records() const {
            return neo::RecordBatchReader(plain, false, neo::KeyForm::digits);
        }
    };
    enum class Added : std::uint8_t {
        added,
        full,                 // batches_max of the node are under way, and its next one is full
        too_big,              // does not fit into an empty batch
        empty_value,          // legacy takes none
        no_responsible_node,  // no known range contains the key
    };
    using Hear = std::function<void(const Outcome& outcome)>;

    // `batches_max`: to one node at a time. The client must outlive it.
    LegacyBatcher(LegacyDhtClient& client, std::string channel, Hear hear, std::size_t batches_max = 4);
    ~LegacyBatcher();  // sends nothing, and hears no more
    LegacyBatcher(const LegacyBatcher&) = delete;
    LegacyBatcher& operator=(const LegacyBatcher&) = delete;

    [[nodiscard]] Added add(Key key, Bytes value);
    // Sends what is collected as soon as there is room. Returns false while some of it waits: call it again behind
    // an outcome.
    bool flush();
    [[nodiscard]] std::size_t under_way() const { return under_way_.size(); }
    [[nodiscard]] bool empty() const;  // nothing is collected and nothing is under way

private:
    struct Node {
        neo::RecordBatch batch{neo::KeyForm::digits};
        std::size_t under_way = 0;
    };
    struct Sent {
        Endpoint node;
        std::string plain;
    };
    bool send(const Endpoint& to, Node& node);
    void hear(std::uint64_t number, const legacy::Note& note);

    LegacyDhtClient& client_;
    const std::string channel_;
    const Hear hear_;
    const std::size_t batches_max_;
    std::map<Endpoint, Node> nodes_;
    std::map<std::uint64_t, Sent> under_way_;  // by the number of the batch
    std::map<std::uint64_t, legacy::RequestId> requests_;
    std::uint64_t last_ = 0;
};

}  // namespace halp
