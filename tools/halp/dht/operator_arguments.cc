// The options of the verbs of `halp dht` that are for operators.
#include "tools/halp/dht/dht_arguments.h"

namespace halp::cli {

void DhtArguments::add_operating(DhtVerb verb, Arguments& to) {
    OperatorCommand& typed = command_.operating;
    if (verb == DhtVerb::keygen) {
        to.option("NAME", &typed.client, "of the client: 1 to 100 printable ASCII characters").required();
        to.option("--file", &typed.file, "the client's file, made with mode 0600 (~/.config/halp/dht-client)")
            .called("FILE");
        to.option("--add-to", &typed.add_to, "the credentials file of a node, which gets the line, too")
            .called("FILE");
    }
    if (verb == DhtVerb::credentials)
        to.flag("--reload", typed.reload, "the daemon reads its credentials file again first");
    if (verb == DhtVerb::import_config) {
        to.option("FILE", &typed.file, "config.ini of a dhtnode, or of a dhtdump").required();
        to.option("--to", &typed.to, "a new file, instead of stdout").called("FILE");
        to.flag("--skip-unknown", typed.skip_unknown, "unknown sections and settings become comments");
    }
}

}  // namespace halp::cli
