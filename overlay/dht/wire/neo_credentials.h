// The clients that a node accepts: names and secrets, from a file of `name:key` lines (neo.md, 2).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/dht/wire/neo_hmac.h"
#include "overlay/environment.h"
#include "store/result.h"

namespace halp::neo {

inline constexpr std::size_t client_name_max = 100;
inline constexpr std::size_t credentials_bytes_max = 10'000'000;

struct Credential {
    std::string name;
    Secret secret{};
};

// 1 to 100 printable ASCII characters without blanks.
[[nodiscard]] bool well_formed_client_name(std::string_view name);

class Credentials {
public:
    // Any bad line makes the whole text an error. Of two lines with one name the later counts. Empty lines are
    // ignored; there are no comments.
    [[nodiscard]] static Result<Credentials> parse(std::string_view text);
    // For tests: `admin` of the originals' tests and fake node, and `test`, which a client is that is told nothing;
    // both with 128 zero bytes.
    [[nodiscard]] static Credentials for_tests();

    [[nodiscard]] const Secret* find(std::string_view name) const;  // nullptr when unknown
    [[nodiscard]] std::vector<std::string> names() const;
    [[nodiscard]] std::size_t size() const { return secrets_.size(); }
    void set(const Credential& credential) { secrets_[credential.name] = credential.secret; }

private:
    std::map<std::string, Secret, std::less<>> secrets_;
};

// A client's file has exactly one entry.
[[nodiscard]] Result<Credential> parse_client_credential(std::string_view text);

// The reason of a rejection. Only the node's operator sees it; the client is told no more than that it was
// rejected.
enum class Rejection : std::uint8_t {
    empty_name,
    name_too_long,
    bad_name,
    unknown_name,
    timestamp_out_of_range,
    timestamp_zero,
    clocks_apart,
    wrong_key,
};
[[nodiscard]] std::string_view name(Rejection rejection);

inline constexpr std::uint64_t clock_difference_max_s = 1800;

// Checks in the order of the originals. Returns nothing when the proof is valid.
[[nodiscard]] std::optional<Rejection> check_proof(const Credentials& credentials, const Proof& proof,
                                                   std::uint64_t timestamp, UnixSeconds node_time,
                                                   const Nonce& nonce);

}  // namespace halp::neo
