#include "overlay/dns/dns_zone.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace halp::dns {
namespace {

constexpr std::size_t names_max = 1000;      // of one answer
constexpr std::size_t indexed_max = 20'000;  // labels that are looked through for capitals
constexpr Duration index_pause = std::chrono::seconds{2};
constexpr std::int64_t seconds_per_ttl_second = 10;
constexpr std::uint16_t priority_of_claims = 10;
constexpr std::size_t text_bytes_max = 255;

std::size_t bytes_max_of(const Query& query, Way way) {
    if (way == Way::tcp) return tcp_bytes_max;
    return way == Way::udp_here ? query.udp_bytes_max : query.bytes;
}

// Lists of names may hold what strangers have put there.
bool is_child(const std::string& name) {
    const Result<Label> label = Label::parse(name);
    return label && !label->lists_names() && name.find('/') == std::string::npos;
}

std::string text_data(const ZoneHost& host) {
    std::string data;
    const auto add = [&data](std::string_view text) {
        text = text.substr(0, text_bytes_max);
        data += static_cast<char>(text.size());
        data += text;
    };
    add(host.endpoint.text());
    for (const std::string& tag : host.tags) add(tag);
    return data;
}

}  // namespace

struct Zone::Asked {
    const Query& query;
    Answer answer;
    Instant now;
    UnixSeconds wall;
    bool any_record = false;  // that was asked for, whether it fitted or not

    [[nodiscard]] bool wants(Type type) const {
        return query.type == static_cast<std::uint16_t>(type) ||
               query.type == static_cast<std::uint16_t>(Type::any);
    }
    std::size_t add(Type type, std::uint32_t ttl_s, std::string_view data) {
        any_record = true;
        return answer.add(Answer::Section::answer, {Answer::question_at, query.name}, type, ttl_s, data);
    }
};

Zone::Zone(const ZoneLists& lists, ZoneOptions options)
    : lists_(lists),
      options_(std::move(options)),
      zone_(parts_of(lower(options_.zone))),
      zone_name_(wire_name(zone_)) {}

std::string Zone::answer(Bytes bytes, Way way, Instant now, UnixSeconds wall) {
    const Query query = parse_query(bytes);
    if (query.verdict != Query::Verdict::question) {
        ++(query.verdict == Query::Verdict::dropped ? stats_.dropped : stats_.malformed);
        return answer_to_no_question(query);
    }
    Asked asked{query, Answer{query, bytes_max_of(query, way)}, now, wall};
    if (query.edns && query.edns_version != 0)
        asked.answer.set_code(Code::bad_version);
    else
        answer_question(asked);
    if (asked.answer.truncated()) ++stats_.truncated;
    return asked.answer.finish();
}

void Zone::answer_question(Asked& asked) {
    const Query& query = asked.query;
    const bool below =
        query.parts.size() >= zone_.size() && std::equal(zone_.rbegin(), zone_.rend(), query.parts.rbegin());
    const bool transfer = query.type == static_cast<std::uint16_t>(Type::axfr) ||
                          query.type == static_cast<std::uint16_t>(Type::ixfr);
    const bool internet = query.of_class == class_internet || query.of_class == class_any;
    if (!below || transfer || !internet) {
        ++stats_.refused;
        return asked.answer.set_code(Code::refused);
    }
    asked.answer.set_authoritative();
    const auto behind = query.parts.end() - static_cast<std::ptrdiff_t>(zone_.size());
    const Meaning meaning = meaning_of({query.parts.begin(), behind});
    switch (meaning.kind) {
        case Meaning::Kind::apex:
            return answer_apex(asked);
        case Meaning::Kind::between:
            return end(asked, true);
        case Meaning::Kind::services:
            return answer_services(asked);
        case Meaning::Kind::address:
            return answer_address(asked, meaning.address);
        case Meaning::Kind::nothing:
            return end(asked, false);
        case Meaning::Kind::label:
        case Meaning::Kind::service:
            break;
    }
    const Label* label = find(meaning.labels, asked.now);
    if (!label) return end(asked, false);
    answer_label(asked, *label, meaning.kind == Meaning::Kind::service);
}

