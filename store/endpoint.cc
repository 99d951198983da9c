#include "store/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <optional>

#include "store/hash.h"

namespace halp {
namespace {

constexpr std::string_view mapped_prefix{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};  // ::ffff:a.b.c.d

Error invalid(const char* sentence) { return {ErrorCode::invalid, sentence}; }

bool in_brackets(std::string_view host) { return host.size() > 2 && host.front() == '[' && host.back() == ']'; }

// Reads what inet_pton reads: four decimal numbers without leading zeros, so every address has one spelling.
// Written by hand for speed: each entry of each gossip message passes here.
bool read_ipv4(std::string_view host, char* four_bytes) {
    for (int part = 0; part < 4; ++part) {
        if (part > 0) {
            if (host.empty() || host.front() != '.') return false;
            host.remove_prefix(1);
        }
        unsigned value = 0;
        std::size_t digits = 0;
        for (; digits < host.size() && host[digits] >= '0' && host[digits] <= '9'; ++digits) {
            if (digits == 3 || (digits == 1 && value == 0)) return false;
            value = 10 * value + static_cast<unsigned>(host[digits] - '0');
        }
        if (digits == 0 || value > 255) return false;
        four_bytes[part] = static_cast<char>(value);
        host.remove_prefix(digits);
    }
    return host.empty();
}

std::string ipv4_text(std::string_view four_bytes) {
    std::array<char, INET_ADDRSTRLEN> text;
    char* end = text.data();
    for (const char byte : four_bytes) {
        const unsigned value = static_cast<unsigned char>(byte);
        if (end != text.data()) *end++ = '.';
        if (value >= 100) *end++ = static_cast<char>('0' + value / 100);
        if (value >= 10) *end++ = static_cast<char>('0' + value / 10 % 10);
        *end++ = static_cast<char>('0' + value % 10);
    }
    return {text.data(), end};
}

// The 4 or 16 bytes of a numeric address that inet_pton reads; no bytes for anything else.
std::string numeric_bytes(const std::string& host) {
    std::array<char, 16> bytes{};
    if (read_ipv4(host, bytes.data())) return {bytes.data(), 4};
    if (host.find(':') == std::string::npos) return {};
    if (inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1) return {bytes.data(), 16};
    return {};
}

// The same for the spellings of people: `[2001:db8::1]`, `fe80::1%eth0`. Only IPv6 has brackets or a zone.
std::string address_bytes(std::string_view host) {
    const bool bracketed = in_brackets(host);
    if (bracketed) host = host.substr(1, host.size() - 2);
    const auto zone = host.find('%');
    const bool zoned = zone != std::string_view::npos;
    std::string bytes = numeric_bytes(std::string(host.substr(0, zone)));
    if ((bracketed || zoned) && bytes.size() != 16) return {};
    return bytes;
}

// fe80::1%eth0 is fe80::1 on another machine of the link: the zone must not be in what is compared.
std::string_view without_zone(std::string_view host) {
    const auto zone = host.find('%');
    const bool link_local = zone != std::string_view::npos && (host.starts_with("fe8") || host.starts_with("fe9") ||
                                                               host.starts_with("fea") || host.starts_with("feb"));
    return link_local ? host.substr(0, zone) : host;
}

// `example.org` for `a.b.example.org`; a name of one part for itself.
std::string last_two_parts(std::string_view name) {
    if (name.size() > 1 && name.back() == '.') name.remove_suffix(1);
    const auto last = name.rfind('.');
    if (last != std::string_view::npos && last > 0) {
        const auto before = name.rfind('.', last - 1);
        if (before != std::string_view::npos) name.remove_prefix(before + 1);
    }
    std::string lower(name);  // resolvers ignore the case of ASCII letters
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower;
}

std::optional<std::uint64_t> parse_port(std::string_view digits) {
    std::uint64_t port = 0;
    const auto end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, port);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return port;
}

}  // namespace

bool Endpoint::well_formed_host(std::string_view host) {
    const auto dialable = [](char c) {
        const auto byte = static_cast<std::uint8_t>(c);
        return byte > 0x20 && byte != 0x7f;
    };
    return !host.empty() && host.size() <= host_length_max && std::all_of(host.begin(), host.end(), dialable);
}

