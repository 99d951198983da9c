#include "tools/halpd/dht_statistics.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tools/halpd/workers/sum_of_counts.h"
#include "tools/program/escaped_text.h"

namespace halp {
namespace {

constexpr std::size_t channels_in_log_max = 100;

// Both have the same rows, or `before` has none. What is active is of now.
void take_requests(std::vector<NamedRequestCount>& now, const std::vector<NamedRequestCount>& before) {
    for (std::size_t i = 0; i < std::min(now.size(), before.size()); ++i) {
        RequestCount& count = now[i].count;
        const std::uint64_t active = count.active, active_max = count.active_max;
        take_counts(count, before[i].count);
        count.active = active;
        count.active_max = active_max;
    }
}

Json took_json(const RequestCount& count) {
    static constexpr std::array<std::string_view, RequestCount::limits.size() + 1> names{
        "within_10_us", "within_100_us", "within_1_ms", "within_10_ms", "within_100_ms", "longer"};
    if (count.timed == 0) return {};
    Json object = Json::object();
    for (std::size_t i = 0; i < names.size(); ++i) object.set(names[i], count.took[i]);
    return object;
}

void add_requests(Json& list, std::string_view protocol, const std::vector<NamedRequestCount>& requests) {
    for (const auto& [name, count] : requests) {
        if (count.handled == 0 && count.active_max == 0) continue;
        Json one = Json::object({{"protocol", protocol}, {"request", name}, {"handled", count.handled}});
        one.set("active", count.active).set("active_max", count.active_max);
        const double mean =
            count.timed == 0 ? 0 : static_cast<double>(count.total.count()) / static_cast<double>(count.timed);
        one.set("mean_us", count.timed == 0 ? Json{} : Json::fixed(mean, 1)).set("took", took_json(count));
        list.push(one);
    }
}

Json action_json(const ActionCount& count) {
    return Json::object({{"records", count.records}, {"value_bytes", count.bytes}});
}

// The request with the members of `took` beside its own.
Json flat(const Json& request) {
    Json fields = Json::object();
    for (std::size_t i = 0; i < request.keys().size(); ++i)
        if (request.keys()[i] != "took") fields.set(request.keys()[i], request.items()[i]);
    return request["took"].is(Json::Kind::object) ? fields.set_all(request["took"]) : fields;
}

}  // namespace

// Taken apart, as in sum_of_counts.h: with one more member this does not compile.
DhtTotals between(const DhtTotals& before, const DhtTotals& now) {
    DhtTotals out = now;
    auto& [bytes_in, bytes_out, actions, deleted, neo, legacy] = out;
    const auto& [bytes_in_before, bytes_out_before, actions_before, deleted_before, neo_before, legacy_before] =
        before;
    take_counts(bytes_in, bytes_in_before);
    take_counts(bytes_out, bytes_out_before);
    take_counts(actions, actions_before);
    take_counts(deleted, deleted_before);
    take_requests(neo, neo_before);
    take_requests(legacy, legacy_before);
    return out;
}

Json requests_json(const DhtTotals& totals) {
    Json list = Json::array();
    add_requests(list, "neo", totals.neo);
    add_requests(list, "legacy", totals.legacy);
    return list;
}

Json actions_json(const DhtTotals& totals) {
    Json object = Json::object();
    object.set("written", action_json(totals.actions.written)).set("read", action_json(totals.actions.read));
    object.set("forwarded", action_json(totals.actions.forwarded));
    object.set("iterated", action_json(totals.actions.iterated));
    return object.set("deleted", action_json({totals.deleted.records, totals.deleted.bytes}));
}

void log_statistics(const DhtTotals& period, Json about, const RecordStore& records, Log& log) {
    const auto say = [&log](std::string_view event, std::string_view what, const Json& fields) {
        log.write(LogLevel::info, event, std::string(what) + fields.line(JsonEscapes::hardened), fields);
    };
    const Json actions = actions_json(period);
    for (std::size_t i = 0; i < actions.keys().size(); ++i) {
        const Json& one = actions.items()[i];
        about.set(actions.keys()[i] + "_records", one["records"]);
        about.set(actions.keys()[i] + "_value_bytes", one["value_bytes"]);
    }
    const std::vector<Channel> channels = records.channels(std::nullopt, channels_in_log_max);
    about.set("channels", records.channel_count());
    about.set("channels_left_out", records.channel_count() - channels.size());
    say("dht_period", "DHT statistics: ", about);
    const Json requests = requests_json(period);
    for (const Json& request : requests.items()) say("dht_period_request", "DHT requests: ", flat(request));
    for (const Channel& channel : channels) {
        const RecordCount held = records.count(channel);
        say("dht_period_channel", "DHT channel: ",
            Json::object(
                {{"channel", escaped(channel.name())}, {"records", held.records}, {"value_bytes", held.bytes}}));
    }
}

}  // namespace halp
