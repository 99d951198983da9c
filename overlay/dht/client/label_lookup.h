// Asks HALP hosts in turn, by text `get`, which endpoints are announced under a label. A client without a HALP
// node of its own needs one host of the swarm and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "overlay/environment.h"
#include "overlay/text/text_client.h"
#include "store/endpoint.h"
#include "store/label.h"

namespace halp {

struct LookupOptions {
    Duration answer_timeout = std::chrono::seconds{10};
    Duration interval = std::chrono::seconds{60};             // after an answer that named nodes
    Duration interval_until_found = std::chrono::seconds{2};  // before the first such answer
};

class LabelLookup {
public:
    LabelLookup(Environment environment, const LookupOptions& options)
        : environment_(environment), options_(options) {}
    ~LabelLookup();

    // Precondition: get_query accepts the label. The first question leaves at the next on_deadline().
    [[nodiscard]] Result<void> ask(std::vector<Endpoint> hosts, const Label& label);

    // Events of the world. They return false for a stream that is not of this lookup.
    bool on_bytes(StreamId stream, Bytes arrived);
    bool on_gone(StreamId stream, bool in_order);
    void on_deadline(Instant now);
    [[nodiscard]] Instant next_deadline() const { return deadline_; }

    // The endpoints that have arrived since the last call.
    [[nodiscard]] std::vector<Endpoint> take_found();
    [[nodiscard]] std::uint64_t answers() const { return answers_; }

private:
    void finish(bool in_order);

    Environment environment_;
    const LookupOptions options_;
    std::vector<Endpoint> hosts_;
    std::string query_;
    std::size_t next_host_ = 0;
    std::optional<StreamId> stream_;
    TextAnswer answer_;
    Instant deadline_ = no_deadline;  // for the next question, or for giving up the current one
    std::vector<Endpoint> found_;
    std::uint64_t answers_ = 0;
};

}  // namespace halp
