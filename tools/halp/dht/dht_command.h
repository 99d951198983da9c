// The parsed command line of `halp dht`.
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
#include "tools/halp/dht/operator_command.h"
#include "tools/halp/output/record_text.h"

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
    listen,
    size,
    ranges,
    status,
    keygen,
    credentials,
    import_config,
    dump,
    load,
    stats,
    redistribute
};

struct DhtCommand {
    DhtVerb verb = DhtVerb::none;
    std::uint16_t port = 10000;  // fake: the legacy port, neo is 100 above; 0: any port
    Duration flush_interval{0};  // fake: the delay before a write is answered
    std::string node;            // conformance: HOST:PORT
    std::string only;            // conformance: a case or a group; empty: all cases
    std::string junit;           // conformance: the file to write
    std::string credentials;     // a client's file; if empty, conformance uses admin with 128 zero bytes

    // conformance
    bool list = false;                   // list the cases and exit
    std::string case_filter;             // a regular expression for names of cases
    std::vector<std::size_t> ids;        // numbers of cases; empty: all cases
    bool fatal = false;                  // stop at the first failure
    bool progress = false;               // print each case when it begins, even if stderr is no terminal
    std::string start;                   // the program to start as the node under test
    std::vector<std::string> arguments;  // the arguments of that program
    double delay_s = 5;                  // the longest wait until the node accepts connections
    bool keep = false;                   // keep the node's directory
    bool no_restart = false;             // the node does not keep its records over a restart

    // The nodes: at most one of these is given. Otherwise dht_reach.h searches the usual places.
    std::vector<Endpoint> nodes;
    std::string nodes_file;
    std::vector<Endpoint> halp_hosts;
    Label label = *Label::parse("dht");

    bool legacy = false;  // speak the legacy protocol; the ports of `nodes` are legacy ports then

    std::string channel;
    Key key{};
    ValueForm form = ValueForm::automatic;
    std::optional<std::string> value;   // put, update: as typed; without it from `file` or stdin
    std::string file;                   // put, update: "" or "-" is stdin
    std::optional<std::string> expect;  // update: as typed
    std::string exec;                   // update: a shell command that turns the old value into the new one
    bool remove_record = false;         // update: remove the record instead
    std::string filter;                 // scan, keys: bytes that the value must contain
    std::uint64_t limit = 0;            // scan, keys, mirror --count; 0: no limit
    bool refresh = true;                // mirror: begin with a refresh
    std::uint32_t refresh_every_s = 360;
    bool partial = false;        // requests to all nodes: missing ranges are accepted
    bool count_records = false;  // status: count the records

    OperatorCommand operating;

    // redistribute; `nodes` are legacy ports
    std::vector<Endpoint> leave;
    bool within_hosts = false;
    bool dry_run = false;
};

}  // namespace halp::cli
