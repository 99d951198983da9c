// Update: read a record, let the user choose, write it back unless somebody else was faster. While data moves, the
// record is read where it is and written where it belongs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/dht/client/client_request.h"
#include "overlay/dht/client/dht_notes.h"
#include "overlay/dht/client/node_map.h"

namespace halp {

// The covering nodes are asked newest first; those not connected are passed over. The first that has the record
// decides: if it is the newest it is told what to do; if not, a replacement goes to the newest, and only when that
// has confirmed it is the old record removed.
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
    // Of the exchange with one node.
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
    // A node that waits for our decision is told to leave the record alone.
    void release();
    void end(dht::UpdateNote note);

    const std::string channel_;
    const std::uint64_t key_;
    std::vector<NodeNumber> candidates_;  // newest first
    std::size_t next_ = 0;
    std::optional<NodeNumber> passed_over_;
    Side reader_;  // where the record was read
    Side writer_;  // the newest node, when the record was read elsewhere
    dht::UpdateChooser choose_;
    dht::UpdateNotifier notify_;
};

}  // namespace halp
