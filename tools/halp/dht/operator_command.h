// The part of the parsed command line of `halp dht` that is for operators: keys, dumps, and the configuration of an
// original node.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/time.h"

namespace halp::cli {

struct OperatorCommand {
    std::string client;         // keygen: its name
    std::string file;           // keygen: the client's file, if empty the usual one; import-config: what is read
    std::string add_to;         // keygen: the credentials file of a node, to which the line is added
    bool reload = false;        // credentials: the daemon reads its file again before
    std::string to;             // import-config: the file that is written, if empty stdout; dump: the directory
    bool skip_unknown = false;  // import-config: unknown settings become comments
    std::vector<std::string> paths;  // load: dumps, and directories of them
    std::string channel;             // load: the channel of a dump with another name

    // dump; the defaults of the waits are those of the original's dhtdump
    Duration every{0};  // 0: once
    Duration min_wait = std::chrono::seconds{60};
    Duration retry_wait = std::chrono::seconds{30};
    std::uint32_t retries = 0;  // of a dump that is made once
    bool at_once = false;       // the first of several dumps
};

}  // namespace halp::cli
