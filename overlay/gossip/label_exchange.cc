#include "overlay/gossip/label_exchange.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "overlay/gossip/entries.h"
#include "store/incarnation.h"

namespace halp {

namespace {

// One message carries about this many entries of labels, so a big difference is repaired over several rounds. Who
// comes first is drawn afresh each time.
constexpr std::size_t entries_followed_max = 1024;
// An announcer is sent at most so many contradictions at a time.
constexpr std::size_t contradictions_max = 96;
// Two claims of one host whose times differ by less than this are the same claim, come by different ways.
constexpr std::int64_t same_claim_s = 60;

// The account of the label quota that a new label is charged to. Claims are charged to the address group of the
// speaker, announcements to one of sixteen other accounts of that group, chosen by the label. So a flood of claims
// that members pass on does not keep a swarm from learning announced labels, and a node that joins a swarm of a
// thousand labels can learn them from one address group.
SourceId account_of(SourceId source, bool claimed, const Label& label) {
    if (claimed) return source;
    const auto chosen = 0x80000000U | static_cast<std::uint32_t>(label.hash() & 0xf) << 27;
    return SourceId{std::max(1U, static_cast<std::uint32_t>(source) ^ chosen)};
}

}  // namespace

// b entries: the freshest half, and others in turn, so that everything is told, also of a list of thousands. A long
// list has more renewals between two exchanges, so b grows with it, to twice the option (overlay/gossip/rules.md,
// section 6).
std::size_t LabelExchange::entries_told(const HostList& list) const {
    const std::size_t b = std::max<std::size_t>(options_.entries_per_label, 2);
    return std::clamp(list.size() / 8, b, 2 * b);
}

gossip::LabelEntries LabelExchange::entries_of(const Label& label, Instant now, UnixSeconds wall) {
    gossip::LabelEntries out{label, {}};
    const HostList* list = parts_.labels.find(label);
    if (!list) return out;
    const std::size_t b = entries_told(*list);
    for (const HostEntry& e : parts_.labels.next_told(label, b / 2, b - b / 2, now))
        out.entries.push_back(host_entry(e, now, wall, parts_.clock_steps));
    return out;
}

// Where to begin with labels of which not all fit into one message, so that each gets its turn.
std::size_t LabelExchange::random_start(std::size_t labels, std::size_t entries) {
    return labels > 1 && entries > entries_followed_max ? parts_.random.below(labels) : 0;
}

void LabelExchange::add_digests(gossip::Message& ours) {
    ours.hello.all_labels = parts_.labels.host_label_count() <= options_.digests_per_exchange;
    for (const Label& label : parts_.labels.next_labels(digest_cursor_, options_.digests_per_exchange))
        if (const HostList* list = parts_.labels.find(label))
            ours.digests.push_back({label.hash(), list->digest()});
}

void LabelExchange::compare(const gossip::Message& theirs, gossip::Message& ours, Instant now, UnixSeconds wall) {
    std::vector<std::pair<std::uint64_t, const Label*>> differing;
    std::size_t expected = 0;
    for (const gossip::LabelDigest& digest : theirs.digests) {
        const Label* label = parts_.labels.by_hash(digest.label_hash);
        const HostList* list = label ? parts_.labels.find(*label) : nullptr;
        if (list && list->digest() == digest.digest) continue;
        if (!list && digest.digest.count == 0) continue;  // it has nothing to tell, as after a restart
        differing.emplace_back(digest.label_hash, list ? label : nullptr);
        if (list) expected += std::min(list->size(), entries_told(*list));
    }
    const std::size_t start = random_start(differing.size(), expected);
    std::size_t entries = 0;
    for (std::size_t i = 0; i < differing.size(); ++i) {
        const auto& [hash, label] = differing[(start + i) % differing.size()];
        if (entries >= entries_followed_max || ours.wanted.size() >= gossip::labels_per_message_max) return;
        ours.wanted.push_back(hash);
        if (!label) continue;
        ours.labels.push_back(entries_of(*label, now, wall));
        entries += ours.labels.back().entries.size();
    }
}

void LabelExchange::offer_missing(const gossip::Message& theirs, gossip::Message& ours, Instant now,
                                  UnixSeconds wall) {
    std::size_t entries = 0;
    std::uint64_t turn = offer_cursor_;
    for (const Label& label : parts_.labels.next_labels(offer_cursor_, options_.digests_per_exchange)) {
        if (entries >= entries_followed_max || ours.labels.size() >= gossip::labels_per_message_max) {
            offer_cursor_ = turn;  // the next offer begins with the labels that found no room
            return;
        }
        turn = label.hash();
        if (std::ranges::find(theirs.digests, label.hash(), &gossip::LabelDigest::label_hash) !=
            theirs.digests.end())
            continue;
        gossip::LabelEntries offer = entries_of(label, now, wall);
        if (offer.entries.empty()) continue;
        entries += offer.entries.size();
        ours.labels.push_back(std::move(offer));
    }
}

void LabelExchange::supply(const std::vector<std::uint64_t>& wanted, gossip::Message& ours, Instant now,
                           UnixSeconds wall) {
    std::vector<const Label*> known;
    std::size_t expected = 0;
    for (const std::uint64_t hash : wanted) {
        const Label* label = hash == Label::halp().hash() ? nullptr : parts_.labels.by_hash(hash);
        if (!label) continue;
        known.push_back(label);
        const HostList& list = *parts_.labels.find(*label);
        expected += std::min(list.size(), entries_told(list));
    }
    const std::size_t start = random_start(known.size(), expected);
    std::size_t entries = 0;
    for (std::size_t i = 0; i < known.size(); ++i) {
        if (entries >= entries_followed_max || ours.labels.size() >= gossip::labels_per_message_max) return;
        ours.labels.push_back(entries_of(*known[(start + i) % known.size()], now, wall));
        entries += ours.labels.back().entries.size();
    }
}

void LabelExchange::merge(const gossip::Message& message, const MessageContext& context) {
    const std::vector<bool> late = late_tags(message);
    std::vector<std::pair<Label, EndpointId>> contradicted;
    for (const gossip::LabelEntries& label : message.labels) {
        const bool lists_hosts = label.label != Label::halp() && !label.label.lists_names();
        for (const gossip::Entry& entry : label.entries) {
            const bool named = lists_hosts && parts_.identity.plausible(entry.endpoint, context.on_loopback);
            const HostFate fate = named ? merge_entry(label.label, entry, context) : HostFate::not_named;
            received_.count(fate);
            if (fate == HostFate::outranked && contradicted.size() < contradictions_max)
                contradicted.emplace_back(label.label, entry.endpoint);
        }
    }
    hear_tags(message, late, context);
    parts_.news.contradict(context.speaker, contradicted, context.now, context.wall);
}

std::vector<bool> LabelExchange::late_tags(const gossip::Message& message) const {
    std::vector<bool> late(message.tags.size(), false);
    for (std::size_t i = 0; i < late.size(); ++i) {
        const HostList* list = parts_.labels.find(message.tags[i].label);
        const HostEntry* host = list ? list->find(message.tags[i].endpoint) : nullptr;
        late[i] = host && host->incarnation == message.tags[i].incarnation;
    }
    return late;
}

// Only of the version that is listed here: what waits, was refused or outranked says nothing. Tags come with their
// version. What comes later, or contradicts, is passed on at once, so that the announcer hears and outranks it.
void LabelExchange::hear_tags(const gossip::Message& message, const std::vector<bool>& late,
                              const MessageContext& context) {
    for (std::size_t i = 0; i < message.tags.size(); ++i) {
        const gossip::EntryTags& said = message.tags[i];
        const HostList* list = parts_.labels.find(said.label);
        const HostEntry* host = list ? list->find(said.endpoint) : nullptr;
        if (!host || host->withdrawn || said.incarnation == 0) continue;
        if (host->own) {
            hear_tags_of_own(said, *host, context);
            continue;
        }
        if (host->incarnation != said.incarnation) continue;
        const TagTable::Heard heard = parts_.tags.hear(said, context.teller, host->proved != never);
        if (heard == TagTable::Heard::first || heard == TagTable::Heard::changed)
            parts_.labels.tell_moved(said.label, said.endpoint);
        if (heard == TagTable::Heard::contradicted || (heard == TagTable::Heard::first && late[i]))
            parts_.news.pass_on_tags(said.label, said.endpoint, said.incarnation, context.now);
    }
}

// Others say of a host that this node announces what it does not say: its next version, within a period, outranks
// it.
void LabelExchange::hear_tags_of_own(const gossip::EntryTags& said, const HostEntry& own,
                                     const MessageContext& context) {
    if (parts_.tags.find(said.label, said.endpoint) == said.text) return;
    parts_.tags.insist(said.label, said.endpoint);
    // One that outranked the own version has just been outranked in turn.
    const bool current =
        said.incarnation == own.incarnation || incarnation_after(said.incarnation) == own.incarnation;
    if (current)
        parts_.announcements.defend(said.label, said.endpoint, own.incarnation, true, context.now, context.wall);
}

// Another node speaks of a host that this node announces. If that outranks the announcement, for example because
// the clock here was set back before the last start, the announcement gets a newer version.
void LabelExchange::defend(const Label& label, const gossip::Entry& entry, const HostEntry& own,
                           const MessageContext& context) {
    const bool outranks = newer_incarnation(entry.incarnation, own.incarnation) ||
                          (entry.incarnation == own.incarnation && entry.withdrawn);
    if (outranks && !entry.claimed)
        parts_.announcements.defend(label, entry.endpoint, entry.incarnation, entry.withdrawn, context.now,
                                    context.wall);
}

// The announcer itself states an older version than the one held: its clock was set back, or somebody invented one.
// One step behind is a message that was overtaken.
bool LabelExchange::behind(const gossip::Entry& entry, const HostEntry& held) {
    const bool of_announcer = entry.age_ms == 0 && !entry.claimed;
    if (!of_announcer || held.incarnation == 0) return false;
    if (entry.withdrawn) return !held.withdrawn && newer_incarnation(held.incarnation, entry.incarnation);
    if (held.incarnation == entry.incarnation) return held.withdrawn;
    return newer_incarnation(held.incarnation, entry.incarnation) &&
           (held.withdrawn || held.incarnation != incarnation_after(entry.incarnation));
}

// `seen`: when it was heard, by the monotonic clock. What it states is by the wall clock of that time.
Claim LabelExchange::claim_of(const gossip::Entry& entry, Instant seen, UnixSeconds wall) const {
    const std::int64_t wall_then = count(wall) - parts_.clock_steps.since(seen);
    const UnixSeconds stated{std::max<std::int64_t>(0, wall_then - entry.stated_age_s)};
    return {stated, stated, seen};
}

// `before`: what is known of this host, or null.
HostEntry LabelExchange::received(const gossip::Entry& entry, const HostEntry* before,
                                  const MessageContext& context) const {
    const Duration hop = entry.age_ms == 0 ? Duration{0} : hop_penalty(options_);
    const Instant seen = context.now - (std::chrono::milliseconds{entry.age_ms} + context.half_rtt + hop);
    HostEntry received;
    received.endpoint = entry.endpoint;
    received.incarnation = entry.incarnation;
    received.withdrawn = entry.withdrawn;
    if (!entry.claimed) {
        received.confirmed = seen;
        return received;
    }
    received.claim = claim_of(entry, seen, context.wall);
    if (!before || !before->claim.made()) return received;
    const std::int64_t set = parts_.clock_steps.since(before->claim.heard) - parts_.clock_steps.since(seen);
    const std::int64_t apart = count(received.claim.stated) - (count(before->claim.stated) + set);
    if (std::abs(apart) >= same_claim_s) return received;
    // The same claim on another way. Times of two settings of the clock cannot be mixed in one claim.
    received.claim = before->claim;
    if (set == 0) received.claim = {before->claim.stated, before->claim.stated, seen};
    return received;
}

bool LabelExchange::disputed(const Label& label, const gossip::Entry& entry, const HostEntry* before,
                             const MessageContext& context) {
    if (!entry.withdrawn) {
        const Instant said_at = context.now - (std::chrono::milliseconds{entry.age_ms} + context.half_rtt);
        if (before && before->withdrawn &&
            parts_.announcements.insist(label, entry.endpoint, entry.incarnation, said_at, context.now,
                                        context.wall))
            return true;
        parts_.disputes.announced(label, entry.endpoint, entry.incarnation, context.now);
        return false;
    }
    const bool changes = !before || newer_incarnation(entry.incarnation, before->incarnation) ||
                         (entry.incarnation == before->incarnation && !before->withdrawn);
    return changes &&
           parts_.disputes.withdrawn(label, entry, before, context.source, context.now) == Disputes::Verdict::waits;
}

void LabelExchange::settle_disputes(Instant now, UnixSeconds wall) {
    for (const Disputes::Due& due : parts_.disputes.take_due(now)) {
        if (due.taken) {
            HostEntry end;
            end.endpoint = due.entry.endpoint;
            end.incarnation = due.entry.incarnation;
            end.withdrawn = true;
            end.confirmed = due.heard;
            // Refused: the list has no room for it, and the table has counted that.
            static_cast<void>(parts_.labels.merge(due.label, end, due.source, now, wall));
        }
        parts_.news.pass_on_host(due.label, due.entry, no_endpoint, now);
    }
}

HostFate LabelExchange::merge_entry(const Label& label, const gossip::Entry& entry, const MessageContext& context) {
    const HostList* list = parts_.labels.find(label);
    const HostEntry* before = list ? list->find(entry.endpoint) : nullptr;
    if (before && before->own) {
        defend(label, entry, *before, context);
        return HostFate::own;
    }
    if (before && behind(entry, *before)) return HostFate::outranked;
    if (!entry.claimed && disputed(label, entry, before, context)) return HostFate::waits;
    const bool known = before != nullptr;  // `before` is not valid after the merge
    const bool was_live = before && !before->withdrawn;
    const bool new_version = !before || newer_incarnation(entry.incarnation, before->incarnation) ||
                             entry.withdrawn != before->withdrawn;
    const LabelTable::Outcome outcome =
        parts_.labels.merge(label, received(entry, before, context),
                            account_of(context.source, entry.claimed, label), context.now, context.wall);
    const Merge merged = outcome.merge;
    if (merged == Merge::refused)
        parts_.refused.note(parts_.endpoints.at(context.speaker), static_cast<std::uint64_t>(context.source), label,
                            outcome.cause, LearnedFrom::gossip, context.now);
    const bool news = merged == Merge::added || (merged == Merge::refreshed && new_version);
    // What is new, or ends, is passed on as news. A renewal is left to the digests.
    if (news && (entry.withdrawn == was_live || !known))
        parts_.news.pass_on_host(label, entry, context.speaker, context.now);
    return merged == Merge::refused ? HostFate::refused : merged == Merge::stale ? HostFate::known : HostFate::kept;
}

}  // namespace halp
