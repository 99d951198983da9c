#include "overlay/gossip/wire/gossip_codec.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "overlay/gossip/wire/gossip_wire.h"
#include "store/label.h"
#include "store/result.h"
#include "store/tags.h"

namespace halp::gossip {
namespace {

using namespace wire;

std::uint8_t byte_at(Bytes bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::uint32_t announced_length(Bytes header) {
    std::uint32_t length = 0;
    for (std::size_t i = length_at; i < header_bytes; ++i) length = length << 8 | byte_at(header, i);
    return length;
}

bool is_refuse(Bytes header) { return byte_at(header, kind_at) == static_cast<std::uint8_t>(Kind::refuse); }

// True for a refuse frame of which this version understands only the frozen part.
bool only_frozen_part_known(Bytes header) {
    return byte_at(header, version_at) != wire_version || (byte_at(header, flags_at) & flag_critical) != 0;
}

// A reason that this reader does not know comes from a newer speaker.
Refusal refusal_of(std::uint8_t code) {
    return code <= static_cast<std::uint8_t>(Refusal::self) ? static_cast<Refusal>(code) : Refusal::version;
}

class Decoder {
public:
    std::variant<Message, DecodeError> decode(Bytes frame, EndpointTable& endpoints);

private:
    void sections(Bytes payload);
    void section(Section id, ByteReader in);
    void content(Section id, ByteReader& in);
    bool first_of_its_kind(Section id);
    EndpointId address(ByteReader& in, AddressCode code);
    EndpointId endpoint(ByteReader& in);
    Entry entry(ByteReader& in);
    void entries(ByteReader& in, std::size_t entries_max, std::vector<Entry>& out);
    void hello(ByteReader& in);
    void digests(ByteReader& in);
    void wanted(ByteReader& in);
    void label(ByteReader& in, bool wide);
    void notice(ByteReader in);
    void wide_label(ByteReader in);
    void tags();
    void intern_all(EndpointTable& endpoints);

    Message message_;  // its endpoint ids are indices into `endpoints_` until intern_all()
    std::vector<std::variant<Ipv4Endpoint, Endpoint>> endpoints_;
    std::optional<DecodeError> error_;
    std::uint32_t seen_ = 0;  // one bit for each section id
    bool notice_seen_ = false;
    std::optional<Bytes> tags_;       // looked at when all entries are known
    std::vector<LabelEntries> wide_;  // labels that come behind the others, in whatever order they came
    std::size_t label_entries_left_ = entries_per_message_max;
};

EndpointId Decoder::address(ByteReader& in, AddressCode code) {
    if (code == AddressCode::none) return no_endpoint;
    const std::size_t host_bytes = code == AddressCode::ipv4   ? 4
                                   : code == AddressCode::ipv6 ? 16
                                                               : in.fixed<std::uint8_t>();
    const Bytes host = in.bytes(host_bytes);
    const auto port = in.fixed<std::uint16_t>();
    if (in.failed()) return no_endpoint;
    if (code == AddressCode::ipv4) {  // each of them has one text
        if (port == 0) in.fail(DecodeError::bad_endpoint);
        std::uint32_t address = 0;
        for (const char byte : host) address = address << 8 | static_cast<unsigned char>(byte);
        endpoints_.emplace_back(Ipv4Endpoint{address, port});
        return EndpointId{static_cast<std::uint32_t>(endpoints_.size() - 1)};
    }
    const bool named = code == AddressCode::name;
    Result<Endpoint> made = Endpoint::make(named ? std::string(host) : Endpoint::unpack_address(host), port);
    // A numeric address written as a name would be a second encoding of the same endpoint.
    if (!made || made->packed_address() != (named ? Bytes{} : host)) {
        in.fail(DecodeError::bad_endpoint);
        return no_endpoint;
    }
    endpoints_.emplace_back(std::move(made).value());
    return EndpointId{static_cast<std::uint32_t>(endpoints_.size() - 1)};
}

EndpointId Decoder::endpoint(ByteReader& in) {
    const auto code = in.fixed<std::uint8_t>();
    if (code == 0 || code > address_bits) {
        in.fail(DecodeError::bad_section);
        return no_endpoint;
    }
    return address(in, static_cast<AddressCode>(code));
}

Entry Decoder::entry(ByteReader& in) {
    Entry entry;
    const auto flags = in.fixed<std::uint8_t>();
    if ((flags & ~entry_bits) != 0 || (flags & address_bits) == 0) in.fail(DecodeError::bad_section);
    entry.endpoint = address(in, static_cast<AddressCode>(flags & address_bits));
    entry.withdrawn = (flags & entry_withdrawn) != 0;
    entry.suspect = (flags & entry_suspect) != 0;
    entry.claimed = (flags & entry_claimed) != 0;
    entry.age_ms = in.varint();
    if ((flags & entry_has_incarnation) != 0) {
        entry.incarnation = in.fixed<std::uint32_t>();
        if (entry.incarnation == 0) in.fail(DecodeError::bad_section);
    }
    if (entry.claimed) entry.stated_age_s = in.varint();
    return entry;
}

void Decoder::entries(ByteReader& in, std::size_t entries_max, std::vector<Entry>& out) {
    out.reserve(std::min(entries_max, in.left() / entry_bytes_min));
    while (!in.empty()) {
        if (out.size() == entries_max) return in.fail(DecodeError::too_many);
        out.push_back(entry(in));
    }
}

void Decoder::hello(ByteReader& in) {
    Hello& hello = message_.hello;
    const auto flags = in.fixed<std::uint8_t>();
    if ((flags & ~hello_bits) != 0) in.fail(DecodeError::bad_section);
    hello.joining = (flags & hello_joining) != 0;
    hello.leaving = (flags & hello_leaving) != 0;
    hello.all_labels = (flags & hello_all_labels) != 0;
    hello.self = address(in, static_cast<AddressCode>(flags & address_bits));
    hello.swarm = in.fixed<std::uint64_t>();
    hello.node = in.fixed<std::uint64_t>();
    hello.port = in.fixed<std::uint16_t>();
    hello.incarnation = in.fixed<std::uint32_t>();
    hello.peers.count = in.varint();
    hello.peers.mixed = in.fixed<std::uint64_t>();
    while (!in.empty()) {
        if (hello.interests.size() == interests_max) return in.fail(DecodeError::too_many);
        hello.interests.push_back(in.fixed<std::uint32_t>());
    }
}

void Decoder::digests(ByteReader& in) {
    while (!in.empty()) {
        if (message_.digests.size() == digests_per_message_max) return in.fail(DecodeError::too_many);
        LabelDigest& digest = message_.digests.emplace_back();
        digest.label_hash = in.fixed<std::uint64_t>();
        digest.digest.count = in.varint();
        digest.digest.mixed = in.fixed<std::uint64_t>();
    }
}

void Decoder::wanted(ByteReader& in) {
    while (!in.empty()) {
        if (message_.wanted.size() == digests_per_message_max) return in.fail(DecodeError::too_many);
        message_.wanted.push_back(in.fixed<std::uint64_t>());
    }
}

void Decoder::label(ByteReader& in, bool wide) {
    if (message_.labels.size() + wide_.size() == labels_per_message_max) return in.fail(DecodeError::too_many);
    const Bytes text = in.bytes(in.varint());
    if (in.failed()) return;
    Result<Label> label = Label::parse(text);
    if (!label || label->is_original() == wide) return in.fail(DecodeError::bad_label);
    LabelEntries& list = message_.labels.emplace_back(LabelEntries{std::move(label).value(), {}});
    entries(in, label_entries_left_, list.entries);
    label_entries_left_ -= list.entries.size();
}

void Decoder::wide_label(ByteReader in) {
    label(in, true);
    if (!in.empty()) in.fail(DecodeError::trailing_bytes);
    if (in.failed()) return;
    wide_.push_back(std::move(message_.labels.back()));
    message_.labels.pop_back();
}

// Each names an entry by its place among all entries of labels in the frame, in rising order.
void Decoder::tags() {
    ByteReader in{*tags_, error_};
    std::size_t label = 0, passed = 0, bytes = 0;  // entries of the labels before
    std::optional<std::uint32_t> last;
    while (!in.empty()) {
        const std::uint32_t place = in.varint();
        const Bytes text = in.bytes(in.varint());
        if (in.failed()) return;
        bytes += text.size();
        if (message_.tags.size() == tagged_per_message_max) return in.fail(DecodeError::too_many);
        if ((last && place <= *last) || !well_formed_tags(text) || bytes > tag_bytes_per_message_max)
            return in.fail(DecodeError::bad_section);
        last = place;
        while (label < message_.labels.size() && place - passed >= message_.labels[label].entries.size())
            passed += message_.labels[label++].entries.size();
        if (label == message_.labels.size()) return in.fail(DecodeError::bad_section);
        const LabelEntries& list = message_.labels[label];
        const Entry& entry = list.entries[place - passed];
        message_.tags.push_back({list.label, entry.endpoint, entry.incarnation, std::string{text}});
    }
}

void Decoder::notice(ByteReader in) {
    if (notice_seen_) return in.fail(DecodeError::bad_section);
    notice_seen_ = true;
    const auto flags = in.fixed<std::uint8_t>();
    if ((flags & ~notice_bits) != 0 || flags == 0) return in.fail(DecodeError::bad_section);
    message_.notice.contested = (flags & notice_contested) != 0;
    if ((flags & notice_unreached) != 0) {
        const auto why = in.fixed<std::uint8_t>();
        if (why > static_cast<std::uint8_t>(ConnectFailure::name_unknown)) return in.fail(DecodeError::bad_section);
        message_.notice.why = static_cast<ConnectFailure>(why);
        message_.notice.failures = in.varint();
        message_.notice.failing_s = in.varint();
        if (message_.notice.failures == 0) in.fail(DecodeError::bad_section);
    }
    if (!in.empty()) in.fail(DecodeError::trailing_bytes);
}

bool Decoder::first_of_its_kind(Section id) {
    const std::uint32_t bit = std::uint32_t{1} << static_cast<unsigned>(id);
    const bool first = (seen_ & bit) == 0 || id == Section::label;
    seen_ |= bit;
    return first;
}

void Decoder::content(Section id, ByteReader& in) {
    switch (id) {
        case Section::refusal:
            message_.refusal = refusal_of(in.fixed<std::uint8_t>());
            break;
        case Section::hello:
            hello(in);
            break;
        case Section::observed:
            message_.observed = endpoint(in);
            break;
        case Section::target:
            message_.target = endpoint(in);
            break;
        case Section::reachable:
            message_.reachable = true;
            if (in.fixed<std::uint8_t>() != 1) in.fail(DecodeError::bad_section);
            break;
        case Section::peers:
            entries(in, peers_per_message_max, message_.peers);
            break;
        case Section::digests:
            digests(in);
            break;
        case Section::wanted:
            wanted(in);
            break;
        case Section::label:
            label(in, false);
            break;
    }
}

void Decoder::section(Section id, ByteReader in) {
    if (id < Section::refusal || id > Section::label || !first_of_its_kind(id)) {
        return in.fail(DecodeError::bad_section);
    }
    content(id, in);
    if (!in.empty()) in.fail(DecodeError::trailing_bytes);
}

void Decoder::sections(Bytes payload) {
    ByteReader in{payload, error_};
    while (!in.empty() && !error_) {
        const auto id = in.fixed<std::uint8_t>();
        const Bytes content = in.bytes(in.fixed<std::uint16_t>());
        if (!error_ && id == section_notice) notice(ByteReader{content, error_});
        if (!error_ && id == section_wide_label) wide_label(ByteReader{content, error_});
        if (!error_ && id == section_tags) {
            if (tags_) error_ = DecodeError::bad_section;
            tags_ = content;
        }
        if (error_ || id >= section_skippable) continue;
        section(static_cast<Section>(id), ByteReader{content, error_});
    }
}

void Decoder::intern_all(EndpointTable& endpoints) {
    const auto intern = [&](EndpointId& id) {
        if (id != no_endpoint)
            id = std::visit([&](const auto& one) { return endpoints.intern(one); },
                            endpoints_[static_cast<std::uint32_t>(id)]);
    };
    intern(message_.hello.self);
    intern(message_.observed);
    intern(message_.target);
    for (Entry& peer : message_.peers) intern(peer.endpoint);
    for (LabelEntries& list : message_.labels) {
        for (Entry& host : list.entries) intern(host.endpoint);
    }
    std::set<std::tuple<std::string, EndpointId, std::uint32_t>> seen;  // an entry that occurs twice is tagged once
    for (EntryTags& tagged : message_.tags) intern(tagged.endpoint);
    std::erase_if(message_.tags, [&](const EntryTags& tagged) {
        return !seen.emplace(tagged.label.text(), tagged.endpoint, tagged.incarnation).second;
    });
}

std::variant<Message, DecodeError> Decoder::decode(Bytes frame, EndpointTable& endpoints) {
    const Bytes payload = frame.substr(header_bytes);
    message_.kind = static_cast<Kind>(byte_at(frame, kind_at));
    if (message_.kind == Kind::refuse) {
        constexpr Bytes reason_section{"\x01\x00\x01", section_header_bytes};
        if (payload.size() <= section_header_bytes) return DecodeError::truncated_section;
        if (!payload.starts_with(reason_section)) return DecodeError::bad_section;
        message_.refusal = refusal_of(byte_at(frame, refuse_reason_at));
        if (only_frozen_part_known(frame)) return std::move(message_);
    }
    sections(payload);
    std::ranges::move(wide_, std::back_inserter(message_.labels));
    if (!error_ && tags_) tags();
    if (error_) return *error_;
    intern_all(endpoints);
    return std::move(message_);
}

bool known_kind(std::uint8_t kind) {
    return kind >= static_cast<std::uint8_t>(Kind::exchange) && kind <= static_cast<std::uint8_t>(Kind::refuse);
}

}  // namespace

std::string_view name(DecodeError error) {
    static constexpr std::array<std::string_view, 12> names{
        "need more",         "bad magic",   "unknown version", "unknown flag", "unknown kind", "too long",
        "truncated section", "bad section", "bad endpoint",    "bad label",    "too many",     "trailing bytes"};
    return names[static_cast<std::size_t>(error)];
}

Refusal refusal_for(DecodeError error) {
    switch (error) {
        case DecodeError::need_more:
        case DecodeError::bad_magic:
            return Refusal::none;
        case DecodeError::unknown_version:
        case DecodeError::unknown_flag:
        case DecodeError::unknown_kind:
            return Refusal::version;
        default:
            return Refusal::malformed;
    }
}

std::variant<std::size_t, DecodeError> frame_size(Bytes so_far) {
    if (!so_far.empty() && byte_at(so_far, 0) != frame_magic) return DecodeError::bad_magic;
    if (so_far.size() < header_bytes) return DecodeError::need_more;
    if (!is_refuse(so_far)) {
        if (byte_at(so_far, version_at) != wire_version) return DecodeError::unknown_version;
        if ((byte_at(so_far, flags_at) & flag_critical) != 0) return DecodeError::unknown_flag;
        if (!known_kind(byte_at(so_far, kind_at))) return DecodeError::unknown_kind;
    }
    const std::size_t length = announced_length(so_far);
    if (length > payload_bytes_max) return DecodeError::too_long;
    return header_bytes + length;
}

std::variant<Message, DecodeError> decode(Bytes frame, EndpointTable& endpoints) {
    const auto size = frame_size(frame);
    if (const auto* error = std::get_if<DecodeError>(&size)) return *error;
    if (frame.size() < std::get<std::size_t>(size)) return DecodeError::need_more;
    if (frame.size() > std::get<std::size_t>(size)) return DecodeError::trailing_bytes;
    return Decoder{}.decode(frame, endpoints);
}

}  // namespace halp::gossip
