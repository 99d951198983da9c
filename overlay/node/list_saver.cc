#include "overlay/node/list_saver.h"

#include <utility>

namespace halp {

namespace {

constexpr std::size_t proofs_saved_at_once = 8;

}  // namespace

ListSaver::ListSaver(Parts parts)
    : parts_(parts),
      keeper_(parts.environment.cache, parts.environment.state, parts.observer,
              {.swarm = parts.options.swarm,
               .acknowledged = parts.options.save_acknowledged,
               .learned = parts.options.save_learned}) {}

void ListSaver::load() { keeper_.load(*this, parts_.environment.clock.now()); }

// ---- what has changed ----

void ListSaver::on_event(const Event& event) {
    const auto peers_changed = [this] { parts_.labels.changes().add({ListChange::Kind::learned, Label::halp()}); };
    match(
        event,
        [&](const EntryForgotten& e) {
            // A host that failed is struck from the file; one that merely grew old stays there as a last resort.
            if (e.why == ForgottenWhy::withdrawn || e.why == ForgottenWhy::failed) forget(e.label, e.endpoint);
        },
        [&](const PeerBuried& e) { forget(Label::halp(), e.peer); },
        [&](const PeerLeft& e) { forget(Label::halp(), e.peer); }, [&](const PeerJoined&) { peers_changed(); },
        [&](const PeerProved&) { first_proof(); }, [](const auto&) {});
}

// Whoever restarts without its first peers on disk may be alone. Later ones can wait.
void ListSaver::first_proof() {
    const bool early = !parts_.view.proves(proofs_saved_at_once + 1);
    parts_.labels.changes().add(
        {early ? ListChange::Kind::acknowledged : ListChange::Kind::learned, Label::halp()});
}

// Whoever restarts calls them first.
void ListSaver::note_acquaintances() {
    if (std::exchange(acquaintances_noted_, parts_.view.acquaintances_made()) == acquaintances_noted_) return;
    const bool early = parts_.view.acquaintance_count() <= proofs_saved_at_once;
    parts_.labels.changes().add(
        {early ? ListChange::Kind::acknowledged : ListChange::Kind::learned, Label::halp()});
}

void ListSaver::forget(const Label& label, const Endpoint& endpoint) {
    parts_.labels.changes().add({ListChange::Kind::forgotten, label, {parts_.environment.clock.wall(), endpoint}});
}

void ListSaver::hear_changes() {
    ListChanges& changes = parts_.labels.changes();
    if (changes.each().empty()) return;
    const Instant now = parts_.environment.clock.now();
    for (const ListChange& change : changes.each()) hear(change, now);
    changes.clear();
}

void ListSaver::hear(const ListChange& change, Instant now) {
    switch (change.kind) {
        case ListChange::Kind::learned:
            return keeper_.changed(change.label, Urgency::learned, now);
        case ListChange::Kind::acknowledged:
            return keeper_.changed(change.label, Urgency::acknowledged, now);
        case ListChange::Kind::inserted:
        case ListChange::Kind::first:
            return keeper_.inserted(change.label, change.line, now);
        case ListChange::Kind::forgotten:
            return keeper_.forgotten(change.label, change.line.endpoint, change.line.seen, now);
    }
}

void ListSaver::on_wakeup() {
    note_acquaintances();
    hear_changes();
    const Instant now = parts_.environment.clock.now();
    for (const Label& label : parts_.labels.changes().take_labels()) {
        // A label that quotas or time removed altogether takes its file with it, or strangers could fill the
        // directory.
        if (parts_.lists.known(label))
            keeper_.changed(label, Urgency::learned, now);
        else
            keeper_.clear(label);
    }
    if (now >= keeper_.next_deadline()) keeper_.on_deadline(now, *this);
}

bool ListSaver::flush() {
    hear_changes();
    const Instant now = parts_.environment.clock.now();
    for (const Label& label : parts_.labels.changes().take_labels()) keeper_.changed(label, Urgency::learned, now);
    keeper_.changed(Label::halp(), Urgency::learned, now);
    return keeper_.flush(now, *this);
}

bool ListSaver::clear(const Label& label) {
    hear_changes();
    return keeper_.clear(label);
}

void ListSaver::clear_all() {
    hear_changes();
    keeper_.clear_all();
}

// ---- what the keeper asks for and finds ----

CacheFile ListSaver::lines_of(const Label& label) const {
    CacheFile file;
    const std::size_t most = lines_max(label);
    if (label.lists_names()) {
        for (const ListedName& name : parts_.lists.names(label, 0, most))
            file.names.push_back({name.seen, name.name});
        return file;
    }
    const bool nodes = label == Label::halp();
    for (const ListedHost& host :
         nodes ? parts_.lists.saved_nodes(moment()) : parts_.lists.hosts(label, 0, most, moment())) {
        // Mere claims of nodes may be of any swarm. What is remembered keeps the origin that it has on disk.
        const bool own_swarm = !host.remembered && !(nodes && host.claimed && !host.met);
        CacheLine& line = file.lines.emplace_back(CacheLine{host.seen, host.endpoint});
        line.proved = host.proved_at.value_or(CacheLine::not_proved);
        line.own_swarm = own_swarm;
        line.known = host.known_since.value_or(CacheLine::not_proved);
        line.worth = host.known_since ? 2 : host.proved || host.met ? 1 : 0;
    }
    return file;
}

std::size_t ListSaver::lines_max(const Label& label) const {
    const TableLimits& limits = parts_.options.table;
    if (label == Label::halp()) return parts_.view.capacity();
    if (label == Label::labels()) return limits.labels_max;
    return label.lists_names() ? limits.names_per_directory_max : parts_.labels.allocation(label).entries_max;
}

void ListSaver::take_host(const Label& label, const CacheLine& line) {
    if (label == Label::halp()) return parts_.lists.remember_node(line, moment());
    // The file stays as it is; the table counts what has no room.
    static_cast<void>(
        parts_.lists.insert(label, line.endpoint, line.seen, local_source, LearnedFrom::cache, moment()));
}

void ListSaver::take_name(const Label& directory, const CacheNameLine& line) {
    // As with hosts.
    static_cast<void>(
        parts_.lists.insert_name(directory, line.name, line.seen, local_source, LearnedFrom::cache, moment()));
}

}  // namespace halp
