// All options of a node, with defaults. The YAML and the flags of halpd fill them in (config/settings.h); the
// simulator and applications fill them in directly.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/endpoint.h"
#include "store/label_table.h"
#include "store/time.h"

namespace halp {

// Ranked: from a seeded-rank sampler (overlay/gossip/view/rank_sampler.h), for swarms that anybody may join.
enum class PartnerRule : std::uint8_t { random, oldest, head, hybrid, ranked };
// Which entries of one instant stay when a merge must choose. Hash: by the endpoint and the exchange, so that both
// sides of an exchange keep the same ones, as in Newscast.
enum class TieRule : std::uint8_t { random, hash };
enum class Propagation : std::uint8_t { push, pull, push_pull, swap };

// The general peer-sampling view of Jelasity et al., ACM TOCS 25(3), 2007: (c, H, S), partner rule, propagation.
// Newscast: sample = c, H = c, S = 0. Cyclon: swap, oldest. Original HALP: head, pull. Defaults: the hybrid.
struct ViewOptions {
    std::size_t fresh_max = 24;  // c
    // H: how many of the oldest a merge may drop first. Up to c/2 of these are not told either. H = c heals fastest
    // and gave the most even in-degrees.
    std::size_t healer = 24;
    std::size_t swapper = 0;  // S: how many of the entries just sent a merge may drop next
    std::size_t sample_freshest = 8;
    std::size_t sample_random = 7;
    PartnerRule partner = PartnerRule::hybrid;
    Propagation propagation = Propagation::push_pull;
    TieRule ties = TieRule::random;
    bool drop_on_failure = false;  // forget a partner at its first failure instead of suspecting it
    std::size_t anchors_max = 12;  // proved by own contact
    std::size_t pool_max = 92;     // known, but not in the view; the label lists fresh + anchors + pool
    // A forgotten grave comes back by hearsay until its ttl ends, so there is room for more dead peers
    // than living ones.
    std::size_t grave_max = 256;
    // A peer that was not confirmed for so long is told and tried, but does not become a partner by hearsay.
    // 0: no limit.
    Duration fresh_age_max{0};
    std::size_t rank_slots = 100;   // with PartnerRule::ranked
    std::size_t rank_renewal = 5;   // rounds after which one of their seeds is renewed
    std::size_t per_group_max = 0;  // of fresh and anchors together, per address group; 0: no limit
};

struct GossipOptions {
    Duration period = std::chrono::seconds{1};  // T, +-20 % jitter
    // For connect, send and answer. More than a second, after which TCP repeats a lost SYN; otherwise every lost
    // packet would be a failure.
    Duration exchange_timeout = std::chrono::milliseconds{1500};
    Duration ttl = std::chrono::minutes{5};  // unconfirmed entries are forgotten; at least 60 T
    // A node that accepts connections but does not answer is stalled rather than dead. It is buried only
    // after this.
    Duration stall_patience = std::chrono::seconds{40};
    Duration grave_kept_max = std::chrono::hours{24 * 7};
    Duration seed_retry_max = std::chrono::seconds{30};
    Duration news_interval = std::chrono::milliseconds{20};  // news that arrive within it leave together
    std::size_t news_fanout = 5;
    std::size_t entries_per_label = 32;  // b: freshest entries of a label that differs
    std::size_t digests_per_exchange = 64;
    Duration leave_linger = std::chrono::seconds{3};
    bool private_from_public = false;  // nodes at public addresses may name private ones
};

struct TextOptions {
    Duration pause_max = std::chrono::milliseconds{400};  // a longer silence ends a query that could go on
    Duration deadline = std::chrono::seconds{10};         // a whole query and its answer
    Duration poll_interval = std::chrono::seconds{250};   // of originals, +-20 %
    std::size_t sessions_max = 2048;
    std::size_t sessions_per_source_max = 256;
};

enum class Profile : std::uint8_t { local, lan, wan };

struct OverlayOptions {
    std::string swarm = "halp";
    std::optional<Endpoint> advertise;  // else the address others see
    std::uint16_t listen_port = 3451;
    std::optional<Endpoint> listening;  // the address it listens on, unless that is a wildcard
    // The addresses of this machine, when it listens on all: with listen_port they name this node.
    std::vector<std::string> own_addresses;
    std::vector<Endpoint> seeds;  // resolved afresh at each attempt
    ViewOptions view{.fresh_age_max = std::chrono::seconds{10}};
    GossipOptions gossip;
    TextOptions text;
    TableLimits table;
    Duration save_acknowledged = std::chrono::milliseconds{400};  // an acknowledged insert is on disk after it
    Duration save_learned = std::chrono::seconds{30};             // what gossip brings may wait so long

    // local: T = 200 ms, for one machine; lan: 1 s; wan: 10 s, one hour ttl, at most 2 per address group.
    static OverlayOptions for_profile(Profile profile);
};

}  // namespace halp
