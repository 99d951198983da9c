#include "tools/halp/server_round.h"

#include <algorithm>
#include <utility>

#include "overlay/text/text_client.h"

namespace halp::cli {
namespace {

// Keeps the times as stated, so that all programs show the same. If a time lies in the future, the server's clock
// is wrong, and only the differences between its times are used.
template <class Lines>
bool clock_is_ahead(const Lines& lines, UnixSeconds now) {
    return std::ranges::any_of(lines, [&](const auto& line) { return line.stated > now; });
}

UnixSeconds corrected(UnixSeconds stated, Duration age, bool ahead, UnixSeconds now) {
    if (!ahead) return stated;
    return UnixSeconds{count(now) - std::chrono::duration_cast<std::chrono::seconds>(age).count()};
}

}  // namespace

CacheFile heard(const Label& label, std::string_view answer, UnixSeconds now) {
    CacheFile file;
    if (label.lists_names()) {
        const NameAnswer names = parse_name_answer(label, answer, now);
        const bool ahead = clock_is_ahead(names.lines, now);
        for (const auto& line : names.lines)
            file.names.push_back({corrected(line.stated, line.age, ahead, now), line.name});
        return file;
    }
    const HostAnswer hosts = parse_host_answer(answer, now);
    const bool ahead = clock_is_ahead(hosts.lines, now);
    for (const auto& line : hosts.lines)
        file.lines.push_back({corrected(line.stated, line.age, ahead, now), line.endpoint});
    return file;
}

Result<std::string> TimedAsker::ask(const Endpoint& server, const std::string& query) {
    const Duration left = deadline_ - clock_.now();
    if (left <= Duration{0}) return Error{ErrorCode::timed_out, "The time given is over."};
    return asker_.ask(server, query, std::min(left, limits_.one));
}

Result<void> ServerRound::begin() {
    const auto halp = cache_.load(Label::halp());
    if (!halp) return halp.error();
    also_ask(*halp);
    return {};
}

void ServerRound::also_ask(const CacheFile& halp) {
    for (const CacheLine& line : halp.lines)
        if (servers_.size() < asker_.limits().servers_max && met_.insert(line.endpoint).second)
            servers_.push_back(line.endpoint);
}

Result<RoundOutcome> ServerRound::fetch(const Label& label) {
    std::vector<Label> labels = {Label::halp(), Label::labels()};
    std::erase(labels, label);
    labels.push_back(label);
    return walk(labels, true);
}

Result<RoundOutcome> ServerRound::refresh() { return walk({Label::halp(), Label::labels()}, false); }

Result<RoundOutcome> ServerRound::walk(const std::vector<Label>& labels, bool until_found) {
    RoundOutcome outcome;
    for (std::size_t i = 0; i < servers_.size() && !asker_.time_is_up(); ++i) {
        const Endpoint server = servers_[i];  // a copy: the list grows
        const auto learned = ask_for(server, labels);
        if (!learned) return learned.error();
        ++outcome.tried;
        outcome.answered += learned->answered ? 1U : 0U;
        outcome.timed_out += learned->timed_out ? 1U : 0U;
        outcome.found = outcome.found || learned->any;
        if (until_found ? outcome.found : learned->answered) break;
    }
    return outcome;
}

Result<ServerRound::Learned> ServerRound::ask_for(const Endpoint& server, const std::vector<Label>& labels) {
    Learned learned;
    for (const Label& label : labels) {
        const auto query = get_query(label);
        if (!query) return query.error();
        const auto answer = asker_.ask(server, *query);
        if (!answer) {
            detail_(server.text() + ": " + answer.error().message);
            learned.timed_out = answer.error().code == ErrorCode::timed_out;
            learned.any = false;
            return learned;
        }
        if (proof_of(*query, *answer) == TextProof::foreign) {
            detail_(server.text() + ": its answer is not HALP");
            learned.any = false;
            return learned;
        }
        learned.answered = true;
        const CacheFile news = heard(label, *answer, asker_.wall());
        learned.any = !news.lines.empty() || !news.names.empty();
        detail_(server.text() + ": " + *query + ": " + std::to_string(news.lines.size() + news.names.size()) +
                " lines");
        if (label == Label::halp()) also_ask(news);
        if (auto kept = cache_.merge(label, news); !kept) return kept.error();
    }
    return learned;
}

}  // namespace halp::cli
