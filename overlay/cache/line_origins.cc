#include "overlay/cache/line_origins.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <set>

#include "overlay/cache/swarm_word.h"

namespace halp {

namespace {

constexpr std::string_view first_word = "halp-origins-1 ";
constexpr std::string_view swarm_word = "swarm ";
constexpr std::size_t file_name_max = 255;
constexpr std::int64_t seen_step_s = LineOrigins::foreign_after_s / 2;
constexpr std::int64_t proved_step_s = 600;

std::optional<std::int64_t> number_in(std::string_view digits, std::int64_t most) {
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || stop != digits.data() + digits.size() || value < 0 || value > most)
        return std::nullopt;
    return value;
}

// Takes the word before the next blank off the front.
std::string_view next_word(std::string_view& line) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return word;
}

std::string hex_of(std::uint64_t number) {
    std::string text(16, '0');
    for (std::size_t i = text.size(); i-- > 0; number >>= 4) text[i] = "0123456789abcdef"[number & 15];
    return text;
}

}  // namespace

// The name of a long label leaves no room for a prefix; its hash stands for it.
std::string LineOrigins::file_name(const Label& label) {
    const std::string name = std::string{file_prefix} + cache_file_name(label);
    return name.size() <= file_name_max ? name : std::string{file_prefix} + "." + hex_of(label.hash());
}

LineOrigins LineOrigins::parse(const Label& label, std::string_view content) {
    LineOrigins origins;
    std::string swarm;
    bool begun = false;
    while (!content.empty()) {
        const std::size_t end = std::min(content.find('\n'), content.size());
        const std::string_view line = content.substr(0, end);
        content.remove_prefix(std::min(end + 1, content.size()));
        if (begun)
            origins.take_line(line, swarm);
        else if (line != std::string{first_word} + label.text())
            return {};
        begun = true;
    }
    return origins;
}

void LineOrigins::take_line(std::string_view line, std::string& swarm) {
    if (line.starts_with(swarm_word)) {
        swarm = swarm_of_word(line.substr(swarm_word.size())).value_or("");
        return;
    }
    const auto seen = number_in(next_word(line), count(unix_seconds_max));
    const std::string_view proved_word = next_word(line);
    const auto proved = proved_word == "-" ? count(CacheLine::not_proved)
                                           : number_in(proved_word, count(unix_seconds_max)).value_or(-2);
    const std::string_view host = next_word(line);
    const auto port = number_in(next_word(line), 65535);
    const auto known =
        line.empty() ? count(CacheLine::not_proved) : number_in(line, count(unix_seconds_max)).value_or(-2);
    if (!seen || proved < -1 || known < -1 || !port || *port == 0 || swarm.empty()) return;
    if (!Endpoint::well_formed_host(host)) return;
    swarms_[swarm][Endpoint{std::string{host}, static_cast<std::uint16_t>(*port)}] = {
        UnixSeconds{*seen}, UnixSeconds{proved}, UnixSeconds{known}};
}

std::string LineOrigins::format(const Label& label) const {
    std::string text;
    for (const auto& [swarm, hosts] : swarms_) {
        if (hosts.empty()) continue;
        text += std::string{swarm_word} + word_of_swarm(swarm) + '\n';
        for (const auto& [host, noted] : hosts) {
            text += std::to_string(count(noted.seen)) + ' ';
            text += noted.proved == CacheLine::not_proved ? "-" : std::to_string(count(noted.proved));
            text += ' ' + host.host + ' ' + std::to_string(host.port);
            if (noted.known != CacheLine::not_proved) text += ' ' + std::to_string(count(noted.known));
            text += '\n';
        }
    }
    return text.empty() ? text : std::string{first_word} + label.text() + '\n' + text;
}

const LineOrigins::Noted* LineOrigins::find(const Endpoint& host, const std::string& swarm) const {
    const auto hosts = swarms_.find(swarm);
    if (hosts == swarms_.end()) return nullptr;
    const auto found = hosts->second.find(host);
    return found == hosts->second.end() ? nullptr : &found->second;
}

LineOrigin LineOrigins::of(const CacheLine& line, const std::string& swarm) const {
    if (find(line.endpoint, swarm)) return LineOrigin::own_swarm;
    for (const auto& [other, hosts] : swarms_) {
        const auto found = hosts.find(line.endpoint);
        if (found != hosts.end() && count(line.seen) <= count(found->second.seen) + foreign_after_s)
            return LineOrigin::other_swarm;
    }
    return LineOrigin::unknown;
}

bool LineOrigins::only(const std::string& swarm) const {
    return std::ranges::all_of(swarms_, [&](const auto& one) { return one.first == swarm || one.second.empty(); });
}

UnixSeconds LineOrigins::proved(const Endpoint& host, const std::string& swarm) const {
    const Noted* noted = find(host, swarm);
    return noted ? noted->proved : CacheLine::not_proved;
}

UnixSeconds LineOrigins::known(const Endpoint& host, const std::string& swarm) const {
    const Noted* noted = find(host, swarm);
    return noted ? noted->known : CacheLine::not_proved;
}

void LineOrigins::note(const std::string& swarm, const CacheLine& line) {
    const auto [at, added] = swarms_[swarm].try_emplace(line.endpoint, Noted{line.seen, line.proved, line.known});
    if (added) return;
    Noted& noted = at->second;
    if (count(line.seen) >= count(noted.seen) + seen_step_s) noted.seen = line.seen;
    const bool first_proof = noted.proved == CacheLine::not_proved;
    if (count(line.proved) >= count(noted.proved) + (first_proof ? 1 : proved_step_s)) noted.proved = line.proved;
    if (line.known == CacheLine::not_proved) return;
    const auto moved = std::abs(count(line.known) - count(noted.known));
    if (noted.known == CacheLine::not_proved || moved >= proved_step_s) noted.known = line.known;
}

void LineOrigins::keep_known(const std::string& swarm, const CacheFile& file) {
    const auto hosts = swarms_.find(swarm);
    if (hosts == swarms_.end()) return;
    std::set<Endpoint> acquaintances;
    for (const CacheLine& line : file.lines)
        if (line.known != CacheLine::not_proved) acquaintances.insert(line.endpoint);
    for (auto& [host, noted] : hosts->second)
        if (!acquaintances.contains(host)) noted.known = CacheLine::not_proved;
}

void LineOrigins::forget(const Endpoint& host) {
    for (auto& hosts : swarms_) hosts.second.erase(host);
}

void LineOrigins::keep_only(const CacheFile& file) {
    std::set<Endpoint> there;
    for (const CacheLine& line : file.lines) there.insert(line.endpoint);
    for (auto& hosts : swarms_)
        std::erase_if(hosts.second, [&](const auto& one) { return !there.contains(one.first); });
}

std::size_t LineOrigins::size() const {
    std::size_t size = 0;
    for (const auto& hosts : swarms_) size += hosts.second.size();
    return size;
}

}  // namespace halp
