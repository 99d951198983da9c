#include "overlay/dns/dns_message.h"

#include <algorithm>
#include <optional>

namespace halp::dns {
namespace {

constexpr std::size_t opt_bytes = 11;  // without options
constexpr std::uint16_t flag_answer = 0x8000, flag_authoritative = 0x0400, flag_truncated = 0x0200;
constexpr std::uint16_t flag_recursion_desired = 0x0100, flag_checking_disabled = 0x0010;
constexpr std::uint32_t opt_dnssec_ok = 0x8000;

std::uint8_t byte_at(Bytes bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }
std::uint16_t at16(Bytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}
char lower_byte(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Reads from a message. After the first failure everything reads as zero and `failed` stays.
class Reader {
public:
    explicit Reader(Bytes message) : message_(message), at_(header_bytes) {}

    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] bool at_end() const { return at_ == message_.size(); }
    Bytes take(std::size_t count) {
        if (failed_ || count > message_.size() - at_) {
            failed_ = true;
            return {};
        }
        const Bytes taken = message_.substr(at_, count);
        at_ += count;
        return taken;
    }
    std::uint16_t take16() {
        const Bytes two = take(2);
        return two.empty() ? std::uint16_t{0} : at16(two, 0);
    }
    // Uncompressed: a question stands first, so there is nothing that it could point at.
    void take_name(std::string& name, std::vector<std::string>& parts) {
        while (true) {
            const Bytes length = take(1);
            if (failed_) return;
            const std::size_t bytes = byte_at(length, 0);
            name += length;
            if (bytes == 0) return;
            const Bytes part = bytes > label_bytes_max ? Bytes{} : take(bytes);
            failed_ = failed_ || part.empty() || name.size() + part.size() + 1 > name_bytes_max;
            if (failed_) return;
            name += part;
            parts.push_back(lower(part));
        }
    }
    // Of a record behind the question. It may be compressed, and only its end matters.
    bool skip_name() {
        std::size_t labels = 0;
        while (true) {
            const Bytes length = take(1);
            if (failed_) return false;
            const std::size_t bytes = byte_at(length, 0);
            if (bytes == 0) return labels == 0;
            if (bytes >= 0xc0) {
                take(1);
                return false;
            }
            if (bytes > label_bytes_max || ++labels > 127) failed_ = true;
            static_cast<void>(take(bytes));  // only where it ends matters; a failure stays
        }
    }
    void fail() { failed_ = true; }

private:
    Bytes message_;
    std::size_t at_;
    bool failed_ = false;
};

void take_opt(Query& query, std::uint16_t size, Bytes ttl) {
    query.edns = true;
    query.udp_bytes_max = std::clamp<std::size_t>(size, plain_udp_bytes_max, edns_udp_bytes_max);
    query.edns_version = byte_at(ttl, 1);
    query.dnssec_ok = (at16(ttl, 2) & opt_dnssec_ok) != 0;
}

void take_additional(Reader& in, Query& query, std::size_t records) {
    for (; records > 0 && !in.failed(); --records) {
        const bool root = in.skip_name();
        const std::uint16_t type = in.take16();
        const std::uint16_t size = in.take16();
        const Bytes ttl = in.take(4);
        static_cast<void>(in.take(in.take16()));  // options, and signatures, which this server knows none of
        if (in.failed()) return;
        if (type != static_cast<std::uint16_t>(Type::opt)) continue;
        if (!root || query.edns) return in.fail();
        take_opt(query, size, ttl);
    }
}

}  // namespace

std::string lower(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(), lower_byte);
    return out;
}

void append16(std::string& out, std::uint16_t value) {
    out += static_cast<char>(value >> 8);
    out += static_cast<char>(value & 0xff);
}

void append32(std::string& out, std::uint32_t value) {
    append16(out, static_cast<std::uint16_t>(value >> 16));
    append16(out, static_cast<std::uint16_t>(value & 0xffff));
}

