#include "tools/halpd/dht_log.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "tools/halpd/admin/event_text.h"
#include "tools/program/json.h"

namespace halp {
namespace {

Json fields_of(const Endpoint& source, std::string_view client) {
    Json fields = Json::object();
    add_endpoint(fields, source);
    if (!client.empty()) fields.set("client", client);
    return fields;
}

std::string who(const Endpoint& source, std::string_view client) {
    return source.text() + (client.empty() ? std::string{} : " (" + json_quoted(client) + ")");
}

}  // namespace

DhtLog::Line DhtLog::line_of(const DhtClientAccepted& event) {
    return {LogLevel::debug, "dht_client_accepted", "DHT client " + who(event.source, event.client),
            event.source.host, fields_of(event.source, event.client)};
}

DhtLog::Line DhtLog::line_of(const DhtClientEnded& event) {
    const std::string from = who(event.source, event.client);
    Json fields = fields_of(event.source, event.client);
    if (event.rejection) {
        const std::string_view why = neo::name(*event.rejection);
        fields.set("why", why);
        return {LogLevel::warn, "dht_client_rejected",
                "DHT client " + from + " was turned away: " + std::string{why}, event.source.host, fields};
    }
    const std::string_view why = neo::name(event.why);
    fields.set("why", why);
    const bool ordinary = event.why == neo::SessionEnd::gone;
    return {ordinary ? LogLevel::debug : LogLevel::info, "dht_client_ended",
            "DHT client " + from + " ended: " + std::string{why}, event.source.host, fields};
}

DhtLog::Line DhtLog::line_of(const DhtConnectionShed& event) {
    return {LogLevel::warn,
            "dht_connection_shed",
            "DHT connection of " + event.source.text() + " closed: too many (dht.connections_max)",
            {},
            fields_of(event.source, {})};
}

DhtLog::Line DhtLog::line_of(const DhtStoreFailed& event) {
    return {LogLevel::error,
            "dht_store_failed",
            "records could not be written: " + event.what,
            {},
            Json::object().set("why", event.what)};
}

DhtLog::Line DhtLog::line_of(const DhtReadsFailed& event) {
    return {LogLevel::error,
            "dht_reads_failed",
            std::to_string(event.times) + (event.times == 1 ? " request" : " requests") +
                " could not read records, the last one: " + event.last,
            {},
            Json::object().set("times", event.times).set("last", event.last)};
}

DhtLog::Line DhtLog::line_of(const DhtRecordsLeftOut& event) {
    return {LogLevel::warn,
            "dht_records_left_out",
            "GetAll or Mirror left out " + std::to_string(event.times) +
                (event.times == 1 ? " record" : " records") + ": too long for a batch of 64 KiB",
            {},
            Json::object().set("times", event.times)};
}

DhtLog::Line DhtLog::line_of(const DhtChangesDropped& event) {
    return {LogLevel::warn,
            "dht_changes_dropped",
            "Listens of legacy clients lost " + std::to_string(event.times) +
                (event.times == 1 ? " change" : " changes") + ": their clients read too slowly",
            {},
            Json::object().set("times", event.times)};
}

DhtLog::Line DhtLog::line_of(const DhtRangeChanged& event) {
    const std::string first = key_text(Key{event.range.min()}), last = key_text(Key{event.range.max()});
    std::string sentence = "keeping the keys of " + first + " to " + last + " from now on";
    const std::uint64_t aside = event.set_aside.records;
    if (aside > 0)
        sentence +=
            "; " + std::to_string(aside) + (aside == 1 ? " record" : " records") +
            " of other keys set aside, not served and not forgotten (store/records/README.md, \"When the range "
            "changes\")";
    return {aside > 0 ? LogLevel::warn : LogLevel::info,
            "dht_range",
            sentence,
            {},
            Json::object().set("range_min", first).set("range_max", last).set("set_aside", aside)};
}

namespace {

Json fields_of(const HashRange& part, std::uint64_t records) {
    Json fields = Json::object();
    fields.set("range_min", key_text(Key{part.min()})).set("range_max", key_text(Key{part.max()}));
    return fields.set("records", records);
}

std::string text_of(const HashRange& part, std::uint64_t records) {
    return "the keys of " + key_text(Key{part.min()}) + " to " + key_text(Key{part.max()}) + ", " +
           std::to_string(records) + (records == 1 ? " record" : " records");
}

}  // namespace

DhtLog::Line DhtLog::line_of(const DhtHandedOver& event) {
    std::string sentence = "handed " + text_of(event.part, event.records) + ", to " + event.to.text();
    if (event.differing > 0)
        sentence += "; of " + std::to_string(event.differing) +
                    " it has another value, and this node sets its own aside (`halp store export --set-aside`)";
    return {event.differing > 0 ? LogLevel::warn : LogLevel::info,
            "dht_handed_over",
            sentence,
            {},
            fields_of(event.part, event.records).set("to", event.to.text()).set("differing", event.differing)};
}

DhtLog::Line DhtLog::line_of(const DhtTookOver& event) {
    return {LogLevel::info,
            "dht_took_over",
            "took over " + text_of(event.part, event.records),
            {},
            fields_of(event.part, event.records)};
}

DhtLog::Line DhtLog::line_of(const DhtHandoverFailed& event) {
    return {LogLevel::warn, "dht_handover_failed", event.what, {}, Json::object().set("why", event.what)};
}

DhtLog::Line DhtLog::line_of(const DhtAutoRangeNews& event) {
    return {event.warning ? LogLevel::warn : LogLevel::info,
            "dht_auto_range",
            event.what,
            {},
            Json::object().set("what", event.what)};
}

void DhtLog::note(const DhtEvent& event) {
    std::visit([this](const auto& one) { write(line_of(one)); }, event);
}

void DhtLog::write(Line line) {
    if (!log_.writes(line.level)) return;
    const Instant now = clock_.now();
    const bool detail = line.level < LogLevel::info;
    RateLimiter& limiter = detail ? details_ : by_source_;
    const std::string account = detail ? std::string{} : std::string{line.event} + ' ' + line.source;
    const std::optional<std::uint64_t> held_back = limiter.allow(account, now);
    if (!held_back || (!detail && !in_sum_.allow({}, now))) return;
    if (*held_back > 0) {
        line.sentence += " (" + std::to_string(*held_back) + " more like this were not written)";
        line.fields.set("held_back", *held_back);
    }
    log_.write(line.level, line.event, line.sentence, line.fields);
}

}  // namespace halp
