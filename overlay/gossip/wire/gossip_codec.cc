#include "overlay/gossip/wire/gossip_codec.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
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

// ---- writing ----

// A host of a label, in one version. The label outlives it.
struct Tagged {
    std::string_view label;
    EndpointId endpoint;
    std::uint32_t incarnation;
    auto operator<=>(const Tagged&) const = default;
};

class Writer : private ByteWriter {
public:
    Writer(std::string& out, const EndpointTable& endpoints)
        : ByteWriter(out), endpoints_(endpoints), start_(out.size()) {}

    void frame(const Message& message);

private:
    template <class Content>
    void section(Section id, Content content) {
        fixed(static_cast<std::uint8_t>(id));
        const std::size_t length_field = out_.size();
        fixed(std::uint16_t{0});
        content();
        const std::size_t length = out_.size() - length_field - sizeof(std::uint16_t);
        assert(length <= std::numeric_limits<std::uint16_t>::max());
        patch(length_field, sizeof(std::uint16_t), length);
    }
    template <class Item, class Write>
    void list_section(Section id, const std::vector<Item>& items, std::size_t items_max, Write write) {
        if (items.empty()) return;
        section(id, [&] { std::for_each_n(items.begin(), std::min(items.size(), items_max), write); });
    }

    // Writes the flags byte too, because it holds the kind of the address.
    void flags_and_address(std::uint8_t flags, EndpointId id);
    void entry(const Entry& entry);
    void hello(const Hello& hello);
    void endpoint_section(Section id, EndpointId endpoint);
    void notice(const Notice& notice);
    void labels(const std::vector<LabelEntries>& labels, bool wide);
    void tags(const Message& message);
    std::size_t label_entries(const std::vector<Entry>& entries, std::size_t entries_max);
    [[nodiscard]] std::size_t end_max() const { return start_ + frame_bytes_max - kept_free_; }

    const EndpointTable& endpoints_;
    const std::size_t start_;
    std::size_t kept_free_ = 0;  // for what comes behind the labels
    std::size_t entries_left_ = entries_per_message_max, labels_left_ = labels_per_message_max;
    // Hosts of labels with tags, by their place in the frame. Empty in a message without tags.
    std::map<Tagged, std::uint32_t> places_;
    std::uint32_t places_taken_ = 0;
    bool with_tags_ = false;
};

void Writer::flags_and_address(std::uint8_t flags, EndpointId id) {
    if (id == no_endpoint) return fixed(flags);
    const Endpoint& endpoint = endpoints_.at(id);
    const std::string packed = endpoint.packed_address();
    const AddressCode code = packed.size() == 4    ? AddressCode::ipv4
                             : packed.size() == 16 ? AddressCode::ipv6
                                                   : AddressCode::name;
    fixed(static_cast<std::uint8_t>(flags | static_cast<std::uint8_t>(code)));
    if (code == AddressCode::name) {
        assert(endpoint.host.size() <= Endpoint::host_length_max);
        fixed(static_cast<std::uint8_t>(endpoint.host.size()));
        out_.append(endpoint.host);
    } else {
        out_.append(packed);
    }
    fixed(endpoint.port);
}

void Writer::entry(const Entry& entry) {
    assert(entry.endpoint != no_endpoint);
    unsigned flags = 0;
    if (entry.withdrawn) flags |= entry_withdrawn;
    if (entry.suspect) flags |= entry_suspect;
    if (entry.claimed) flags |= entry_claimed;
    if (entry.incarnation != 0) flags |= entry_has_incarnation;
    flags_and_address(static_cast<std::uint8_t>(flags), entry.endpoint);
    varint(entry.age_ms);
    // Not a varint: wall-clock seconds would take five bytes.
    if (entry.incarnation != 0) fixed(entry.incarnation);
    if (entry.claimed) varint(entry.stated_age_s);
}

void Writer::hello(const Hello& hello) {
    unsigned flags = 0;
    if (hello.joining) flags |= hello_joining;
    if (hello.leaving) flags |= hello_leaving;
    if (hello.all_labels) flags |= hello_all_labels;
    flags_and_address(static_cast<std::uint8_t>(flags), hello.self);
    fixed(hello.swarm);
    fixed(hello.node);
    fixed(hello.port);
    fixed(hello.incarnation);
    varint(hello.peers.count);
    fixed(hello.peers.mixed);
    std::for_each_n(hello.interests.begin(), std::min(hello.interests.size(), interests_max),
                    [this](std::uint32_t interest) { fixed(interest); });
}

void Writer::endpoint_section(Section id, EndpointId endpoint) {
    if (endpoint == no_endpoint) return;
    section(id, [&] { flags_and_address(0, endpoint); });
}

void Writer::notice(const Notice& notice) {
    if (notice == Notice{}) return;
    section(static_cast<Section>(section_notice), [&] {
        const bool unreached = notice.failures > 0;
        const unsigned flags = (notice.contested ? notice_contested : 0U) | (unreached ? notice_unreached : 0U);
        fixed(static_cast<std::uint8_t>(flags));
        if (!unreached) return;
        fixed(static_cast<std::uint8_t>(notice.why));
        varint(notice.failures);
        varint(notice.failing_s);
    });
}

