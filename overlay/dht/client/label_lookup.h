// Asks HALP hosts in turn, by text `get`, who is announced under a label: all that a client without a node of its
// own needs is one host of the swarm.
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
    Duration interval = std::chrono::seconds{60};             // once somebody has named nodes
    Duration interval_until_found = std::chrono::seconds{2};  // before that: the next host is asked
};

class LabelLookup {
public:
    LabelLookup(Environment environment, const LookupOptions& options) : environment_(environment), options_(options) {}
    ~LabelLookup();

    // Precondition: a label that get_query accepts. Asked from the next on_deadline() on.
    [[nodiscard]] Result<void> ask(std::vector<Endpoint> hosts, const Label& label);

    // What the world says. False: not a stream of ours.
    bool on_bytes(StreamId stream, Bytes arrived);
    bool on_gone(StreamId stream, bool in_order);
    void on_deadline(Instant now);
    [[nodiscard]] Instant next_deadline() const { return deadline_; }

    // What was heard since the last call.
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
    Instant deadline_ = no_deadline;  // to ask, or to give up
    std::vector<Endpoint> found_;
    std::uint64_t answers_ = 0;
};

}  // namespace halp