Result<Endpoint> Endpoint::make(std::string_view host, std::uint64_t port) {
    if (host.empty()) return invalid("The host must not be empty.");
    if (host.size() > host_length_max) return invalid("The host has more than 255 bytes.");
    if (!well_formed_host(host)) return invalid("The host contains a blank or a control byte.");
    if (port == 0 || port > 65535) return invalid("The port must be between 1 and 65535.");
    return Endpoint{std::string(host), static_cast<std::uint16_t>(port)};
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0)
        return invalid("An endpoint is written HOST:PORT, such as 192.0.2.1:3451 or [2001:db8::1]:3451.");
    std::string_view host = text.substr(0, colon);
    if (host.front() == '[') {
        if (!in_brackets(host) || address_bytes(host).empty())
            return invalid("Only an IPv6 address may stand in brackets.");
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return invalid("Write an IPv6 address in brackets: [ADDRESS]:PORT.");
    }
    const auto port = parse_port(text.substr(colon + 1));
    if (!port) return invalid("The port must be a number between 1 and 65535.");
    return make(host, *port);
}

AddressKind Endpoint::kind() const {
    switch (address_bytes(host).size()) {
        case 4:
            return AddressKind::ipv4;
        case 16:
            return AddressKind::ipv6;
        default:
            return AddressKind::name;
    }
}

std::string Endpoint::packed_address() const {
    std::string bytes = numeric_bytes(host);
    return bytes.size() == 4 || unpack_address(bytes) == host ? bytes : std::string{};
}

std::string Endpoint::unpack_address(std::string_view four_or_sixteen_bytes) {
    if (four_or_sixteen_bytes.size() == 4) return ipv4_text(four_or_sixteen_bytes);
    if (four_or_sixteen_bytes.size() != 16) return {};
    std::array<char, INET6_ADDRSTRLEN> text{};
    return inet_ntop(AF_INET6, four_or_sixteen_bytes.data(), text.data(), text.size()) ? text.data()
                                                                                       : std::string{};
}

std::uint32_t Endpoint::group() const {
    std::string bytes = address_bytes(host);
    if (bytes.starts_with(mapped_prefix)) bytes.erase(0, mapped_prefix.size());
    const std::string_view kind_of_group = bytes.empty() ? "name " : bytes.size() == 4 ? "ipv4 " : "ipv6 ";
    const std::string part = bytes.empty() ? last_two_parts(host) : bytes.substr(0, bytes.size() == 4 ? 2 : 4);
    return static_cast<std::uint32_t>(mix(fnv1a(part, fnv1a(kind_of_group))) >> 32);
}

std::uint64_t Endpoint::hash() const {
    const std::array<char, 3> tail{'\0', static_cast<char>(port >> 8), static_cast<char>(port & 0xff)};
    return mix(fnv1a({tail.data(), tail.size()}, fnv1a(without_zone(host))));
}

