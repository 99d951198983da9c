#include "overlay/dht/client/legacy/legacy_client_request.h"

#include <algorithm>

namespace halp::legacy {

RunningRequest::Next RunningRequest::on_item(RequestPart& part, const ReadItem& item) {
    bytes_handled += item.bytes;
    if (command() == Command::get_channels) {
        tell(GotChannel{item.first}, part.endpoint);
    } else if (command() == Command::listen) {
        const Result<Key> which = parse_key(item.first);
        if (!which) return Next::malformed;
        tell(GotRecord{*which, item.second}, part.endpoint);
    } else {
        if (!neo::unpack(item.first, array_bytes_max, part.plain)) return Next::malformed;
        part.batch.emplace(part.plain, command() == Command::get_all_keys, neo::KeyForm::digits);
        return go_on(part);
    }
    return suspended ? Next::hold : Next::more;
}

RunningRequest::Next RunningRequest::go_on(RequestPart& part) {
    if (!part.batch) return suspended ? Next::hold : Next::more;
    while (!suspended && !over_) {
        const auto record = part.batch->next();
        if (!record) {
            const bool malformed = part.batch->failed();
            part.batch.reset();
            return malformed ? Next::malformed : Next::more;
        }
        if (command() == Command::get_all_keys)
            tell(GotKey{record->key}, part.endpoint);
        else
            tell(GotRecord{record->key, record->value}, part.endpoint);
    }
    return Next::hold;
}

void RunningRequest::tell_result(RequestPart& part, const ReadAnswer& answer) {
    switch (answer.status == static_cast<std::uint32_t>(Status::ok) ? command() : Command::put) {
        case Command::get:
            return tell(GotValue{answer.value}, part.endpoint);
        case Command::exists:
            return tell(GotFlag{answer.exists}, part.endpoint);
        case Command::get_size:
        case Command::get_channel_size:
            return tell(GotSize{answer.count, answer.value_bytes}, part.endpoint);
        case Command::get_num_connections:
            return tell(GotConnections{answer.count}, part.endpoint);
        case Command::get_version:
            return tell(GotVersion{answer.value}, part.endpoint);
        case Command::get_responsible_range:
            if (const auto range = HashRange::make(answer.min, answer.max)) tell(GotRange{*range}, part.endpoint);
            return;
        default:
            return;
    }
}

void RunningRequest::finish(RequestPart& part, const Finished& how) {
    part.ended = true;
    if (!how.succeeded()) ++failed;
    part.batch.reset();
    std::string().swap(part.plain);
    tell(how, part.endpoint);
}

bool RunningRequest::all_ended() const {
    return std::ranges::all_of(parts, [](const RequestPart& part) { return part.ended; });
}

dht::RangeCover RunningRequest::cover() const {
    std::vector<HashRange> ranges;
    for (const RequestPart& part : parts) {
        const bool listens = command() == Command::listen && part.begun && !part.ended;
        const auto& range = listens ? part.range : part.covered;
        if (range) ranges.push_back(*range);
    }
    return dht::cover_of(std::move(ranges));
}

}  // namespace halp::legacy