Query parse_query(Bytes message) {
    Query query;
    query.bytes = message.size();
    if (message.size() < header_bytes) return query;
    const std::uint16_t flags = at16(message, 2);
    if ((flags & flag_answer) != 0) return query;
    query.id = at16(message, 0);
    query.operation = static_cast<std::uint8_t>(flags >> 11 & 0xf);
    query.recursion_desired = (flags & flag_recursion_desired) != 0;
    query.checking_disabled = (flags & flag_checking_disabled) != 0;
    query.verdict = query.operation != 0 ? Query::Verdict::not_implemented : Query::Verdict::malformed;
    const bool one_question = at16(message, 4) == 1 && at16(message, 6) == 0 && at16(message, 8) == 0;
    if (query.operation != 0 || !one_question || message.size() > query_bytes_max) return query;
    Reader in{message};
    in.take_name(query.name, query.parts);
    query.type = in.take16();
    query.of_class = in.take16();
    take_additional(in, query, at16(message, 10));
    if (!in.failed() && in.at_end()) query.verdict = Query::Verdict::question;
    return query;
}

std::string wire_name(const std::vector<std::string>& parts) {
    std::string name;
    for (const std::string& part : parts) {
        if (part.empty() || part.size() > label_bytes_max) return {};
        name += static_cast<char>(part.size());
        name += part;
    }
    name += '\0';
    return name.size() > name_bytes_max ? std::string{} : name;
}

std::vector<std::string> parts_of(std::string_view dotted) {
    if (dotted.ends_with('.')) dotted.remove_suffix(1);
    std::vector<std::string> parts;
    std::size_t bytes = 1;
    while (true) {
        const std::string_view part = dotted.substr(0, dotted.find('.'));
        bytes += part.size() + 1;
        if (part.empty() || part.size() > label_bytes_max || bytes > name_bytes_max) return {};
        parts.emplace_back(part);
        if (part.size() == dotted.size()) return parts;
        dotted.remove_prefix(part.size() + 1);
    }
}

Answer::Answer(const Query& query, std::size_t bytes_max)
    : query_(query), bytes_max_(bytes_max - std::min(bytes_max, query.edns ? opt_bytes : 0)) {
    out_.reserve(512);
    out_.resize(header_bytes);
    out_ += query.name;
    append16(out_, query.type);
    append16(out_, query.of_class);
}

std::size_t Answer::add(Section section, const Owner& owner, Type type, std::uint32_t ttl_s,
                        std::string_view data) {
    if (full_) return 0;
    const std::size_t before = out_.size();
    constexpr std::size_t pointed_at_max = 0x3fff;
    if (owner.at != 0 && owner.at <= pointed_at_max)
        append16(out_, static_cast<std::uint16_t>(0xc000 | owner.at));
    else
        out_ += owner.name;
    append16(out_, static_cast<std::uint16_t>(type));
    append16(out_, class_internet);
    append32(out_, ttl_s);
    append16(out_, static_cast<std::uint16_t>(data.size()));
    const std::size_t data_at = out_.size();
    out_ += data;
    if (out_.size() > bytes_max_) {
        out_.resize(before);
        full_ = true;
        if (section != Section::additional) truncated_ = true;
        return 0;
    }
    ++counts_[static_cast<std::size_t>(section)];
    return data_at;
}

std::string Answer::finish() {
    const auto code = static_cast<unsigned>(code_);
    if (query_.edns) {
        out_ += '\0';
        append16(out_, static_cast<std::uint16_t>(Type::opt));
        append16(out_, static_cast<std::uint16_t>(edns_udp_bytes_max));
        append32(out_, static_cast<std::uint32_t>(code >> 4) << 24 | (query_.dnssec_ok ? opt_dnssec_ok : 0));
        append16(out_, 0);
        ++counts_[2];
    }
    unsigned flags = flag_answer | (code & 0xf);
    if (authoritative_) flags |= flag_authoritative;
    if (truncated_) flags |= flag_truncated;
    if (query_.recursion_desired) flags |= flag_recursion_desired;
    if (query_.checking_disabled) flags |= flag_checking_disabled;
    std::string header;
    append16(header, query_.id);
    append16(header, static_cast<std::uint16_t>(flags));
    append16(header, 1);
    for (const std::uint16_t records : counts_) append16(header, records);
    out_.replace(0, header_bytes, header);
    return std::move(out_);
}

std::string answer_to_no_question(const Query& query) {
    const bool malformed = query.verdict == Query::Verdict::malformed;
    if (!malformed && query.verdict != Query::Verdict::not_implemented) return {};
    const auto code = static_cast<unsigned>(malformed ? Code::malformed : Code::not_implemented);
    std::string out;
    append16(out, query.id);
    append16(out, static_cast<std::uint16_t>(flag_answer | static_cast<unsigned>(query.operation) << 11 | code));
    out.resize(header_bytes, '\0');
    return out;
}

}  // namespace halp::dns