std::string Endpoint::text() const {
    const bool bare_ipv6 = !in_brackets(host) && kind() == AddressKind::ipv6;
    return (bare_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

EndpointId EndpointTable::intern(const Endpoint& endpoint) {
    const std::uint64_t hash = endpoint.hash();
    if (const EndpointId known = find_hashed(endpoint, hash); known != no_endpoint) return known;
    EndpointId id{static_cast<std::uint32_t>(slots_->size())};
    if (free_.empty()) {
        assert(id != no_endpoint);
        slots_->emplace_back();
    } else {
        id = free_.back();
        free_.pop_back();
    }
    const auto index = static_cast<std::uint32_t>(id);
    Slot& slot = (*slots_)[index];
    slot = {endpoint, hash, endpoint.group(), 0, true, false};
    if (const std::string packed = endpoint.packed_address(); packed.size() == 4) {
        slot.is_ipv4 = true;
        for (const char byte : packed) slot.ipv4 = slot.ipv4 << 8 | static_cast<unsigned char>(byte);
    }
    by_identity_.insert(index);
    remember(id);
    host_bytes_ += endpoint.host.size();
    return id;
}

EndpointId EndpointTable::find(const Endpoint& endpoint) const { return find_hashed(endpoint, endpoint.hash()); }

EndpointId EndpointTable::find_hashed(const Endpoint& endpoint, std::uint64_t hash) const {
    if (!near_.empty()) {
        const auto near = static_cast<std::uint32_t>(near_[hash & (near_.size() - 1)]);
        if (near < slots_->size() && (*slots_)[near].used && (*slots_)[near].hash == hash &&
            (*slots_)[near].endpoint == endpoint)
            return EndpointId{near};
    }
    const auto found = by_identity_.first_not(
        [&](std::uint32_t index) { return ByIdentity::before((*slots_)[index], hash, endpoint); });
    return found && (*slots_)[*found].endpoint == endpoint ? EndpointId{*found} : no_endpoint;
}

const EndpointTable::Slot& EndpointTable::slot(EndpointId id) const {
    const auto index = static_cast<std::uint32_t>(id);
    assert(index < slots_->size() && (*slots_)[index].used);
    return (*slots_)[index];
}

const Endpoint& EndpointTable::at(EndpointId id) const { return slot(id).endpoint; }
std::uint64_t EndpointTable::hash(EndpointId id) const { return slot(id).hash; }
std::uint32_t EndpointTable::group(EndpointId id) const { return slot(id).group; }
std::size_t EndpointTable::size() const { return by_identity_.size(); }

std::size_t EndpointTable::bytes() const {
    constexpr std::size_t index_bytes = 8 + 12;  // by_identity_; near_ and near_ipv4_
    return slots_->size() * (sizeof(Slot) + index_bytes) + host_bytes_;
}

bool EndpointTable::wants_collection() const {
    return size() >= used_after_collection_ + std::max<std::size_t>(1024, used_after_collection_ / 4);
}

std::vector<bool> EndpointTable::empty_marks() const { return std::vector<bool>(slots_->size(), false); }

void EndpointTable::collect(const std::vector<bool>& marks) {
    const std::size_t marked = std::min(marks.size(), slots_->size());
    for (std::size_t i = 0; i < marked; ++i) {
        Slot& slot = (*slots_)[i];
        if (marks[i] || !slot.used) continue;
        by_identity_.erase(static_cast<std::uint32_t>(i));
        host_bytes_ -= slot.endpoint.host.size();
        slot = {};
    }
    while (!slots_->empty() && !slots_->back().used) slots_->pop_back();
    rebuild_free_ids();
    used_after_collection_ = size();
}

std::uint64_t EndpointTable::hash_of(Ipv4Endpoint endpoint) {
    return mix(std::uint64_t{endpoint.address} << 16 | endpoint.port);
}

// Each row has one to two places for each slot. It grows from nothing, and is filled again when it has grown.
void EndpointTable::remember(EndpointId id) {
    constexpr std::size_t least = 16;
    const auto enter = [this](EndpointId one) {
        const Slot& slot = (*slots_)[static_cast<std::size_t>(one)];
        const std::size_t mask = near_.size() - 1;
        near_[slot.hash & mask] = one;
        if (slot.is_ipv4) near_ipv4_[hash_of({slot.ipv4, slot.endpoint.port}) & mask] = one;
    };
    if (near_.size() >= slots_->size()) return enter(id);
    near_.assign(std::max(least, 2 * near_.size()), no_endpoint);
    near_ipv4_.assign(near_.size(), no_endpoint);
    for (std::size_t i = 0; i < slots_->size(); ++i)
        if ((*slots_)[i].used) enter(EndpointId{static_cast<std::uint32_t>(i)});
}

EndpointId EndpointTable::intern(Ipv4Endpoint endpoint) {
    if (!near_ipv4_.empty()) {
        const auto near = static_cast<std::size_t>(near_ipv4_[hash_of(endpoint) & (near_ipv4_.size() - 1)]);
        if (near < slots_->size()) {
            const Slot& slot = (*slots_)[near];
            if (slot.used && slot.is_ipv4 && slot.ipv4 == endpoint.address && slot.endpoint.port == endpoint.port)
                return EndpointId{static_cast<std::uint32_t>(near)};
        }
    }
    std::array<char, 4> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<char>(endpoint.address >> (24 - 8 * i) & 0xff);
    return intern(Endpoint{ipv4_text({bytes.data(), bytes.size()}), endpoint.port});
}

std::optional<Ipv4Endpoint> EndpointTable::ipv4(EndpointId id) const {
    const Slot& at_id = slot(id);
    if (!at_id.is_ipv4) return std::nullopt;
    return Ipv4Endpoint{at_id.ipv4, at_id.endpoint.port};
}

void EndpointTable::rebuild_free_ids() {
    free_.clear();
    for (std::size_t i = slots_->size(); i-- > 0;)  // the lowest id is used next, which keeps the table dense
        if (!(*slots_)[i].used) free_.push_back(EndpointId{static_cast<std::uint32_t>(i)});
}

}  // namespace halp
