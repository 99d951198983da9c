#include "overlay/gossip/announcements.h"

#include <algorithm>

#include "overlay/gossip/pacing.h"
#include "overlay/gossip/self/identity.h"
#include "store/incarnation.h"

namespace halp {

namespace {

// Names of hosts may have 255 bytes, and a frame holds 64 KiB.
constexpr std::size_t entries_per_part_max = 128;
constexpr std::size_t ended_max = 4096;

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

void Announcements::put(const Announcement& announcement, Instant now, UnixSeconds wall) {
    const HostEntry entry = entry_of(announcement, now, false);
    // announce() looks whether it is listed; later there is always room, as own entries are never evicted.
    static_cast<void>(labels_.merge(announcement.label, entry, local_source, now, wall, LearnedFrom::own));
}

void Announcements::renew(Announcement& announcement, Instant now, UnixSeconds wall) {
    announcement.incarnation = next_incarnation(announcement.incarnation, wall);
    announcement.renew_at = now + jittered(options_.ttl / 3, random_);
    put(announcement, now, wall);
}

// Many announcements are renewed in turns, so that their number does not decide how often this node wakes.
void Announcements::plan(Instant next, Instant now) {
    if (turned_at_ != never) next = std::max(next, turned_at_ + options_.period / 4);
    turn_at_ = std::min(turn_at_, std::max(next, now));
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
        all_.push_back({.label = label, .endpoint = endpoint, .incarnation = last});
        mine = all_.end() - 1;
    }
    std::erase_if(ended_, [&](const Ended& e) { return e.endpoint == endpoint && e.label == label; });
    labels_.hold(label, true);
    renew(*mine, now, wall);
    if (!listed(label, endpoint)) {
        all_.erase(mine);
        release(label);
        return false;
    }
    mine->untold = !news_.add_host(label, endpoint, now);
    plan(mine->untold ? now : mine->renew_at, now);
    return true;
}

bool Announcements::withdraw(const Label& label, EndpointId endpoint, Instant now, UnixSeconds wall) {
    const auto mine = find(label, endpoint);
    if (mine == all_.end()) return false;
    const Announcement gone = *mine;
    all_.erase(mine);
    note_ended(gone, now);
    labels_.erase(label, endpoint, ForgottenWhy::withdrawn);
    tell_ended(ended_.back(), now, wall);
    release(label);
    return true;
}

void Announcements::note_ended(const Announcement& gone, Instant now) {
    std::erase_if(ended_, [&](const Ended& e) { return now - e.at >= options_.ttl; });
    if (ended_.size() >= ended_max) {
        ended_.erase(ended_.begin());
        ++ended_short_;
    }
    ended_.push_back({gone.label, gone.endpoint, gone.incarnation, now});
}

void Announcements::tell_ended(const Ended& ended, Instant now, UnixSeconds wall) {
    const Announcement gone{.label = ended.label, .endpoint = ended.endpoint, .incarnation = ended.incarnation};
    // A withdrawal that has no room is told to others all the same.
    static_cast<void>(labels_.merge(ended.label, entry_of(gone, now, true), local_source, now, wall));
    // Without room among the news it travels by exchange: withdrawals are told first there.
    static_cast<void>(news_.add_host(ended.label, ended.endpoint, now));
}

bool Announcements::insist(const Label& label, EndpointId endpoint, std::uint32_t incarnation, Instant said_at,
                           Instant now, UnixSeconds wall) {
    const auto ended =
        std::ranges::find_if(ended_, [&](const Ended& e) { return e.endpoint == endpoint && e.label == label; });
    if (ended == ended_.end() || said_at > ended->at || now - ended->at >= options_.ttl) return false;
    if (!newer_incarnation(incarnation, ended->incarnation)) return false;  // it is outranked already
    ended->incarnation = incarnation_after(incarnation);
    tell_ended(*ended, now, wall);
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

void Announcements::defend(const Label& label, EndpointId endpoint, std::uint32_t incarnation, bool withdrawn,
                           Instant now, UnixSeconds wall) {
    const auto mine = find(label, endpoint);
    if (mine == all_.end()) return;
    mine->incarnation = incarnation;
    if (!withdrawn) return put(*mine, now, wall);
    mine->untold = true;
    const Instant soonest = mine->defended_at == never ? now : mine->defended_at + options_.period;
    mine->renew_at = std::min(mine->renew_at, std::max(now, soonest));
    plan(mine->renew_at, now);
}

void Announcements::renew_due(Instant now, UnixSeconds wall) {
    turned_at_ = now;
    turn_at_ = no_deadline;
    Instant next = no_deadline;
    for (Announcement& mine : all_) {
        if (mine.renew_at <= now) {
            if (mine.untold) mine.defended_at = now;
            renew(mine, now, wall);
        }
        if (mine.untold) mine.untold = !news_.add_host(mine.label, mine.endpoint, now);
        next = std::min(next, mine.untold ? now : mine.renew_at);
    }
    if (next != no_deadline) plan(next, now);
}

void Announcements::announce_again(Instant now) {
    for (Announcement& mine : all_) {
        mine.renew_at = now;
        mine.untold = true;
    }
    if (!all_.empty()) plan(now, now);
}

void Announcements::mark_endpoints(std::vector<bool>& marks) const {
    for (const Announcement& announcement : all_) marks[static_cast<std::size_t>(announcement.endpoint)] = true;
    for (const Ended& ended : ended_) marks[static_cast<std::size_t>(ended.endpoint)] = true;
}

}  // namespace halp
