// Update reads a record, lets the user choose, and writes the record back unless it has changed meanwhile. While
// records move between nodes, the record is read where it is and written where it belongs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/dht/client/client_request.h"
#include "overlay/dht/client/dht_notes.h"
#include "overlay/dht/client/node_map.h"

namespace halp {

// The nodes that cover the key are asked newest first; unconnected ones are skipped. The first node with the
// record decides the rest. If it is the newest node, it gets the user's choice. Otherwise a replacement is put to
// the newest node, and the old record is removed when that node has confirmed it.
class UpdateRequest final : public ClientRequest {
public:
    UpdateRequest(RequestContext& context, const NodeMap& nodes, neo::RequestId id, const neo::RecordAddress& what,
                  dht::UpdateChooser choose, dht::UpdateNotifier notify);

    [[nodiscard]] bool on_message(NodeNumber node, Bytes payload) override;
    void on_lost(NodeNumber node, std::string_view why) override;
    void on_turn() override;
    void on_time_out() override;
    void cancel() override;

private:
    // Of the messages with one node.
    enum class Stage : std::uint8_t { idle, support, answer, deciding, written };
    struct Side {
        std::optional<NodeNumber> node;
        Stage stage = Stage::idle;
    };

    void ask_next();
    [[nodiscard]] bool on_support(Side& side, Bytes payload);
    [[nodiscard]] bool on_read(const neo::UpdateAnswer& answer);
    [[nodiscard]] bool on_written(const Side& side, neo::UpdateCode code);
    void decide(Bytes value);
    void replace(Bytes value, std::string with);
    void write_to_newest(std::uint64_t original_hash, Bytes value);
    void tell(const neo::UpdateDecision& decision);
    // Tells a node that waits for our choice to leave the record alone.
    void release();
    void end(dht::UpdateNote note);

    const std::string channel_;
    const std::uint64_t key_;
    NodeList candidates_;  // newest first
    std::size_t next_ = 0;
    std::optional<NodeNumber> passed_over_;
    std::optional<dht::NoNode> none_open_;  // set when that was known before anything was sent
    Side reader_;                           // the node that the record was read from
    Side writer_;                           // the newest node, when the record was read from another
    dht::UpdateChooser choose_;
    dht::UpdateNotifier notify_;
};

}  // namespace halp
