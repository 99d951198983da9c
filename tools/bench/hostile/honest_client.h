// A user of HALP text who asks a node all the time while it is attacked.
#pragma once

#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "store/endpoint.h"

namespace halp::bench {

class HonestClient {
public:
    // Asks until finish(), one query behind the other with 20 ms between them.
    explicit HonestClient(Endpoint node, std::string query = "get halp");

    struct Figures {
        std::size_t asked = 0, answered = 0;
        double p99_ms = 0, longest_ms = 0;  // queries without an answer count with the time until that was known
        [[nodiscard]] double answered_percent() const {
            return asked > 0 ? 100.0 * static_cast<double>(answered) / static_cast<double>(asked) : 0;
        }
    };
    Figures finish();

private:
    void ask(const std::stop_token& over);

    Endpoint node_;
    std::string query_;
    std::vector<double> ms_;
    std::size_t answered_ = 0;
    std::jthread thread_;  // last: it uses the others
};

}  // namespace halp::bench
