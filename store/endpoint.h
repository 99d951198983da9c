// Where a program can be reached: a host and a TCP or UDP port. As in the original, endpoints are equal when host
// and port are equal byte by byte: `A` and `a` differ. Names stay names; nothing is resolved here.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/ordered_slots.h"
#include "store/result.h"

namespace halp {

enum class AddressKind : std::uint8_t { ipv4, ipv6, name };

struct Endpoint {
    static constexpr std::size_t host_length_max = 255;

    std::string host;  // no blanks, no control bytes; IPv6 with or without brackets, as it was given
    std::uint16_t port = 0;

    // True for 1 to 255 bytes without blanks and control bytes. Bytes from 0x80 on are good, as in the original.
    [[nodiscard]] static bool well_formed_host(std::string_view host);
    // Refuses what nobody could dial: an empty or over-long host, blanks, control bytes, port 0.
    [[nodiscard]] static Result<Endpoint> make(std::string_view host, std::uint64_t port);
    // "host:port", "1.2.3.4:port", "[::1]:port". The host loses its brackets.
    [[nodiscard]] static Result<Endpoint> parse(std::string_view text);

    [[nodiscard]] AddressKind kind() const;
    // The 4 or 16 address bytes of a numeric host in its canonical spelling; empty for anything else. So packing an
    // address and unpacking it gives the same text.
    [[nodiscard]] std::string packed_address() const;
    static std::string unpack_address(std::string_view four_or_sixteen_bytes);

    // One number for addresses that one owner gets cheaply together: /16 for IPv4, /32 for IPv6, the last two parts
    // of a name.
    [[nodiscard]] std::uint32_t group() const;
    // Equal on all machines and in all versions: it goes over the wire in digests.
    [[nodiscard]] std::uint64_t hash() const;
    [[nodiscard]] std::string text() const;  // "host:port", brackets added around a bare IPv6 address

    auto operator<=>(const Endpoint&) const = default;
};

// An address of four bytes, the first one highest, and a port.
struct Ipv4Endpoint {
    std::uint32_t address = 0;
    std::uint16_t port = 0;
    bool operator==(const Ipv4Endpoint&) const = default;
};

enum class EndpointId : std::uint32_t {};
inline constexpr EndpointId no_endpoint{0xffffffff};

// Holds every distinct endpoint of the process once. Host lists hold its 32-bit ids. An id is valid until a
// collect() without its mark.
class EndpointTable {
public:
    EndpointId intern(const Endpoint& endpoint);
    // The same for an IPv4 address and a port that is not 0, without the text of the address when it is known.
    EndpointId intern(Ipv4Endpoint endpoint);
    // The endpoint as an address and a port; no value when it is not one of IPv4.
    [[nodiscard]] std::optional<Ipv4Endpoint> ipv4(EndpointId id) const;
    [[nodiscard]] EndpointId find(const Endpoint& endpoint) const;  // no_endpoint when unknown
    [[nodiscard]] const Endpoint& at(EndpointId id) const;
    [[nodiscard]] std::uint64_t hash(EndpointId id) const;   // kept, not computed again
    [[nodiscard]] std::uint32_t group(EndpointId id) const;  // kept
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::size_t bytes() const;  // estimate, for quotas

    // True when the table has grown by a quarter since the last collection, and by at least 1024 endpoints. Then
    // its owner is to collect, so that strangers cannot grow it without bound.
    [[nodiscard]] bool wants_collection() const;
    // Forgets every endpoint whose mark is false. marks[i] belongs to EndpointId{i}. Ids beyond the marks stay.
    void collect(const std::vector<bool>& marks);
    [[nodiscard]] std::vector<bool> empty_marks() const;

private:
    struct Slot {
        Endpoint endpoint;
        std::uint64_t hash = 0;
        std::uint32_t group = 0;
        std::uint32_t ipv4 = 0;  // the address, when is_ipv4
        bool used = false, is_ipv4 = false;
    };
    // Compares hashes first and bytes last, so crafted collisions gain nothing.
    struct ByIdentity {
        const std::vector<Slot>* slots;
        bool operator()(std::uint32_t a, std::uint32_t b) const {
            return before((*slots)[a], (*slots)[b].hash, (*slots)[b].endpoint);
        }
        static bool before(const Slot& slot, std::uint64_t hash, const Endpoint& endpoint) {
            return slot.hash != hash ? slot.hash < hash : slot.endpoint < endpoint;
        }
    };
    [[nodiscard]] const Slot& slot(EndpointId id) const;
    [[nodiscard]] EndpointId find_hashed(const Endpoint& endpoint, std::uint64_t hash) const;
    void rebuild_free_ids();
    void remember(EndpointId id);
    [[nodiscard]] static std::uint64_t hash_of(Ipv4Endpoint endpoint);

    std::unique_ptr<std::vector<Slot>> slots_ =
        std::make_unique<std::vector<Slot>>();  // must not move: ByIdentity points to it
    std::vector<EndpointId> free_;
    OrderedSlots<ByIdentity> by_identity_{ByIdentity{slots_.get()}};
    // By hash: an endpoint that was found or added lately. Most questions end here, with one look instead of a walk
    // through an order that is not in the cache. It may name any id, so the slot is compared.
    std::vector<EndpointId> near_;
    std::vector<EndpointId> near_ipv4_;  // the same for those of IPv4, by a hash of address and port
    std::size_t used_after_collection_ = 0;
    std::size_t host_bytes_ = 0;
};

}  // namespace halp
