// What was typed behind `halp dht`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/endpoint.h"
#include "store/label.h"
#include "store/records/key.h"
#include "store/time.h"
#include "tools/halp/record_text.h"

namespace halp::cli {

enum class DhtVerb {
    none,
    fake,
    conformance,
    put,
    get,
    exists,
    remove,
    update,
    scan,
    keys,
    channels,
    rm_channel,
    mirror,
    ranges,
    status
};

struct DhtCommand {
    DhtVerb verb = DhtVerb::none;
    std::uint16_t port = 10000;  // fake: as the original's, neo is 100 above; 0: any
    Duration flush_interval{0};  // fake: how long a write waits for its answer
    std::string node;            // conformance: HOST:PORT
    std::string only;            // conformance: a case or a group; empty: all
    std::string junit;           // conformance: a file to write
    std::string credentials;     // a client's file; empty: conformance: admin with 128 zero bytes

    // conformance
    bool list = false;                   // say what there is and end
    std::string case_filter;             // a regular expression for names of cases
    std::vector<std::size_t> ids;        // numbers of cases; empty: all
    bool fatal = false;                  // end at the first failure
    bool progress = false;               // say which case begins, also where stderr is no terminal
    std::string start;                   // the program of the node, to be started and ended
    std::vector<std::string> arguments;  // of that program
    double delay_s = 5;                  // how long it may take until it takes connections
    bool keep = false;                   // its directory
    bool no_restart = false;             // it keeps no records

    // Where the nodes are: one of these at most, else what dht_reach.h calls the usual places.
    std::vector<Endpoint> nodes;
    std::string nodes_file;
    std::vector<Endpoint> halp_hosts;
    Label label = *Label::parse("dht");

    std::string channel;
    Key key{};
    ValueForm form = ValueForm::automatic;
    std::optional<std::string> value;   // put update: as typed; none: from `file` or stdin
    std::string file;                   // put update: "": stdin, as "-"
    std::optional<std::string> expect;  // update: as typed
    std::string exec;                   // update: a shell command from value to value
    bool remove_record = false;         // update
    std::string filter;                 // scan keys: bytes
    std::uint64_t limit = 0;            // scan keys, mirror --count; 0: none
    bool refresh = true;                // mirror
    std::uint32_t refresh_every_s = 360;
    bool count_records = false;  // status
};

}  // namespace halp::cli
