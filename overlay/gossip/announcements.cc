#include "overlay/gossip/announcements.h"

#include <algorithm>

#include "overlay/gossip/identity.h"
#include "overlay/gossip/pacing.h"

namespace halp {

namespace {

// Names of hosts may have 255 bytes, and a frame holds 64 KiB.
constexpr std::size_t entries_per_part_max = 128;

HostEntry entry_of(const Announcement& announcement, Instant now, bool withdrawn) {
    HostEntry entry;
    entry.endpoint = announcement.endpoint;
    entry.incarnation = announcement.incarnation;
    entry.withdrawn = withdrawn;
    entry.own = !withdrawn;
    entry.confirmed = now;
    return entry;
}

}  // namespace

std::vector<Announcement>::iterator Announcements::find(const Label& label, EndpointId endpoint) {
    return std::ranges::find_if(all_,
                                [&](const Announcement& a) { return a.endpoint == endpoint && a.label == label; });
}

void Announcements::renew(Announcement& announcement, Instant now, UnixSeconds wall) {
    announcement.incarnation = next_incarnation(announcement.incarnation, wall);
    const HostEntry entry = entry_of(announcement, now, false);
    static_cast<void>(labels_.merge(announcement.label, entry, local_source, now, wall));
}

bool Announcements::listed(const Label& label, EndpointId endpoint) const {
    const HostList* list = labels_.find(label);
    const HostEntry* entry = list ? list->find(endpoint) : nullptr;
    return entry && entry->own;
}

void Announcements::release(const Label& label) {
    if (std::ranges::find(all_, label, &Announcement::label) == all_.end()) labels_.hold(label, false);
}

bool Announcements::announce(const Label& label, EndpointId endpoint, Instant now, UnixSeconds wall) {
    auto mine = find(label, endpoint);
    if (mine == all_.end()) {
        std::uint32_t last = 0;
        if (const HostList* list = labels_.find(label))
            if (const HostEntry* before = list->find(endpoint)) last = before->incarnation;
        all_.push_back({label, endpoint, last});
        mine = all_.end() - 1;
    }
    labels_.hold(label, true);
    renew(*mine, now, wall);
    if (!listed(label, endpoint)) {
        all_.erase(mine);
        release(label);
        return false;
    }
    news_.add_host(label, endpoint, now);
    renew_at_ = std::min(renew_at_, now + jittered(options_.ttl / 3, random_));
    return true;
}

bool Announcements::withdraw(const Label& label, EndpointId endpoint, Instant now, UnixSeconds wall) {
    const auto mine = find(label, endpoint);
    if (mine == all_.end()) return false;
    const Announcement gone = *mine;
    all_.erase(mine);
    labels_.erase(label, endpoint);
    static_cast<void>(labels_.merge(label, entry_of(gone, now, true), local_source, now, wall));
    release(label);
    news_.add_host(label, endpoint, now);
    return true;
}

std::vector<std::vector<gossip::LabelEntries>> Announcements::withdraw_all(Instant now, UnixSeconds wall) {
    std::vector<std::vector<gossip::LabelEntries>> parts(1);
    std::size_t entries = 0;
    while (!all_.empty()) {
        const Announcement last = all_.back();
        withdraw(last.label, last.endpoint, now, wall);
        gossip::Entry entry;
        entry.endpoint = last.endpoint;
        entry.incarnation = last.incarnation;
        entry.withdrawn = true;
        if (entries == entries_per_part_max || parts.back().size() == gossip::labels_per_message_max) {
            parts.emplace_back();
            entries = 0;
        }
        ++entries;
        const auto same = std::ranges::find(parts.back(), last.label, &gossip::LabelEntries::label);
        if (same != parts.back().end())
            same->entries.push_back(entry);
        else
            parts.back().push_back({last.label, {entry}});
    }
    return parts;
}

void Announcements::outrank(const Label& label, EndpointId endpoint, std::uint32_t incarnation, Instant now,
                            UnixSeconds wall) {
    const auto mine = find(label, endpoint);
    if (mine == all_.end()) return;
    mine->incarnation = incarnation;
    renew(*mine, now, wall);
    news_.add_host(label, endpoint, now);
}

void Announcements::renew_all(Instant now, UnixSeconds wall) {
    for (Announcement& announcement : all_) renew(announcement, now, wall);
    renew_at_ = all_.empty() ? no_deadline : now + jittered(options_.ttl / 3, random_);
}

void Announcements::mark_endpoints(std::vector<bool>& marks) const {
    for (const Announcement& announcement : all_) marks[static_cast<std::size_t>(announcement.endpoint)] = true;
}

}  // namespace halp
