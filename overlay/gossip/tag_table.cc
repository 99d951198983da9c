#include "overlay/gossip/tag_table.h"

#include "store/incarnation.h"

namespace halp {

void TagTable::set_own(const Label& label, EndpointId host, std::string text) {
    const auto known = hosts_.find({label.hash(), host});
    // Without tags before and now, nothing needs to be said.
    if (text.empty() && known == hosts_.end()) return;
    hosts_[{label.hash(), host}] = {0, true, std::move(text)};
}

void TagTable::hear(const gossip::EntryTags& said) {
    const std::pair<std::uint64_t, EndpointId> key{said.label.hash(), said.endpoint};
    const auto known = hosts_.find(key);
    if (known == hosts_.end()) {
        if (said.text.empty()) return;
        if (hosts_.size() >= hosts_max) {
            ++no_room_;
            return;
        }
        hosts_.emplace(key, Said{said.incarnation, false, said.text});
        return;
    }
    // The first word on a version stays: whoever repeats the version with other tags has not announced it.
    if (known->second.own || !newer_incarnation(said.incarnation, known->second.incarnation)) return;
    known->second = {said.incarnation, false, said.text};
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
