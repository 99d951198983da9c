#include "overlay/dht/client/legacy/legacy_notes.h"

#include "store/overloaded.h"

namespace halp::legacy {

std::string_view name(Trouble trouble) {
    switch (trouble) {
        case Trouble::none:
            return "no trouble";
        case Trouble::no_version:
            return "the node's version is not known yet";
        case Trouble::wrong_version:
            return "the node speaks another version";
        case Trouble::no_responsible_node:
            return "no node is known for the key";
        case Trouble::range_overlap:
            return "its range overlaps that of another node";
        case Trouble::unknown_node:
            return "this client does not know the node";
        case Trouble::bad_channel_name:
            return "legacy takes only letters, digits, _ and - in channel names";
        case Trouble::empty_value:
            return "legacy takes no empty values";
        case Trouble::null_filter:
            return "the filter is empty";
        case Trouble::queue_full:
            return "the queue of the node is full";
        case Trouble::scheduler_full:
            return "too many requests are scheduled";
        case Trouble::node_disabled:
            return "the node is disabled";
        case Trouble::connection_failed:
            return "the node cannot be reached";
        case Trouble::connection_timed_out:
            return "connecting timed out";
        case Trouble::timed_out:
            return "timed out";
        case Trouble::disconnected:
            return "disconnected";
        case Trouble::malformed:
            return "the answer breaks the protocol";
        case Trouble::fatal:
            return "the node failed";
    }
    return "?";
}

std::string_view status_name(std::uint32_t status) {
    switch (Status{status}) {
        case Status::ok:
            return "ok";
        case Status::wrong_node:
            return "wrong node";
        case Status::out_of_memory:
            return "out of memory";
        case Status::empty_value:
            return "empty value";
        case Status::bad_channel_name:
            return "bad channel name";
        case Status::value_too_big:
            return "value too big";
        case Status::error:
            return "error";
    }
    return "unknown";
}

std::string describe(const Finished& finished) {
    const std::string status = finished.status == 0 ? ""
                                                    : std::to_string(finished.status) + " (" +
                                                          std::string(status_name(finished.status)) + ")";
    if (finished.trouble == Trouble::none) return status;
    std::string text{name(finished.trouble)};
    if (!finished.why.empty()) text += ": " + std::string(finished.why);
    return status.empty() || finished.trouble != Trouble::fatal ? text : text + ", " + status;
}

std::string describe(const About& about, const Note& note) {
    const auto text = overloaded{
        [](const Scheduled&) { return std::string("scheduled"); },
        [](const Queued&) { return std::string("queued"); },
        [](const Started&) { return std::string("started"); },
        [](const Finished& n) { return "finished, " + describe(n); },
        [](const GroupFinished& n) {
            const std::string more = dht::describe(n.cover);
            return "finished on all nodes" + (n.failed == 0 ? "" : ", failed on " + std::to_string(n.failed)) +
                   (more.empty() ? "" : "; " + more);
        },
        [](const GotValue& n) { return "received " + std::to_string(n.value.size()) + " bytes"; },
        [](const GotFlag& n) { return std::string(n.exists ? "the record exists" : "no record"); },
        [](const GotRecord& n) {
            return "record " + key_text(n.key) + ", " + std::to_string(n.value.size()) + " bytes";
        },
        [](const GotKey& n) { return "key " + key_text(n.key); },
        [](const GotChannel& n) { return "channel " + std::string(n.name); },
        [](const GotRange& n) {
            return "covers " + key_text(Key{n.range.min()}) + " to " + key_text(Key{n.range.max()});
        },
        [](const GotSize& n) {
            return std::to_string(n.records) + " records of " + std::to_string(n.bytes) + " bytes";
        },
        [](const GotConnections& n) { return std::to_string(n.connections) + " connections"; },
        [](const GotVersion& n) { return "version " + std::string(n.version); },
    };
    const std::string where = about.node ? " at " + about.node->text() : "";
    return std::string(name(about.command)) + where + ": " + std::visit(text, note);
}

}  // namespace halp::legacy
