// The options of the verbs of `halp dht` that are for operators.
#include <chrono>
#include <optional>
#include <string>

#include "config/units.h"
#include "tools/halp/dht/dht_arguments.h"

namespace halp::cli {
namespace {

TakesWord takes_span(Duration& into, Duration most) {
    return [&into, most](const std::string& text) -> std::string {
        const std::optional<Duration> span = config::parse_duration(text);
        if (!span || *span < Duration{0} || *span > most)
            return "`" + text + "` is not a time of 0s to " + config::print_duration(most) + ", such as 30s or 4h.";
        into = *span;
        return {};
    };
}

void add_dump(OperatorCommand& typed, Arguments& to) {
    constexpr Duration most = std::chrono::hours{24 * 365};
    to.option("DIRECTORY", &typed.to, "made when it is missing").required();
    to.option("--every", takes_span(typed.every, most), "dump again and again, so often (once)").called("TIME");
    to.option("--min-wait", takes_span(typed.min_wait, most), "at least so long between two dumps (60s)")
        .called("TIME");
    to.option("--retry-wait", takes_span(typed.retry_wait, most), "until a failed dump is tried again (30s)")
        .called("TIME");
    to.option("--retries", &typed.retries, "of a dump that is made once").called("N").shows_default();
    to.flag("--at-once", typed.at_once, "with --every: the first dump now");
}

}  // namespace

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
    if (verb == DhtVerb::dump) add_dump(typed, to);
    if (verb == DhtVerb::dump)
        to.flag("--partial", command_.partial,
                "only the keys of the nodes that are named, all of which must answer");
    if (verb == DhtVerb::load) {
        to.option("FILE", &typed.paths, ".tcm dumps, and directories of them").required();
        to.option("--channel", &typed.channel, "the channel, instead of that of the file's name").called("NAME");
        to.flag("--partial", command_.partial,
                "nodes that do not answer are no error before the first of their keys");
    }
}

}  // namespace halp::cli
