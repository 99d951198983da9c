// The daemon's admin API as typed calls (tools/halpd/README.md describes it). A reply of another form is an error,
// never a crash, because the daemon may be of another version.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/endpoint.h"
#include "store/label.h"
#include "store/result.h"
#include "tools/halp/daemon/admin_client.h"
#include "tools/halp/output/listing.h"
#include "tools/program/json.h"

namespace halp::cli {

struct KnownPeer {
    Endpoint endpoint;
    std::string role;
    bool proved = false, suspect = false, original = false;
    double age_s = 0;
    std::optional<double> proved_age_s;
    int failures = 0;
    bool left = false;  // it said that it leaves
};
struct PeerReport {
    std::vector<KnownPeer> peers;
    std::string json;  // the reply as it came
};

struct StatusReport {
    std::string version, swarm, profile, listening, self, state_dir, cache_dir;
    std::int64_t pid = 0;
    double uptime_s = 0;
    int health = 1;
    bool leaving = false;
    std::vector<std::string> failing_services;  // "web: connection refused"
    std::uint64_t peers_listed = 0, peers_proved = 0, anchors = 0, graves = 0;
    std::uint64_t labels = 0, entries = 0, table_bytes = 0, rounds = 0, rounds_failed = 0;
    std::uint64_t turns_cut = 0, sources_waiting = 0;
    std::uint64_t input_dropped = 0, places_taken = 0, readers_cut = 0;  // connections ended to make room
    // What strangers said against others, in vain; what full tables lost or refused; other programs; the log.
    std::uint64_t withdrawals_refuted = 0, leaves_refuted = 0, versions_unproved = 0, withdrawals_waiting = 0;
    std::uint64_t withdrawals_no_room = 0, leaves_no_room = 0;
    std::uint64_t contested = 0, numbers_shared = 0;  // nodes with the address, or the random number, of this one
    std::uint64_t lists_evicted = 0, lists_refused = 0, locks_put_off = 0, locks_passed_over = 0;
    std::uint64_t log_lines_lost = 0, log_lines_held_back = 0, cache_bad_lines = 0;
    std::uint64_t hearsay_dials = 0, hearsay_held = 0;
    std::uint64_t text_queries = 0, text_inserts = 0, text_bad = 0, bytes_in = 0, bytes_out = 0;
    std::vector<std::pair<std::string, std::uint64_t>> no_room_for;  // what was forgotten early, without zeros
    bool keeps_records = false;
    std::uint64_t records = 0, channels = 0, records_aside = 0;
    std::string record_trouble;  // why records cannot be kept as they should be; "": all is well
    std::vector<std::pair<std::string, Endpoint>> own;  // label and host announced here
    std::string json;                                   // the reply as it came
};

struct KnownSeed {
    Endpoint endpoint;
    std::string origin;   // joined, configured
    std::string outcome;  // answered, untried, other_swarm, itself, leaving, or why no connection came about
    std::string node;     // that answered there; "" for none
    bool reached = false;
    std::uint64_t tries = 0;
};

struct Happening {
    std::string name;  // entry, initial_list_complete, entry_learned, entry_forgotten, announced, ...
    std::optional<Endpoint> endpoint;
    UnixSeconds seen{0};    // of entry
    std::string from, why;  // of entry_learned, entry_forgotten
    std::string json;       // its data as they came
    bool again = false;     // of entry_learned: it was listed before
};
using OnHappening = std::function<bool(const Happening&)>;  // false: no more

class AdminApi {
public:
    AdminApi(std::string socket_path, Duration timeout) : client_(std::move(socket_path), timeout) {}

    // All of it, page by page; with `tag`, the hosts that have it.
    [[nodiscard]] Result<Listing> list(const Label& label, const std::string& tag = {}) const;
    [[nodiscard]] Result<PeerReport> peers() const;
    [[nodiscard]] Result<StatusReport> status() const;
    // The daemon's own DHT node, for a client on the same machine: as it is announced under the label `dht`, else
    // where it listens. Nothing when the daemon keeps no records.
    [[nodiscard]] Result<std::optional<Endpoint>> dht_node() const;

    [[nodiscard]] Result<void> insert(const Label& label, const Endpoint& endpoint, UnixSeconds seen) const;
    [[nodiscard]] Result<void> announce(const Label& label, const Endpoint& endpoint) const;
    [[nodiscard]] Result<void> withdraw(const Label& label, const Endpoint& endpoint) const;
    [[nodiscard]] Result<void> confirm(const Label& label, const Endpoint& endpoint, bool worked) const;
    [[nodiscard]] Result<bool> clear(const Label& label) const;  // false: there was nothing
    [[nodiscard]] Result<void> clear_all() const;
    [[nodiscard]] Result<void> join(const Endpoint& seed) const;
    [[nodiscard]] Result<void> unjoin(const Endpoint& seed) const;
    [[nodiscard]] Result<std::vector<KnownSeed>> seeds() const;
    [[nodiscard]] Result<void> leave() const;
    // The reply of any other route, as it came.
    [[nodiscard]] Result<Json> ask(Method method, const std::string& target) const;

    // Both return when `take` returns false, the daemon leaves (ok), its connection breaks (an error), or on an
    // interrupt.
    [[nodiscard]] Result<void> watch(const Label& label, const OnHappening& take) const;
    // Keeps the host announced until it returns. An empty host means the address at which peers see the daemon.
    [[nodiscard]] Result<void> announce_while(const Label& label, const std::string& host, std::uint16_t port,
                                              const std::string& tags, const OnHappening& take) const;

    [[nodiscard]] const std::string& socket_path() const { return client_.socket_path(); }

private:
    [[nodiscard]] Result<void> follow(const std::string& target, const OnHappening& take) const;

    AdminClient client_;
};

}  // namespace halp::cli
