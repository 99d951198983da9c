#include "overlay/node/text_service.h"

#include <algorithm>

#include "overlay/gossip/identity.h"
#include "store/hash.h"

namespace halp {

namespace {

constexpr std::int64_t clocks_differ_max_s = 60;

}  // namespace

// Who asks from this machine shares no account with strangers, and the machine may be named by any of its
// addresses.
SourceId TextService::account_of(const Endpoint& source) const {
    const std::vector<std::string>& own = options_.own_addresses;
    const bool this_host = is_loopback(source.host) ||
                           std::find(own.begin(), own.end(), source.host) != own.end() ||
                           (options_.listening && options_.listening->host == source.host);
    return this_host ? own_host_source : source_of_group(source.group());
}

std::string TextService::answer(const TextQuery& query, const Endpoint& source, Moment moment) {
    const auto* asked = std::get_if<TextGet>(&query);
    const auto* told = std::get_if<TextInsert>(&query);
    const bool bad = std::holds_alternative<TextBad>(query);
    ++counters_.queries;
    observer_.note(QueryAnswered{source, told != nullptr, bad});
    if (asked) return get(*asked, query_account(account_of(source)), moment);
    if (told) {
        std::string out = insert(*told, account_of(source), moment);
        note_ahead(source, moment);
        return out;
    }
    if (!bad) return {};
    ++counters_.bad;
    return std::string{text_refusal};
}

// The label is listed after the answer is made, so the first `get labels` of a fresh server is empty.
std::string TextService::get(const TextGet& query, SourceId source, Moment moment) {
    std::string out;
    if (query.label.lists_names())
        for (const ListedName& name : lists_.names_with_asked(query.label, query.first, query.count))
            append_name_line(out, name.seen, name.name);
    else
        for (const ListedHost& host : lists_.hosts(query.label, query.first, query.count, moment))
            append_host_line(out, host.seen, host.endpoint);
    lists_.mention(query.label, source, moment, true);
    return out;
}

std::string TextService::insert(const TextInsert& query, SourceId source, Moment moment) {
    ++counters_.inserts;
    latest_ = UnixSeconds{0};
    std::string out;
    for (const Label& label : query.labels) {
        TextLines lines{query.entries};
        for (std::string_view line; lines.next(line);) {
            const bool taken = insert_line(label, line, source, moment);
            append_insert_reply(out, taken, label, line);
        }
        lists_.mention(label, source, moment);
    }
    return out;
}

bool TextService::insert_line(const Label& label, std::string_view line, SourceId source, Moment moment) {
    if (label.lists_names()) {
        const auto named = parse_name_line(line);
        if (named) latest_ = std::max(latest_, named->stated);
        return named && lists_.insert_name(label, named->name, named->stated, source, LearnedFrom::text, moment);
    }
    const auto host = parse_host_line(line);
    if (host) latest_ = std::max(latest_, host->stated);
    return host && lists_.insert(label, host->endpoint, host->stated, source, LearnedFrom::text, moment);
}

// Clocks of well-kept machines differ by less than the tolerance.
void TextService::note_ahead(const Endpoint& source, Moment moment) {
    const std::int64_t ahead_s = halp::count(latest_) - halp::count(moment.wall);
    if (ahead_s <= clocks_differ_max_s) return;
    ++counters_.ahead;
    if (noted_ahead_.first(fnv1a(source.host), moment.now))
        observer_.note(TimeAhead{source, std::chrono::seconds{ahead_s}});
}

}  // namespace halp