// Returns how many entries were written; the frame may be full before all are.
std::size_t Writer::label_entries(const std::vector<Entry>& entries, std::size_t entries_max) {
    std::size_t written = 0;
    for (; written < std::min(entries.size(), entries_max); ++written) {
        const std::size_t before = out_.size();
        entry(entries[written]);
        if (out_.size() <= end_max()) continue;
        out_.resize(before);
        break;
    }
    return written;
}

// Old readers refuse a frame with a label that is not in the original's grammar in section 9, so these have a
// section that they skip.
void Writer::labels(const std::vector<LabelEntries>& labels, bool wide) {
    for (const LabelEntries& list : labels) {
        if (list.label.is_original() == wide) continue;
        if (labels_left_ == 0) return;
        --labels_left_;
        const std::string& name = list.label.text();
        const std::size_t before = out_.size();
        std::size_t written = 0;
        section(wide ? static_cast<Section>(section_wide_label) : Section::label, [&] {
            varint(static_cast<std::uint32_t>(name.size()));
            out_.append(name);
            written = label_entries(list.entries, entries_left_);
        });
        entries_left_ -= written;
        // A label of which no entry fits is left out; a label without entries is written.
        const bool nothing_fitted = written == 0 && !list.entries.empty();
        if (nothing_fitted || out_.size() > end_max()) {
            out_.resize(before);
            continue;
        }
        if (!with_tags_) continue;
        for (std::size_t i = 0; i < written; ++i)
            places_.emplace(Tagged{name, list.entries[i].endpoint, list.entries[i].incarnation}, places_taken_++);
    }
}

// Of entries that were written, in their order.
void Writer::tags(const Message& message) {
    std::map<std::uint32_t, const EntryTags*> by_place;
    for (const EntryTags& tagged : message.tags) {
        const auto place = places_.find({tagged.label.text(), tagged.endpoint, tagged.incarnation});
        if (place != places_.end()) by_place.emplace(place->second, &tagged);
    }
    if (by_place.empty()) return;
    section(static_cast<Section>(section_tags), [&] {
        for (const auto& [place, tagged] : by_place) {
            varint(place);
            varint(static_cast<std::uint32_t>(tagged->text.size()));
            out_.append(tagged->text);
        }
    });
}

// What the section of tags may take; more than that is not told.
std::size_t tags_room(const Message& message) {
    std::size_t bytes = section_header_bytes;
    for (const EntryTags& tagged : message.tags) bytes += tags_item_bytes_max + tagged.text.size();
    assert(message.tags.size() <= tagged_per_message_max);
    return bytes;
}

void Writer::frame(const Message& message) {
    fixed(frame_magic);
    fixed(wire_version);
    fixed(static_cast<std::uint8_t>(message.kind));
    fixed(std::uint8_t{0});
    fixed(std::uint32_t{0});

    // The reason comes first in a refuse frame, where every version reads it.
    if (message.kind == Kind::refuse || message.refusal != Refusal::none) {
        section(Section::refusal, [&] { fixed(static_cast<std::uint8_t>(message.refusal)); });
    }
    if (message.hello != Hello{}) section(Section::hello, [&] { hello(message.hello); });
    endpoint_section(Section::observed, message.observed);
    endpoint_section(Section::target, message.target);
    if (message.reachable) section(Section::reachable, [&] { fixed(std::uint8_t{1}); });
    list_section(Section::peers, message.peers, peers_per_message_max, [this](const Entry& peer) { entry(peer); });
    list_section(Section::digests, message.digests, digests_per_message_max, [this](const LabelDigest& label) {
        fixed(label.label_hash);
        varint(label.digest.count);
        fixed(label.digest.mixed);
    });
    list_section(Section::wanted, message.wanted, digests_per_message_max,
                 [this](std::uint64_t hash) { fixed(hash); });
    assert(out_.size() <= end_max());  // the limits of gossip_message.h keep everything but labels below 40 kB
    if (message.notice != Notice{}) kept_free_ = notice_bytes_max;
    if ((with_tags_ = !message.tags.empty())) kept_free_ += tags_room(message);
    labels(message.labels, false);
    if (message.notice != Notice{}) kept_free_ -= notice_bytes_max;
    notice(message.notice);
    labels(message.labels, true);
    if (with_tags_) tags(message);
    patch(start_ + length_at, sizeof(std::uint32_t), out_.size() - start_ - header_bytes);
}

// ---- reading ----

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
    std::vector<Endpoint> endpoints_;
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

    const bool named = code == AddressCode::name;
    Result<Endpoint> made = Endpoint::make(named ? std::string(host) : Endpoint::unpack_address(host), port);
    // A numeric address written as a name would be a second encoding of the same endpoint.
    if (!made || made->packed_address() != (named ? Bytes{} : host)) {
        in.fail(DecodeError::bad_endpoint);
        return no_endpoint;
    }
    endpoints_.push_back(std::move(made).value());
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
        if (id != no_endpoint) id = endpoints.intern(endpoints_[static_cast<std::uint32_t>(id)]);
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

void encode_to(std::string& out, const Message& message, const EndpointTable& endpoints) {
    Writer{out, endpoints}.frame(message);
}

std::string encode(const Message& message, const EndpointTable& endpoints) {
    std::string out;
    encode_to(out, message, endpoints);
    return out;
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