void Zone::answer_apex(Asked& asked) {
    if (asked.wants(Type::soa)) asked.add(Type::soa, options_.ttl_max_s, soa(asked.wall));
    if (asked.wants(Type::ns)) asked.add(Type::ns, options_.ttl_max_s, wire_name({"localhost"}));
    if (asked.wants(Type::ptr)) add_children(asked, Label::labels());
    end(asked, true);
}

// The name in the data points at the name that was asked for.
void Zone::add_pointer(Asked& asked, const std::vector<std::string>& before) {
    std::string name = wire_name(before);
    if (name.empty() || name.size() + asked.query.name.size() - 1 > name_bytes_max) return;
    name.pop_back();
    append16(name, static_cast<std::uint16_t>(0xc000 | Answer::question_at));
    asked.add(Type::ptr, options_.ttl_max_s, name);
}

void Zone::answer_services(Asked& asked) {
    if (asked.wants(Type::ptr)) {
        for (const std::string& name : lists_.names(Label::labels(), names_max)) {
            if (!is_child(name) || !lists_.any_host(*Label::parse(name))) continue;
            std::vector<std::string> parts{"_" + name, "_tcp"};
            parts.insert(parts.end(), zone_.begin(), zone_.end());
            const std::string data = wire_name(parts);
            if (!data.empty()) asked.add(Type::ptr, options_.ttl_max_s, data);
            if (asked.answer.truncated()) break;  // the rest would not fit either
        }
    }
    end(asked, true);
}

void Zone::answer_address(Asked& asked, const std::string& address) {
    const Type type = address.size() == 4 ? Type::a : Type::aaaa;
    if (asked.wants(type)) asked.add(type, options_.ttl_max_s, address);
    end(asked, true);
}

void Zone::answer_label(Asked& asked, const Label& label, bool as_service) {
    const bool of_hosts = asked.wants(Type::txt) ||
                          (as_service ? asked.wants(Type::srv) : asked.wants(Type::a) || asked.wants(Type::aaaa));
    if (of_hosts) add_hosts(asked, label, as_service);
    if (asked.wants(Type::ptr))
        if (const Result<Label> directory = Label::parse(label.text() + "/")) add_children(asked, *directory);
    end(asked, true);
}

// What was confirmed long ago may be gone soon, so a resolver asks again soon: from ttl_max down to 1 s, a second
// less for every ten seconds of age. All records of an answer have the TTL of the oldest (RFC 2181, 5.2).
std::uint32_t Zone::ttl_of(const std::vector<ZoneHost>& hosts) const {
    std::int64_t oldest = 0;
    for (const ZoneHost& host : hosts) oldest = std::max(oldest, host.age_s);
    const auto most = static_cast<std::int64_t>(options_.ttl_max_s);
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(most - oldest / seconds_per_ttl_second, 1, most));
}

void Zone::add_hosts(Asked& asked, const Label& label, bool as_service) {
    const std::vector<ZoneHost> hosts = lists_.hosts(label, options_.hosts_max);
    const std::uint32_t ttl_s = ttl_of(hosts);
    if (as_service && asked.wants(Type::srv)) add_services(asked, hosts, ttl_s);
    if (!as_service) add_addresses(asked, hosts, ttl_s);
    if (asked.wants(Type::txt)) add_texts(asked, hosts, ttl_s);
}

void Zone::add_services(Asked& asked, const std::vector<ZoneHost>& hosts, std::uint32_t ttl_s) {
    struct Target {
        std::string name, address;
        std::size_t at;
    };
    std::vector<Target> targets;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        const ZoneHost& host = hosts[i];
        const std::string address = host.endpoint.packed_address();
        std::vector<std::string> parts = address.empty() ? parts_of(host.endpoint.host) : address_name(address);
        if (!address.empty()) parts.insert(parts.end(), zone_.begin(), zone_.end());
        const std::string name = parts.empty() ? std::string{} : wire_name(parts);
        if (name.empty()) continue;  // DNS cannot say it
        std::string data;
        append16(data, host.claimed ? priority_of_claims : 0);
        append16(data,
                 static_cast<std::uint16_t>(std::max<std::size_t>(1, 100 * (hosts.size() - i) / hosts.size())));
        append16(data, host.endpoint.port);
        const std::size_t name_at = data.size();
        data += name;  // not compressed: RFC 2782
        const std::size_t at = asked.add(Type::srv, ttl_s, data);
        if (at != 0 && !address.empty() && seen.insert(address).second)
            targets.push_back({name, address, at + name_at});
    }
    for (const Target& target : targets)
        asked.answer.add(Answer::Section::additional, {target.at, target.name},
                         target.address.size() == 4 ? Type::a : Type::aaaa, ttl_s, target.address);
}

