// The writing half of gossip_codec.h.
#include <algorithm>
#include <cassert>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/gossip/wire/gossip_codec.h"
#include "overlay/gossip/wire/gossip_wire.h"
#include "store/label.h"

namespace halp::gossip {
namespace {

using namespace wire;

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
    if (const std::optional<Ipv4Endpoint> ipv4 = endpoints_.ipv4(id)) {
        fixed(static_cast<std::uint8_t>(flags | static_cast<std::uint8_t>(AddressCode::ipv4)));
        fixed(ipv4->address);
        return fixed(ipv4->port);
    }
    const Endpoint& endpoint = endpoints_.at(id);
    const std::string packed = endpoint.packed_address();
    const AddressCode code = packed.empty() ? AddressCode::name : AddressCode::ipv6;
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

}  // namespace

void encode_to(std::string& out, const Message& message, const EndpointTable& endpoints) {
    Writer{out, endpoints}.frame(message);
}

std::string encode(const Message& message, const EndpointTable& endpoints) {
    std::string out;
    encode_to(out, message, endpoints);
    return out;
}

}  // namespace halp::gossip
