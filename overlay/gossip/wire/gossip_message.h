// What nodes say to each other in gossip v2, as values. Times are ages, so clocks are never compared. Endpoints are
// ids of this process's EndpointTable. gossip_codec.h turns these values into bytes (overlay/gossip/gossip-v2.md);
// the simulator may pass them without encoding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "overlay/connect_failure.h"
#include "store/endpoint.h"
#include "store/host_list.h"
#include "store/label.h"

namespace halp::gossip {

enum class Kind : std::uint8_t {
    exchange = 1,    // opens a push-pull exchange: a sample of the view, digests of labels
    answer = 2,      // the same from the other side, entries of labels that differ, labels wanted
    supplement = 3,  // entries of the labels that the answer wanted; ends the exchange
    news = 4,        // pushed at once, not answered: joins, leaves, announcements, suspicions
    ping = 5,        // "are you there?"
    pong = 6,        // answers a ping
    try_for = 7,     // probe request: "can you reach `target`?"
    verdict = 8,     // answers a probe request: yes or no
    leave = 9,       // the speaker leaves; not answered
    refuse = 10,     // ends the conversation with a reason
};

enum class Refusal : std::uint8_t {
    none = 0,
    other_swarm = 1,
    version = 2,
    malformed = 3,
    busy = 4,
    leaving = 5,
    self = 6
};

// One node or one announced host.
struct Entry {
    EndpointId endpoint = no_endpoint;
    std::uint32_t incarnation = 0;
    std::uint32_t age_ms = 0;        // since the last confirmed contact; of a claim, since it was made
    bool withdrawn = false;          // the node left, or the host is no longer announced; age_ms is since then
    bool suspect = false;            // contact failed twice: the receiver should probe it
    bool claimed = false;            // only claimed in HALP text, never confirmed
    std::uint32_t stated_age_s = 0;  // of a claim: the age that it stated
    bool operator==(const Entry&) const = default;
};

struct LabelEntries {
    Label label;
    std::vector<Entry> entries;
    bool operator==(const LabelEntries&) const = default;
};

// Tags of an announced host of this message, in the version of its entry. Old nodes do not tell them, so an entry
// without says nothing about tags; an empty text says that there are none.
struct EntryTags {
    Label label;
    EndpointId endpoint = no_endpoint;
    std::uint32_t incarnation = 0;
    std::string text;  // store/tags.h
    bool operator==(const EntryTags&) const = default;
};

struct LabelDigest {
    std::uint64_t label_hash = 0;
    ListDigest digest;
    bool operator==(const LabelDigest&) const = default;
};

// The speaker of a message.
struct Hello {
    std::uint64_t swarm = 0;        // hash of the swarm's name, so that two swarms never merge by accident
    std::uint64_t node = 0;         // random at each start, so that a node notices when it calls itself
    EndpointId self = no_endpoint;  // advertised; no_endpoint: the address of the socket
    std::uint16_t port = 0;         // where the speaker listens
    std::uint32_t incarnation = 0;  // wall-clock seconds at start, or newer
    bool joining = false;           // it has proved no node yet: send all nodes
    bool leaving = false;
    bool all_labels = false;               // the digests name every label that the speaker has: offer the others
    ListDigest peers;                      // of the nodes that the speaker lists, for small swarms
    std::vector<std::uint32_t> interests;  // low halves of the hashes of labels held; at most 16
    bool operator==(const Hello&) const = default;
};

// What the speaker of an answer knows of the endpoint at which it lists the other side (`observed`), and the other
// side cannot see.
struct Notice {
    bool contested = false;                        // another node speaks from this endpoint, too
    std::uint32_t failures = 0;                    // calls to it that failed between calls from it; 0: none
    ConnectFailure why = ConnectFailure::refused;  // one of the first four
    std::uint32_t failing_s = 0;                   // since the first of these failures
    bool operator==(const Notice&) const = default;
};

struct Message {
    Kind kind = Kind::exchange;
    Hello hello;
    std::vector<Entry> peers;           // nodes, the label `halp`; at most 128
    std::vector<LabelDigest> digests;   // at most 64
    std::vector<std::uint64_t> wanted;  // label hashes; at most 64
    std::vector<LabelEntries> labels;   // at most 64 labels, 4096 entries in all
    EndpointId observed = no_endpoint;  // answer, pong: where the speaker lists the receiver
    EndpointId target = no_endpoint;    // try_for, verdict
    bool reachable = false;             // verdict
    Refusal refusal = Refusal::none;    // refuse
    Notice notice;                      // answer, pong
    std::vector<EntryTags> tags;        // of entries of `labels`, in their order
    bool operator==(const Message&) const = default;
};

inline constexpr std::size_t peers_per_message_max = 128;
inline constexpr std::size_t digests_per_message_max = 64;
inline constexpr std::size_t labels_per_message_max = 64;
inline constexpr std::size_t entries_per_message_max = 4096;
inline constexpr std::size_t interests_max = 16;
inline constexpr std::size_t tag_bytes_per_message_max = 16384;  // texts of tags together
inline constexpr std::size_t tagged_per_message_max = 1024;      // hosts

}  // namespace halp::gossip
