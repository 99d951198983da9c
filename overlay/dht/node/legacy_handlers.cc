#include "overlay/dht/node/legacy_handlers.h"

#include <algorithm>
#include <array>

#include "overlay/dht/ranges/redistribution.h"

namespace halp::legacy {
namespace {

constexpr std::string_view client_name = "legacy";

Status status_of_remove(Wrote wrote) {
    return wrote == Wrote::done || wrote == Wrote::absent ? Status::ok : Status::error;
}

Reply put(const Call& call) {
    if (call.request.value_left_out) return Reply::is(Status::value_too_big);
    if (call.request.value.empty()) return Reply::is(Status::empty_value);
    return Reply::written(call.context.records.put(*call.channel, call.key, call.request.value, call.requester),
                          status_of_put);
}

Reply read_failed(const Call& call, const char* request, const Error& why) {
    call.context.failures.read_failed(request, client_name, why);
    return Reply::is(Status::error);
}

// The node had the key, or has its record for another node: "no record" would be no answer. Legacy does not ask for
// the range of a Get or Exists otherwise.
bool is_elsewhere(const Call& call) {
    if (call.context.ranges.own().contains(call.key)) return false;
    return call.context.redistribution != nullptr && call.context.redistribution->has_moved();
}

// A missing record is an empty value.
Reply get(const Call& call) {
    if (is_elsewhere(call)) return Reply::is(Status::wrong_node);
    std::string& value = call.context.value;
    const Result<bool> found = call.context.records.store().get(*call.channel, call.key, value);
    if (!found) return read_failed(call, "Get", found.error());
    if (found.value()) call.context.records.actions().read.add(value.size());
    encode_status(call.out, Status::ok);
    encode_array(call.out, found.value() ? Bytes(value) : Bytes{});
    return Reply::answered();
}

Reply exists(const Call& call) {
    if (is_elsewhere(call)) return Reply::is(Status::wrong_node);
    const Result<bool> found = call.context.records.store().exists(*call.channel, call.key);
    if (!found) return read_failed(call, "Exists", found.error());
    encode_status(call.out, Status::ok);
    encode_flag(call.out, found.value());
    return Reply::answered();
}

Reply remove(const Call& call) {
    return Reply::written(call.context.records.remove(*call.channel, call.key, call.requester), status_of_remove);
}

Reply remove_channel(const Call& call) {
    call.context.records.remove_channel(*call.channel, call.requester);
    return Reply::written(std::nullopt, status_of_remove);
}

Reply say_size(const Call& call, const RecordCount& count) {
    encode_status(call.out, Status::ok);
    encode_node(call.out, call.options.address, call.options.port);
    encode_number(call.out, count.records);
    encode_number(call.out, count.bytes);
    return Reply::answered();
}
Reply get_channel_size(const Call& call) {
    return say_size(call, call.context.records.store().count(*call.channel));
}
Reply get_size(const Call& call) { return say_size(call, call.context.records.store().total()); }

Reply get_num_connections(const Call& call) {
    encode_status(call.out, Status::ok);
    encode_node(call.out, call.options.address, call.options.port);
    encode_number(call.out, call.owner.connection_count());
    return Reply::answered();
}

Reply get_responsible_range(const Call& call) {
    encode_status(call.out, Status::ok);
    encode_range(call.out, call.context.ranges.own().min(), call.context.ranges.own().max());
    return Reply::answered();
}

Reply get_version(const Call& call) {
    encode_status(call.out, Status::ok);
    encode_array(call.out, version_text);
    return Reply::answered();
}

constexpr std::array<HandlerRow, 17> table{{
    {Command::put, put, nullptr, true, true, true, true},
    {Command::get, get, nullptr, true, true, false, false},
    {Command::exists, exists, nullptr, true, true, false, false},
    {Command::remove, remove, nullptr, true, true, true, true},
    {Command::get_channels, nullptr, begin_get_channels, false, false, false, false},
    {Command::get_channel_size, get_channel_size, nullptr, true, false, false, false},
    {Command::get_size, get_size, nullptr, false, false, false, false},
    {Command::get_responsible_range, get_responsible_range, nullptr, false, false, false, false},
    {Command::remove_channel, remove_channel, nullptr, true, false, false, true},
    {Command::get_num_connections, get_num_connections, nullptr, false, false, false, false},
    {Command::get_version, get_version, nullptr, false, false, false, false},
    {Command::listen, nullptr, begin_listen, true, false, false, false},
    {Command::get_all, nullptr, begin_get_all, true, false, false, false},
    {Command::get_all_keys, nullptr, begin_get_all, true, false, false, false},
    {Command::get_all_filter, nullptr, begin_get_all, true, false, false, false},
    {Command::redistribute, nullptr, begin_redistribute, false, false, false, false},
    {Command::put_batch, nullptr, begin_put_batch, true, false, false, false},
}};

}  // namespace

Status status_of_put(Wrote wrote) {
    if (wrote == Wrote::done) return Status::ok;
    return wrote == Wrote::refused ? Status::out_of_memory : Status::error;
}

std::span<const HandlerRow> handler_table() { return table; }

const HandlerRow* find_handler(Command command) {
    const auto* row = std::ranges::find(table, command, &HandlerRow::command);
    return row == table.end() ? nullptr : row;
}

}  // namespace halp::legacy
