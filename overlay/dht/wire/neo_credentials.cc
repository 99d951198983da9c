#include "overlay/dht/wire/neo_credentials.h"

#include <algorithm>
#include <limits>

#include "overlay/dht/wire/config_lines.h"

namespace halp::neo {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool parse_secret(std::string_view text, Secret& secret) {
    if (text.size() != 2 * secret.size()) return false;
    for (std::size_t i = 0; i < secret.size(); ++i) {
        const int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        secret[i] = static_cast<char>(high << 4 | low);
    }
    return true;
}

// Names the line's number and never its content, because secrets must not get into a log.
Error bad_line(std::size_t number, std::string_view what) {
    return {ErrorCode::invalid, "credentials, line " + std::to_string(number) + ": " + std::string(what)};
}

Result<Credential> parse_line(std::string_view line, std::size_t number) {
    const std::size_t colon = line.find(':');
    const std::string_view name = ConfigLines::trimmed(line.substr(0, colon));
    if (colon == std::string_view::npos) return bad_line(number, "it is not NAME:KEY");
    const std::string_view key = ConfigLines::trimmed(line.substr(colon + 1));
    if (name.empty()) return bad_line(number, "the name is empty");
    if (name.size() > client_name_max) return bad_line(number, "the name is longer than 100 characters");
    if (!well_formed_client_name(name)) return bad_line(number, "the name has a character that is not printable");
    Credential found;
    found.name = name;
    if (!parse_secret(key, found.secret)) return bad_line(number, "the key is not 256 hexadecimal digits");
    return found;
}

}  // namespace

bool well_formed_client_name(std::string_view name) {
    return !name.empty() && name.size() <= client_name_max &&
           std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f'; });
}

Result<Credentials> Credentials::parse(std::string_view text) {
    if (text.size() > credentials_bytes_max) return Error{ErrorCode::full, "credentials: more than 10 MB"};
    Credentials found;
    ConfigLines lines(text);
    while (const auto line = lines.next()) {
        const Result<Credential> credential = parse_line(*line, lines.number());
        if (!credential) return credential.error();
        found.set(credential.value());
    }
    return found;
}

Credentials Credentials::for_tests() {
    Credentials found;
    found.set({"admin", {}});
    found.set({"test", {}});
    return found;
}

const Secret* Credentials::find(std::string_view name) const {
    const auto at = secrets_.find(name);
    return at == secrets_.end() ? nullptr : &at->second;
}

std::vector<std::string> Credentials::names() const {
    std::vector<std::string> all;
    for (const auto& entry : secrets_) all.push_back(entry.first);
    return all;
}

Result<Credential> parse_client_credential(std::string_view text) {
    const Result<Credentials> all = Credentials::parse(text);
    if (!all) return all.error();
    if (all.value().size() != 1)
        return Error{ErrorCode::invalid, "credentials: a client's file has exactly one entry, this one has " +
                                             std::to_string(all.value().size())};
    const std::string name = all.value().names().front();
    return Credential{name, *all.value().find(name)};
}

std::string_view name(Rejection rejection) {
    switch (rejection) {
        case Rejection::empty_name:
            return "empty name";
        case Rejection::name_too_long:
            return "name too long";
        case Rejection::bad_name:
            return "bad character in the name";
        case Rejection::unknown_name:
            return "unknown name";
        case Rejection::timestamp_out_of_range:
            return "timestamp out of range";
        case Rejection::timestamp_zero:
            return "timestamp zero";
        case Rejection::clocks_apart:
            return "clocks too far apart";
        case Rejection::wrong_key:
            return "wrong key";
    }
    return "?";
}

std::optional<Rejection> check_proof(const Credentials& credentials, const Proof& proof, std::uint64_t timestamp,
                                     UnixSeconds node_time, const Nonce& nonce) {
    if (proof.name.empty()) return Rejection::empty_name;
    if (proof.name.size() > client_name_max) return Rejection::name_too_long;
    const Secret* secret = credentials.find(proof.name);
    if (!secret) return well_formed_client_name(proof.name) ? Rejection::unknown_name : Rejection::bad_name;
    if (timestamp > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return Rejection::timestamp_out_of_range;
    if (timestamp == 0) return Rejection::timestamp_zero;
    const auto here = static_cast<std::uint64_t>(std::max<std::int64_t>(count(node_time), 0));
    const std::uint64_t apart = timestamp > here ? timestamp - here : here - timestamp;
    if (apart > clock_difference_max_s) return Rejection::clocks_apart;
    if (!equal(handshake_hmac(*secret, timestamp, nonce), proof.hmac)) return Rejection::wrong_key;
    return std::nullopt;
}

}  // namespace halp::neo
