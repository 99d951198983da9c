// A running request of a LegacyDhtClient: who hears of it, its parts on the nodes, and how answers become notes. It
// does not know the connections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/dht/client/legacy/legacy_client_session.h"
#include "overlay/dht/client/legacy/legacy_notes.h"
#include "overlay/dht/client/node_map.h"
#include "overlay/dht/wire/record_batch.h"
#include "store/endpoint.h"
#include "store/time.h"

namespace halp::legacy {

// A request on one node.
struct RequestPart {
    NodeNumber node{};
    const Endpoint* endpoint = nullptr;  // null: there is no node for it
    bool begun = false;                  // has its place on a connection
    bool ended = false;                  // Finished has been told
    bool missed = false;                 // a Get or Exists found nothing, and the node's range is asked for
    std::uint32_t status = 0;            // has come, and the node's range is still to come
    std::optional<HashRange> range;      // when it began
    std::optional<HashRange> covered;    // it has answered for these keys
    // A batch that is being told. What is left of it waits while the request is suspended.
    std::string plain;
    std::optional<neo::RecordBatchReader> batch;
};

class RunningRequest {
public:
    using Next = SessionAnswers::Next;

    RunningRequest(RequestId id, Command command, std::uint64_t context, Notifier notify)
        : about_{id, command, context, nullptr}, notify_(std::move(notify)) {}

    [[nodiscard]] RequestId id() const { return about_.id; }
    [[nodiscard]] Command command() const { return about_.command; }
    // Over or cancelled: nothing more is told.
    [[nodiscard]] bool over() const { return over_; }
    void end() { over_ = true; }

    void tell(const Note& note, const Endpoint* node = nullptr) {
        if (over_ || !notify_) return;
        about_.node = node;
        notify_(about_, note);
    }
    // One item of a list.
    [[nodiscard]] Next on_item(RequestPart& part, const ReadItem& item);
    // Goes on with a batch.
    [[nodiscard]] Next go_on(RequestPart& part);
    // The results of an answer with status 200 that is no list.
    void tell_result(RequestPart& part, const ReadAnswer& answer);
    // The last note of a part, and of the request when it was the last.
    void finish(RequestPart& part, const Finished& how);
    [[nodiscard]] bool all_ended() const;
    [[nodiscard]] dht::RangeCover cover() const;

    // Set by the client.
    std::vector<RequestPart> parts;
    bool on_all_nodes = false;  // ends with GroupFinished
    bool suspended = false;
    Duration step_timeout{0};
    Instant began = never;
    Instant begins_at = never;        // scheduled
    std::string wire;                 // of a scheduled request
    std::optional<Key> key;           // of a request about one key
    std::optional<NodeNumber> only;   // of a request to one node
    std::size_t failed = 0;           // parts
    std::uint64_t bytes_handled = 0;  // of lists

private:
    About about_;
    Notifier notify_;
    bool over_ = false;
};

}  // namespace halp::legacy
