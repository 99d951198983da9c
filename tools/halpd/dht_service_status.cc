// DhtService: what it has to say of itself.
#include "tools/halpd/dht_service.h"

#include <cstdint>
#include <optional>
#include <string>

#include "config/choice_names.h"
#include "config/typed_value.h"
#include "tools/halpd/workers/sum_of_counts.h"
#include "tools/program/escaped_text.h"

namespace halp {

// Why records cannot be kept as they should be; nothing when all is well.
std::optional<std::string> DhtService::trouble() const {
    for (CommitThread* one : commits_)
        if (one->store().trouble()) return one->store().trouble();
    return range_trouble_;
}

DhtNodeStatus DhtService::node_status() const {
    return workers_ ? workers_->status(DhtProtocol::neo, node_->status()) : node_->status();
}

DhtNodeStatus DhtService::legacy_node_status() const {
    return workers_ ? workers_->status(DhtProtocol::legacy, legacy_->status()) : legacy_->status();
}

WorldStats DhtService::world_stats(DhtProtocol protocol) const {
    const WorldStats& own = protocol == DhtProtocol::neo ? world_.stats() : legacy_world_->stats();
    return workers_ ? workers_->world_stats(protocol, own) : own;
}

WorldLimits DhtService::limits_of_all(WorldLimits one) const {
    one.accepted_max *= settings_.threads;
    one.accepted_per_source_max *= settings_.threads;
    return one;
}

Json DhtService::status() const {
    return alone([this] { return status_of_all(); });
}

Json DhtService::status_of_all() const {
    const DhtNodeStatus now = node_status();
    const RecordCount total = store_->total();
    config::DhtSettings shown = settings_;
    Json object = Json::object();
    object.set("listening", listening_.text());
    object.set("announced", announced_ ? Json{announced_->text()} : Json{});
    object.set("engine", config::plain_text(config::value_of(shown.engine)));
    if (!commits_.empty()) object.set("durability", config::plain_text(config::value_of(shown.durability)));
    object.set("range_min", key_text(Key{node_->range().min()}));
    object.set("range_max", key_text(Key{node_->range().max()}));
    const RecordCount aside = store_->set_aside();
    object.set("redistribution", redistribution_status());
    object.set("auto_range", auto_range_status());
    object.set("redistributes", !workers_).set("threads", settings_.threads);
    if (workers_) object.set("other_threads", workers_->workers_json()).set("events_lost", workers_->events_lost());
    object.set("sweeping", store_->sweeping()).set("set_aside", aside.records);
    object.set("set_aside_bytes", aside.bytes);
    const std::optional<std::string> trouble = this->trouble();
    object.set("trouble", trouble ? Json{*trouble} : Json{});
    std::uint64_t recoveries = 0;
    for (CommitThread* one : commits_) recoveries += one->store().recoveries();
    if (!commits_.empty()) object.set("recoveries", recoveries);
    object.set("cache", cache_status());
    object.set("channels", store_->channel_count()).set("records", total.records);
    object.set("value_bytes", total.bytes).set("waiting_bytes", store_->waiting_bytes());
    object.set("credentials", clients_.size()).set("connections", now.connections);
    object.set("clients", now.clients).set("requests_active", now.requests_active);
    object.set("accepted", now.accepted).set("shed", now.shed);
    object.set("rejected", now.rejected).set("broken", now.broken);
    object.set("messages", now.messages).set("requests", now.requests);
    object.set("unsupported", now.unsupported).set("late_messages", now.late_messages);
    object.set("bytes_in", now.bytes_in).set("bytes_out", now.bytes_out);
    const DhtTotals totals = this->totals();
    object.set("requests_by_kind", requests_json(totals)).set("actions", actions_json(totals));
    const WorldStats sockets = world_stats(DhtProtocol::neo);
    object.set("sockets", status_of(sockets, limits_of_all(world_.limits())));
    object.set("legacy", legacy_ ? legacy_status() : Json{});
    return object.set("output_unsent", sockets.output_unsent);
}

Json DhtService::cache_status() const {
    RecordCache::Counts all;
    for (CommitThread* one : commits_) {
        const auto counts = one->store().cache_counts();
        if (!counts) return Json{};
        add_counts(all, *counts);
    }
    if (commits_.empty()) return Json{};
    return Json::object(
        {{"bytes", all.bytes}, {"bytes_max", all.bytes_max}, {"hits", all.hits}, {"misses", all.misses}});
}

DhtTotals DhtService::totals() const {
    const DhtNodeStatus neo = node_status();
    DhtTotals all{neo.bytes_in, neo.bytes_out, desk_->actions(), store_->removed(), node_->request_counts(), {}};
    if (legacy_) all.legacy = legacy_->request_counts();
    if (workers_) workers_->add_to(all);
    if (!legacy_) return all;
    const DhtNodeStatus legacy = legacy_node_status();
    all.bytes_in += legacy.bytes_in;
    all.bytes_out += legacy.bytes_out;
    return all;
}

// The first call begins the first period.
void DhtService::log_period() {
    alone([this] { log_period_of_all(); });
    world_.call_after(settings_.statistics_interval, [this] { log_period(); });
}

void DhtService::log_period_of_all() {
    const Instant now = world_.clock().now();
    const DhtTotals totals = this->totals();
    if (period_begun_ != never) {
        const auto share = [this](std::size_t connections) {
            return Json::fixed(static_cast<double>(connections) / static_cast<double>(settings_.connections_max),
                               4);
        };
        const DhtTotals period = between(before_, totals);
        const RecordCount held = store_->total();
        const std::size_t neo = node_status().connections;
        const std::size_t legacy = legacy_ ? legacy_node_status().connections : 0;
        Json fields =
            Json::object({{"span_s", Json::fixed(static_cast<double>((now - period_begun_).count()) / 1e6, 1)}});
        fields.set("bytes_in", period.bytes_in).set("bytes_out", period.bytes_out);
        fields.set("connections", neo).set("connections_share", share(neo));
        fields.set("legacy_connections", legacy).set("legacy_connections_share", share(legacy));
        fields.set("records", held.records).set("value_bytes", held.bytes);
        log_statistics(period, fields, *store_, log_);
    }
    before_ = totals;
    period_begun_ = now;
    node_->begin_counting_period();
    if (legacy_) legacy_->begin_counting_period();
    if (workers_) workers_->begin_counting_period();
}

Json DhtService::redistribution_status() const {
    const RedistributionStatus now = node_->redistribution().status();
    if (!now.active && !now.taking_over) return Json{};
    Json object = Json::object(
        {{"gives", now.active}, {"takes", now.taking_over}, {"step", now.step}, {"records", now.records}});
    object.set("range_min", key_text(Key{now.part.min()})).set("range_max", key_text(Key{now.part.max()}));
    object.set("to", now.other.empty() ? Json{} : Json{now.other});
    return object.set("trouble", now.trouble.empty() ? Json{} : Json{now.trouble});
}

Json DhtService::auto_range_status() const {
    if (!node_->auto_range()) return Json{};
    const AutoRangeStatus now = node_->auto_range()->status();
    const auto range = [](const HashRange& one) {
        return Json::object({{"range_min", key_text(Key{one.min()})}, {"range_max", key_text(Key{one.max()})}});
    };
    Json missing = Json::array();
    for (const HashRange& one : now.missing) missing.push(range(one));
    Json object = Json::object({{"step", now.step}, {"nodes", now.nodes}, {"silent", now.silent}});
    object.set("missing", missing);
    object.set("overlap", now.overlapped ? range(now.overlap).set("node", now.overlapped->text()) : Json{});
    return object.set("trouble", now.trouble.empty() ? Json{} : Json{now.trouble});
}

Json DhtService::legacy_status() const {
    const DhtNodeStatus now = legacy_node_status();
    const WorldStats sockets = world_stats(DhtProtocol::legacy);
    Json object = Json::object();
    object.set("listening", legacy_listening_->text()).set("connections", now.connections);
    object.set("requests_active", now.requests_active).set("accepted", now.accepted).set("shed", now.shed);
    object.set("broken", now.broken).set("requests", now.requests).set("changes_dropped", now.changes_dropped);
    object.set("bytes_in", now.bytes_in).set("bytes_out", now.bytes_out);
    object.set("output_unsent", sockets.output_unsent);
    return object.set("sockets", status_of(sockets, limits_of_all(legacy_world_->limits())));
}

Json DhtService::credentials() const {
    Json warnings = Json::array();
    if (!credentials_warning_.empty()) warnings.push(credentials_warning_);
    return Json::object(
        {{"file", credentials_file_}, {"clients", Json::array_of(clients_)}, {"warnings", warnings}});
}

Result<Json> DhtService::channels(const std::string& after, std::size_t count) const {
    Json list = Json::array();
    const auto name = unescaped(after);
    const auto behind = name ? Channel::parse(*name) : Result<Channel>(name.error());
    if (!behind && !after.empty()) return behind.error();
    for (const Channel& channel : store_->channels(behind ? std::optional(*behind) : std::nullopt, count)) {
        const RecordCount held = store_->count(channel);
        Json one = Json::object();
        one.set("name", escaped(channel.name())).set("records", held.records).set("value_bytes", held.bytes);
        list.push(one);
    }
    return list;
}

}  // namespace halp
