#include "overlay/node/text_service.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "overlay/gossip/self/own_address.h"
#include "store/hash.h"

namespace halp {

namespace {

constexpr std::int64_t clocks_differ_max_s = 60;

// What people inserted is shown as they wrote it, but for addresses of a link: on this machine they mean what they
// say.
std::optional<Endpoint> as_shown(const ListedHost& host, const Endpoint& source) {
    if (is_loopback(source.host)) return host.endpoint;
    if (host.claimed && scope_of(host.endpoint.host) != AddressScope::link) return host.endpoint;
    return AddressRule::as_told(host.endpoint, source);
}

void append_hosts(std::string& out, const std::vector<ListedHost>& hosts) {
    constexpr std::size_t usual_line = 40;
    out.reserve(hosts.size() * usual_line);
    for (const ListedHost& host : hosts) append_host_line(out, host.seen, host.endpoint);
}

}  // namespace

// Who asks from this machine shares no account with strangers, and the machine may be named by any of its
// addresses.
SourceId TextService::account_of(const Endpoint& source) const {
    const bool this_host = is_loopback(source.host) || gossip_.on_this_machine(source.host) ||
                           (options_.listening && options_.listening->host == source.host);
    return this_host ? own_host_source : source_of_group(source.group());
}

std::string TextService::answer(const TextQuery& query, const Endpoint& source, Moment moment) {
    const auto* asked = std::get_if<TextGet>(&query);
    const auto* told = std::get_if<TextInsert>(&query);
    const bool bad = std::holds_alternative<TextBad>(query);
    ++counters_.queries;
    observer_.note(QueryAnswered{source, told != nullptr, bad});
    if (asked) return get(*asked, source, moment);
    if (told) return insert(*told, source, moment);
    if (!bad) return {};
    ++counters_.bad;
    return std::string{text_refusal};
}

// The label is listed after the answer is made, so the first `get labels` of a fresh server is empty.
std::string TextService::get(const TextGet& query, const Endpoint& source, Moment moment) {
    std::string out;
    if (query.label.lists_names())
        for (const ListedName& name : lists_.names_with_asked(query.label, query.first, query.count))
            append_name_line(out, name.seen, name.name);
    else
        append_hosts(out, told_hosts(query, source, moment));
    lists_.mention(query.label, query_account(account_of(source)), moment, true);
    return out;
}

// Without the hosts whose address means nothing to the asker, who counts positions among the others.
std::vector<ListedHost> TextService::told_hosts(const TextGet& query, const Endpoint& source, Moment moment) {
    // On this machine every address means what it says.
    if (is_loopback(source.host)) return lists_.hosts(query.label, query.first, query.count, moment);
    // Those before the page count, too: one that is not told moves all behind it.
    std::vector<ListedHost> page = lists_.hosts(query.label, 0, query.first + query.count, moment);
    const auto known = [&](const ListedHost& host) { return as_shown(host, source) == host.endpoint; };
    if (std::ranges::all_of(page, known)) {
        page.erase(page.begin(), page.begin() + static_cast<std::ptrdiff_t>(std::min(query.first, page.size())));
        return page;
    }
    page.clear();
    std::size_t position = 0;
    for (ListedHost& host : lists_.hosts(query.label, 0, lists_.host_count(query.label, moment.now), moment)) {
        std::optional<Endpoint> shown = as_shown(host, source);
        if (!shown) addresses_.count_not_told();
        if (!shown || position++ < query.first) continue;
        if (page.size() >= query.count) break;
        host.endpoint = *std::move(shown);
        page.push_back(std::move(host));
    }
    return page;
}

std::size_t TextService::walked(const TextQuery& query) const {
    const auto* get = std::get_if<TextGet>(&query);
    return get && get->first > 0 ? std::min(get->first, lists_.lines_held(get->label)) : 0;
}

bool TextService::is_long(const TextQuery& query) {
    constexpr std::size_t bytes_max = 8192;  // labels x bytes of entries
    const auto* insert = std::get_if<TextInsert>(&query);
    return insert && insert->labels.size() * insert->entries.size() > bytes_max;
}

void TextService::begin(const Endpoint& source) {
    ++counters_.queries;
    ++counters_.inserts;
    observer_.note(QueryAnswered{source, true, false});
}

std::string TextService::insert(const TextInsert& query, const Endpoint& source, Moment moment) {
    ++counters_.inserts;
    const SourceId account = account_of(source);
    std::string out;
    InsertPlace place;
    while (place.label < query.labels.size()) insert_next(query, place, account, source, moment, out);
    note_ahead(source, place.latest, moment);
    return out;
}

Work TextService::answer_some(LongInsert& insert, const Endpoint& source, Moment moment, Work most,
                              std::string& out) {
    const SourceId account = account_of(source);
    Work done = 0;
    while (!insert.done() && done < most)
        done += insert_next(insert.query, insert.place, account, source, moment, out);
    if (insert.done()) note_ahead(source, insert.place.latest, moment);
    return done;
}

// One line of one label, or the end of a label.
Work TextService::insert_next(const TextInsert& query, InsertPlace& place, SourceId account, const Endpoint& source,
                              Moment moment, std::string& out) {
    const Label& label = query.labels[place.label];
    if (!place.lines) place.lines.emplace(query.entries);
    std::string_view line;
    if (!place.lines->next(line)) {
        lists_.mention(label, account, moment);
        place.lines.reset();
        place.label_refused = false;
        ++place.label;
        return work::insert_label;
    }
    const bool tried = !place.label_refused;
    ++counters_.lines;
    const LineFate fate =
        tried ? insert_line(label, line, place, account, source, moment) : LineFate::label_refused;
    counters_.fates.count(fate);
    append_insert_reply(out, fate == LineFate::kept, label, line);
    return tried ? work::insert_entry : work::insert_refused;
}

LineFate TextService::insert_line(const Label& label, std::string_view line, InsertPlace& place, SourceId account,
                                  const Endpoint& source, Moment moment) {
    if (label.lists_names()) {
        const auto named = parse_name_line(line);
        if (!named) return LineFate::bad;
        place.latest = std::max(place.latest, named->stated);
        if (lists_.insert_name(label, named->name, named->stated, account, LearnedFrom::text, moment))
            return LineFate::kept;
        return refused(label, place, source, moment);
    }
    const auto host = parse_host_line(line);
    if (!host) return LineFate::bad;
    place.latest = std::max(place.latest, host->stated);
    const bool typed_here = is_loopback(source.host);
    const std::optional<Endpoint> meant =
        typed_here ? std::optional{host->endpoint} : AddressRule::as_heard(host->endpoint, source);
    if (!meant) addresses_.count_not_taken();
    if (!meant) return LineFate::elsewhere;
    if (label == Label::halp()) lists_.node_claimed(*meant, source);
    if (lists_.insert(label, *meant, host->stated, account, LearnedFrom::text, moment)) return LineFate::kept;
    return refused(label, place, source, moment);
}

// A new label over quota takes no line; of a directory each name may be a new one.
LineFate TextService::refused(const Label& label, InsertPlace& place, const Endpoint& source, Moment moment) {
    place.label_refused = lists_.last_refusal() == RefusalCause::source_label_quota && !label.lists_names();
    lists_.note_refused(source, label, LearnedFrom::text, moment.now);
    return LineFate::refused;
}

// Clocks of well-kept machines differ by less than the tolerance.
void TextService::note_ahead(const Endpoint& source, UnixSeconds latest, Moment moment) {
    const std::int64_t ahead_s = halp::count(latest) - halp::count(moment.wall);
    if (ahead_s <= clocks_differ_max_s) return;
    ++counters_.ahead;
    if (noted_ahead_.first(fnv1a(source.host), moment.now))
        observer_.note(TimeAhead{source, std::chrono::seconds{ahead_s}});
}

}  // namespace halp
