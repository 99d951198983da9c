// What was typed behind `halp dht`.
#pragma once

#include <cstdint>
#include <string>

namespace halp::cli {

enum class DhtVerb { none, fake, conformance };

struct DhtCommand {
    DhtVerb verb = DhtVerb::none;
    std::uint16_t port = 10000;  // fake: as the original's, neo is 100 above; 0: any
    std::string node;            // conformance: HOST:PORT
    std::string only;            // conformance: a case or a group; empty: all
    std::string junit;           // conformance: a file to write
    std::string credentials;     // conformance: a client's file; empty: admin with 128 zero bytes
    bool list = false;           // conformance: say what there is and end
};

}  // namespace halp::cli
