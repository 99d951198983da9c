#include "overlay/dht/node/neo_handlers.h"

#include <array>
#include <utility>
#include <variant>

namespace halp::neo {
namespace {

template <class Code>
constexpr std::uint8_t number(Code code) {
    return static_cast<std::uint8_t>(code);
}

constexpr std::size_t value_capacity_kept = std::size_t{256} << 10;

bool responsible(const Request& request, std::uint64_t key) {
    return request.context.ranges.own().contains(Key{key});
}

std::uint8_t code_of_put(Wrote wrote) { return number(wrote == Wrote::done ? PutAnswer::put : PutAnswer::error); }

std::uint8_t code_of_remove(Wrote wrote) {
    if (wrote == Wrote::done) return number(RemoveAnswer::removed);
    return number(wrote == Wrote::absent ? RemoveAnswer::no_record : RemoveAnswer::error);
}

std::uint8_t code_of_remove_channel(Wrote wrote) {
    const bool gone = wrote == Wrote::done || wrote == Wrote::absent;
    return number(gone ? RemoveChannelAnswer::removed : RemoveChannelAnswer::error);
}

Reply put(const Request& request, WriteLog& records) {
    const auto decoded = decode_put(request.parameters);
    const auto* wanted = std::get_if<PutRequest>(&decoded);
    if (!wanted) return Reply::malformed();
    if (!responsible(request, wanted->key)) return Reply::answer(PutAnswer::wrong_node);
    const Channel* const channel = request.context.channel_named(wanted->channel);
    if (!channel || wanted->value.size() > request.context.limits.value_bytes_max)
        return Reply::answer(PutAnswer::error);
    return Reply::written(records.put(*channel, Key{wanted->key}, wanted->value, request.requester), code_of_put);
}

// Get, Exists and Remove differ only in their codes and in what they do with the record.
template <class Answer, class Do>
Reply with_record(const Request& request, WriteLog& records, Parsing parsing, Do with) {
    const auto decoded = decode_record_key(request.parameters, parsing);
    const auto* wanted = std::get_if<RecordAddress>(&decoded);
    if (!wanted) return Reply::malformed();
    if (!responsible(request, wanted->key)) return Reply::answer(Answer::wrong_node);
    const Channel* const channel = request.context.channel_named(wanted->channel);
    if (!channel) return Reply::answer(Answer::error);
    if (!records.store().has_channel(*channel)) return Reply::answer(Answer::no_record);
    return with(*channel, Key{wanted->key});
}

Reply get(const Request& request, WriteLog& records) {
    return with_record<GetAnswer>(request, records, Parsing::lenient, [&](const Channel& channel, Key key) {
        std::string& value = request.context.value;
        if (value.capacity() > value_capacity_kept) std::string().swap(value);
        const Result<bool> found = records.store().get(channel, key, value);
        if (!found) {
            request.context.failures.read_failed("Get", request.client, found.error());
            return Reply::answer(GetAnswer::error);
        }
        if (!found.value()) return Reply::answer(GetAnswer::no_record);
        records.actions().read.add(value.size());
        Reply reply = Reply::answer(GetAnswer::got);
        reply.value = value;
        return reply;
    });
}

Reply exists(const Request& request, WriteLog& records) {
    return with_record<ExistsAnswer>(request, records, Parsing::lenient, [&](const Channel& channel, Key key) {
        const Result<bool> found = records.store().exists(channel, key);
        if (!found) {
            request.context.failures.read_failed("Exists", request.client, found.error());
            return Reply::answer(ExistsAnswer::error);
        }
        return Reply::answer(found.value() ? ExistsAnswer::exists : ExistsAnswer::no_record);
    });
}

Reply remove(const Request& request, WriteLog& records) {
    return with_record<RemoveAnswer>(request, records, Parsing::strict, [&](const Channel& channel, Key key) {
        return Reply::written(records.remove(channel, key, request.requester), code_of_remove);
    });
}

Reply remove_channel(const Request& request, WriteLog& records) {
    const auto decoded = decode_channel(request.parameters);
    const auto* wanted = std::get_if<Bytes>(&decoded);
    if (!wanted) return Reply::malformed();
    if (!request.context.permissions.removes_channels(request.client))
        return Reply::answer(RemoveChannelAnswer::not_permitted);
    const auto channel = Channel::parse(*wanted);
    if (!channel) return Reply::answer(RemoveChannelAnswer::error);
    records.remove_channel(channel.value(), request.requester);
    return Reply::when_written(code_of_remove_channel);
}

constexpr std::array<HandlerRow, 10> table{{
    {RequestCode::get_hash_range, 0, "GetHashRange", nullptr, begin_get_hash_range, false, false},
    {RequestCode::put, 0, "Put", put, nullptr, false, false},
    {RequestCode::get, 0, "Get", get, nullptr, true, false},
    {RequestCode::mirror, 0, "Mirror", nullptr, begin_mirror, false, true},
    {RequestCode::get_all, 0, "GetAll", nullptr, begin_get_all, false, true},
    {RequestCode::get_channels, 0, "GetChannels", nullptr, begin_get_channels, false, false},
    {RequestCode::exists, 0, "Exists", exists, nullptr, false, false},
    {RequestCode::remove, 0, "Remove", remove, nullptr, false, false},
    {RequestCode::remove_channel, 0, "RemoveChannel", remove_channel, nullptr, false, false},
    {RequestCode::update, 0, "Update", nullptr, begin_update, true, true},
}};

}  // namespace

std::span<const HandlerRow> handler_table() { return table; }

const HandlerRow* find_handler(std::uint8_t code, std::uint8_t version, bool& known_code) {
    known_code = false;
    for (const HandlerRow& row : table) {
        if (number(row.code) != code) continue;
        known_code = true;
        if (row.version == version) return &row;
    }
    return nullptr;
}

}  // namespace halp::neo
