#include "overlay/cache/line_origins.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <utility>

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

void append_number(std::string& text, std::int64_t number) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    text.append(digits.data(), end);
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
    for (auto& hosts : origins.swarms_) settle(hosts.second);
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
    NotedHost& noted = swarms_[swarm].emplace_back();
    noted.host = {std::string{host}, static_cast<std::uint16_t>(*port)};
    noted.hash = noted.host.hash();
    noted.noted = {UnixSeconds{*seen}, UnixSeconds{proved}, UnixSeconds{known}};
}

std::string LineOrigins::format(const Label& label) const {
    constexpr std::size_t usual_line = 48;  // bytes
    std::string text;
    text.reserve(usual_line * (1 + size()));
    for (const auto& [swarm, hosts] : swarms_) {
        if (hosts.empty()) continue;
        text += std::string{swarm_word} + word_of_swarm(swarm) + '\n';
        for (const auto& [hash, host, noted] : hosts) {
            append_number(text, count(noted.seen));
            text += ' ';
            if (noted.proved == CacheLine::not_proved)
                text += '-';
            else
                append_number(text, count(noted.proved));
            text.append(1, ' ').append(host.host).append(1, ' ');
            append_number(text, host.port);
            if (noted.known != CacheLine::not_proved) append_number(text += ' ', count(noted.known));
            text += '\n';
        }
    }
    return text.empty() ? text : std::string{first_word} + label.text() + '\n' + text;
}

bool LineOrigins::NotedHost::before(const NotedHost& a, const NotedHost& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.host < b.host;
}

bool LineOrigins::NotedHost::same(const NotedHost& a, const NotedHost& b) {
    return a.hash == b.hash && a.host == b.host;
}

LineOrigins::NotedHost LineOrigins::noted_host(const CacheLine& line) {
    return {line.endpoint.hash(), line.endpoint, {line.seen, line.proved, line.known}};
}

void LineOrigins::settle(Hosts& hosts) {
    const auto misplaced = [](const NotedHost& a, const NotedHost& b) { return !NotedHost::before(a, b); };
    if (std::adjacent_find(hosts.begin(), hosts.end(), misplaced) == hosts.end()) return;
    std::reverse(hosts.begin(), hosts.end());
    std::stable_sort(hosts.begin(), hosts.end(), NotedHost::before);
    hosts.erase(std::unique(hosts.begin(), hosts.end(), NotedHost::same), hosts.end());
}

const LineOrigins::Noted* LineOrigins::find(const Hosts& hosts, const Endpoint& host) {
    const NotedHost wanted{host.hash(), host, {}};
    const auto found = std::lower_bound(hosts.begin(), hosts.end(), wanted, NotedHost::before);
    return found != hosts.end() && NotedHost::same(*found, wanted) ? &found->noted : nullptr;
}

const LineOrigins::Noted* LineOrigins::find(const Endpoint& host, const std::string& swarm) const {
    const auto hosts = swarms_.find(swarm);
    return hosts == swarms_.end() ? nullptr : find(hosts->second, host);
}

