#include "tools/halp/dht/dht_verbs.h"

namespace halp::cli {

ExitCode run_dht(const DhtTool& tool) {
    switch (tool.command.dht.verb) {
        case DhtVerb::none:
            break;
        case DhtVerb::fake:
            return run_dht_fake(tool.command, tool.console);
        case DhtVerb::conformance:
            return run_dht_conformance(tool.command, tool.console);
        case DhtVerb::put:
            return run_dht_put(tool);
        case DhtVerb::get:
            return run_dht_get(tool);
        case DhtVerb::exists:
            return run_dht_exists(tool);
        case DhtVerb::remove:
            return run_dht_remove(tool);
        case DhtVerb::update:
            return run_dht_update(tool);
        case DhtVerb::scan:
        case DhtVerb::keys:
            return run_dht_scan(tool);
        case DhtVerb::channels:
            return run_dht_channels(tool);
        case DhtVerb::rm_channel:
            return run_dht_rm_channel(tool);
        case DhtVerb::mirror:
        case DhtVerb::listen:
            return run_dht_mirror(tool);
        case DhtVerb::size:
            return run_dht_size(tool);
        case DhtVerb::ranges:
        case DhtVerb::status:
            return run_dht_status(tool);
        case DhtVerb::keygen:
            return run_dht_keygen(tool);
        case DhtVerb::credentials:
            return run_dht_credentials(tool);
        case DhtVerb::stats:
            return run_dht_stats(tool);
        case DhtVerb::import_config:
            return run_dht_import_config(tool);
        case DhtVerb::dump:
            return run_dht_dump(tool);
        case DhtVerb::load:
            return run_dht_load(tool);
        case DhtVerb::redistribute:
            return run_dht_redistribute(tool);
    }
    return ExitCode::usage;
}

}  // namespace halp::cli