void Zone::add_addresses(Asked& asked, const std::vector<ZoneHost>& hosts, std::uint32_t ttl_s) {
    std::set<std::string> seen;
    for (const ZoneHost& host : hosts) {
        const std::string address = host.endpoint.packed_address();
        const Type type = address.size() == 4 ? Type::a : Type::aaaa;
        if (!address.empty() && asked.wants(type) && seen.insert(address).second) asked.add(type, ttl_s, address);
    }
}

void Zone::add_texts(Asked& asked, const std::vector<ZoneHost>& hosts, std::uint32_t ttl_s) {
    for (const ZoneHost& host : hosts) asked.add(Type::txt, ttl_s, text_data(host));
}

void Zone::add_children(Asked& asked, const Label& directory) {
    for (const std::string& name : lists_.names(directory, names_max)) {
        if (is_child(name)) add_pointer(asked, {name});
        if (asked.answer.truncated()) break;  // the rest would not fit either
    }
}

// NODATA and NXDOMAIN carry the SOA, whose last field says how long they may be kept (RFC 2308).
void Zone::end(Asked& asked, bool there) {
    if (asked.any_record) {
        ++stats_.answered;
        return;
    }
    ++(there ? stats_.no_data : stats_.no_name);
    if (!there) asked.answer.set_code(Code::no_name);
    const std::size_t zone_at = Answer::question_at + asked.query.name.size() - zone_name_.size();
    asked.answer.add(Answer::Section::authority, {zone_at, zone_name_}, Type::soa, options_.ttl_max_s,
                     soa(asked.wall));
}

std::string Zone::soa(UnixSeconds wall) const {
    std::string data = wire_name({"localhost"}) + wire_name({"nobody", "invalid"});
    append32(data, static_cast<std::uint32_t>(count(wall)));  // the lists change all the time
    append32(data, 3600);
    append32(data, 600);
    append32(data, 86400);
    append32(data, options_.ttl_max_s);
    return data;
}

bool Zone::exists(const Label& label) const {
    if (lists_.any_host(label)) return true;
    const Result<Label> directory = Label::parse(label.text() + "/");
    return directory && !lists_.names(*directory, 1).empty();
}

// Names of DNS have no case, those of labels have: the label in lower case is meant, else one with capitals.
const Label* Zone::find(const std::vector<std::string>& texts, Instant now) {
    found_.clear();
    for (const bool capitals : {false, true}) {
        if (capitals) index_capitals(now);
        for (const std::string& text : texts) {
            const auto spelled = capitals ? capitals_.find(text) : capitals_.end();
            if (capitals && spelled == capitals_.end()) continue;
            const Result<Label> label = Label::parse(capitals ? spelled->second : text);
            if (!label || label->lists_names() || !exists(*label)) continue;
            found_.push_back(*label);
            return &found_.back();
        }
    }
    return nullptr;
}

void Zone::index_capitals(Instant now) {
    if (capitals_at_ != never && now - capitals_at_ < index_pause) return;
    capitals_at_ = now;
    capitals_.clear();
    std::vector<std::string> directories{""};
    std::size_t seen = 0;
    for (std::size_t i = 0; i < directories.size() && seen < indexed_max; ++i) {
        const std::string prefix = directories[i];
        const Result<Label> directory = prefix.empty() ? Label::labels() : Label::parse(prefix);
        if (!directory) continue;
        for (const std::string& name : lists_.names(*directory, indexed_max - seen)) {
            ++seen;
            const std::string text = prefix + name;
            if (text.size() > name_bytes_max || text.ends_with('/')) continue;
            const std::string folded = lower(text);
            if (folded != text) capitals_.emplace(folded, text);
            directories.push_back(text + "/");
        }
    }
}

}  // namespace halp::dns
