// Checks before the cases: something listens, it speaks neo, and it accepts the client.
#include <optional>
#include <string>

#include "overlay/connect_failure.h"
#include "overlay/dht/testing/conformance_case_run.h"
#include "overlay/dht/wire/neo_codec.h"

namespace halp::neo {
namespace {

using Kind = Sanity::Kind;

std::string words_of(const std::optional<ConnectFailure>& failure) {
    return failure ? std::string(describe(*failure)) : "no answer in time";
}

Sanity of_version(CaseRun& t, const std::string& at) {
    Peer& peer = t.dial();
    if (t.over())
        return {Kind::unreachable, "nobody can be reached at " + at + " (" + words_of(peer.refused) + ")"};
    t.say(peer, octets({protocol_version}));
    const std::string version = t.hear(peer, 1);
    if (version == octets({protocol_version})) return {};
    if (!version.empty())
        return {Kind::stranger, "what listens at " + at + " does not speak version 1 of neo: it begins with byte " +
                                    hex_of(version)};
    if (peer.ended) return {Kind::stranger, "what listens at " + at + " ends connections without a word of neo"};
    return {Kind::silent, "what listens at " + at + " says nothing"};
}

Sanity of_client(CaseRun& t, const std::string& at) {
    const Credential& own = t.options().credential;
    Peer& peer = t.dial();
    const std::optional<bool> accepted = t.log_in(peer, {own, std::nullopt, false});
    if (!accepted)
        return {Kind::stranger, "what listens at " + at + " does not get to the end of the handshake: " +
                                    (t.over() ? t.reason() : "it ends the connection without a verdict")};
    if (*accepted) return {};
    return {Kind::rejected,
            "the node at " + at + " turns the client `" + own.name +
                "` away: it does not know that name, has another key for it, or the clocks are more "
                "than 30 minutes apart"};
}

}  // namespace

Sanity assess_sanity(CaseRun& run) {
    const std::string at = run.options().node.text();
    Sanity found = of_version(run, at);
    return found.kind == Kind::sound ? of_client(run, at) : found;
}

}  // namespace halp::neo