LineOrigin LineOrigins::of(const CacheLine& line, const std::string& swarm) const {
    if (find(line.endpoint, swarm)) return LineOrigin::own_swarm;
    for (const auto& [other, hosts] : swarms_) {
        const Noted* found = find(hosts, line.endpoint);
        if (found && count(line.seen) <= count(found->seen) + foreign_after_s) return LineOrigin::other_swarm;
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

// Of the lines of one host the last one is the first.
bool LineOrigins::Heard::before(const Heard& a, const Heard& b) {
    if (a.hash != b.hash) return a.hash < b.hash;
    const auto host = a.line->endpoint <=> b.line->endpoint;
    return host != 0 ? host < 0 : a.line > b.line;
}

void LineOrigins::note(const std::string& swarm, const std::vector<CacheLine>& lines) {
    std::vector<Heard> heard;
    heard.reserve(lines.size());
    for (const CacheLine& line : lines) heard.push_back({line.endpoint.hash(), &line});
    merge(swarm, std::move(heard));
}

void LineOrigins::note_own(const std::string& swarm, const std::vector<CacheLine>& lines) {
    std::vector<Heard> heard;
    heard.reserve(lines.size());
    for (const CacheLine& line : lines)
        if (line.own_swarm) heard.push_back({line.endpoint.hash(), &line});
    merge(swarm, std::move(heard));
}

// One walk over both: a search for each of many hosts would take longer.
void LineOrigins::merge(const std::string& swarm, std::vector<Heard> heard) {
    if (heard.empty()) return;
    std::sort(heard.begin(), heard.end(), Heard::before);
    Hosts& hosts = swarms_[swarm];
    Hosts added;
    auto at = hosts.begin();
    const Heard* last = nullptr;
    for (const Heard& one : heard) {
        const Endpoint& host = one.line->endpoint;
        const bool repeated = last && last->hash == one.hash && last->line->endpoint == host;
        last = &one;
        if (repeated) continue;
        while (at != hosts.end() && (at->hash != one.hash ? at->hash < one.hash : at->host < host)) ++at;
        if (at != hosts.end() && at->hash == one.hash && at->host == host)
            take_times(at->noted, {one.line->seen, one.line->proved, one.line->known});
        else
            added.push_back(noted_host(*one.line));
    }
    if (added.empty()) return;
    const auto old = static_cast<std::ptrdiff_t>(hosts.size());
    hosts.reserve(hosts.size() + added.size());
    std::move(added.begin(), added.end(), std::back_inserter(hosts));
    std::inplace_merge(hosts.begin(), hosts.begin() + old, hosts.end(), NotedHost::before);
}

void LineOrigins::take_times(Noted& noted, const Noted& heard) {
    if (count(heard.seen) >= count(noted.seen) + seen_step_s) noted.seen = heard.seen;
    const bool first_proof = noted.proved == CacheLine::not_proved;
    if (count(heard.proved) >= count(noted.proved) + (first_proof ? 1 : proved_step_s)) noted.proved = heard.proved;
    if (heard.known == CacheLine::not_proved) return;
    const auto moved = std::abs(count(heard.known) - count(noted.known));
    if (noted.known == CacheLine::not_proved || moved >= proved_step_s) noted.known = heard.known;
}

void LineOrigins::keep_known(const std::string& swarm, const CacheFile& file) {
    const auto hosts = swarms_.find(swarm);
    if (hosts == swarms_.end()) return;
    std::vector<Heard> acquaintances;
    for (const CacheLine& line : file.lines)
        if (line.known != CacheLine::not_proved) acquaintances.push_back({line.endpoint.hash(), &line});
    std::sort(acquaintances.begin(), acquaintances.end(), Heard::before);
    const auto still_known = [&](const NotedHost& one) {
        auto at = std::lower_bound(acquaintances.begin(), acquaintances.end(), one.hash,
                                   [](const Heard& heard, std::uint64_t hash) { return heard.hash < hash; });
        while (at != acquaintances.end() && at->hash == one.hash && at->line->endpoint != one.host) ++at;
        return at != acquaintances.end() && at->hash == one.hash;
    };
    for (NotedHost& one : hosts->second)
        if (one.noted.known != CacheLine::not_proved && !still_known(one)) one.noted.known = CacheLine::not_proved;
}

void LineOrigins::forget(const Endpoint& host) {
    const NotedHost wanted{host.hash(), host, {}};
    for (auto& [swarm, hosts] : swarms_) {
        const auto [first, last] = std::equal_range(hosts.begin(), hosts.end(), wanted, NotedHost::before);
        hosts.erase(first, last);
    }
}

void LineOrigins::keep_only(const CacheFile& file) {
    Hosts there;
    there.reserve(file.lines.size());
    for (const CacheLine& line : file.lines) there.push_back(noted_host(line));
    settle(there);
    for (auto& [swarm, hosts] : swarms_) {
        Hosts kept;
        std::set_intersection(hosts.begin(), hosts.end(), there.begin(), there.end(), std::back_inserter(kept),
                              NotedHost::before);
        hosts = std::move(kept);
    }
}

std::size_t LineOrigins::size() const {
    std::size_t size = 0;
    for (const auto& hosts : swarms_) size += hosts.second.size();
    return size;
}

}  // namespace halp
