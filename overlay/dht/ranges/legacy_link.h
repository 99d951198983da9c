// One connection of a node to another node, by the legacy protocol: requests leave in order, answers are read in
// the same order. Only for requests that are answered with a status and fixed fields. The owner passes the events
// of the connection in and asks for the answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "overlay/dht/wire/legacy_codec.h"
#include "overlay/environment.h"
#include "store/endpoint.h"

namespace halp::legacy {

class Link {
public:
    struct Answer {
        std::uint64_t tag = 0;  // of the request
        std::uint32_t status = 0;
        std::uint64_t min = 0, max = 0;            // GetResponsibleRange
        std::uint64_t count = 0, value_bytes = 0;  // GetSize
        std::string value;                         // Get, GetVersion
    };

    explicit Link(Transport& transport) : transport_(transport) {}
    ~Link() { close(); }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    void open(const Endpoint& to) {
        close();
        stream_ = transport_.connect(to);
    }
    void close();
    void ask(const Request& request, std::uint64_t tag);
    std::optional<Answer> next_answer();

    [[nodiscard]] bool is(StreamId stream) const { return stream_ == stream; }
    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] bool lost() const { return lost_; }
    [[nodiscard]] bool has_answer() const { return !answers_.empty(); }
    [[nodiscard]] std::size_t waiting() const { return asked_.size(); }
    [[nodiscard]] std::size_t unsent() const { return stream_ ? transport_.unsent(*stream_) : 0; }

    void on_connected() { connected_ = true; }
    void on_bytes(Bytes bytes);
    void on_lost();  // the stream is gone

private:
    struct Asked {
        Command command;
        std::uint64_t tag;
    };
    void take_answers();

    Transport& transport_;
    std::optional<StreamId> stream_;
    bool connected_ = false, lost_ = false;
    std::deque<Asked> asked_;
    std::deque<Answer> answers_;
    std::string input_, output_;
};

}  // namespace halp::legacy
