#include "overlay/gossip/tag_table.h"

#include <algorithm>

#include "store/incarnation.h"

namespace halp {

void TagTable::set_own(const Label& label, EndpointId host, std::string text) {
    const auto known = hosts_.find({label.hash(), host});
    // Without tags before and now, nothing needs to be said.
    if (text.empty() && known == hosts_.end()) return;
    forget({label.hash(), host});
    Said own;
    own.own = true;
    own.text = std::move(text);
    hosts_.emplace(Key{label.hash(), host}, std::move(own));
}

void TagTable::insist(const Label& label, EndpointId host) {
    const auto known = hosts_.find({label.hash(), host});
    if (known != hosts_.end() && known->second.own) return;
    forget({label.hash(), host});
    Said own;
    own.own = true;
    hosts_.emplace(Key{label.hash(), host}, std::move(own));
}

TagTable::Heard TagTable::hear(const gossip::EntryTags& said, Source source, bool proved) {
    const Key key{said.label.hash(), said.endpoint};
    const auto known = hosts_.find(key);
    if (known == hosts_.end() && said.text.empty()) return Heard::taken;
    if (known != hosts_.end() && !newer_incarnation(said.incarnation, known->second.incarnation)) {
        // The first word on a version stays: whoever repeats the version with other tags may not have announced it.
        const bool same_version = said.incarnation == known->second.incarnation && !known->second.own;
        return same_version && said.text != known->second.text ? Heard::contradicted : Heard::taken;
    }
    const bool first = known == hosts_.end();
    if (!first && known->second.own) return Heard::taken;
    const bool changed = !first && known->second.text != said.text;
    forget(key);
    if (!proved && !make_room(source)) {
        ++no_room_;
        return Heard::no_room;
    }
    Said heard{said.incarnation, false, proved, source, ++heard_, said.text};
    if (heard.only_heard()) ++places_[source];
    hosts_.emplace(key, std::move(heard));
    return first ? Heard::first : changed ? Heard::changed : Heard::taken;
}

void TagTable::forget(const Key& key) {
    const auto known = hosts_.find(key);
    if (known == hosts_.end()) return;
    const auto held = places_.find(known->second.source);
    if (known->second.only_heard() && held != places_.end() && --held->second == 0) places_.erase(held);
    hosts_.erase(known);
}

// Of all that was only heard. Whoever has most places already gets no more.
bool TagTable::make_room(Source source) {
    if (hosts_.size() < hosts_max) return true;
    const auto fullest = std::ranges::max_element(places_, {}, [](const auto& each) { return each.second; });
    const auto own = places_.find(source);
    if (fullest == places_.end() || (own != places_.end() && own->second + 1 >= fullest->second)) return false;
    ++no_room_;
    drop_oldest_of(fullest->first);
    return true;
}

void TagTable::drop_oldest_of(Source source) {
    auto oldest = hosts_.end();
    for (auto each = hosts_.begin(); each != hosts_.end(); ++each)
        if (each->second.only_heard() && each->second.source == source &&
            (oldest == hosts_.end() || each->second.number < oldest->second.number))
            oldest = each;
    if (oldest != hosts_.end()) forget(Key{oldest->first});
}

std::string_view TagTable::find(const Label& label, EndpointId host) const {
    if (hosts_.empty()) return {};
    const auto known = hosts_.find({label.hash(), host});
    return known == hosts_.end() ? std::string_view{} : known->second.text;
}

void TagTable::add_to(gossip::Message& message) {
    if (hosts_.empty()) return;
    std::size_t bytes = 0, told = 0;
    for (const gossip::LabelEntries& list : message.labels) {
        const std::uint64_t hash = list.label.hash();
        for (const gossip::Entry& entry : list.entries) {
            const auto known = hosts_.find({hash, entry.endpoint});
            if (known == hosts_.end() || entry.withdrawn || entry.claimed || entry.incarnation == 0) continue;
            if (!known->second.own && known->second.incarnation != entry.incarnation) continue;
            if (bytes + known->second.text.size() > gossip::tag_bytes_per_message_max ||
                told == gossip::tagged_per_message_max) {
                ++no_room_;
                continue;
            }
            bytes += known->second.text.size();
            ++told;
            message.tags.push_back({list.label, entry.endpoint, entry.incarnation, known->second.text});
        }
    }
}

}  // namespace halp
