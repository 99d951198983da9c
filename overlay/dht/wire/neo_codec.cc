#include "overlay/dht/wire/neo_codec.h"

#include "overlay/dht/wire/neo_wire.h"

namespace halp::neo {
namespace {

void begin_request(std::string& out, RequestCode code) {
    FieldWriter write(out);
    write.number(static_cast<std::uint8_t>(code));
    write.number(request_version);
}

template <class Code>
void begin_answer(std::string& out, Code code) {
    out.push_back(static_cast<char>(code));
}

}  // namespace

std::string_view name(DecodeError error) {
    switch (error) {
        case DecodeError::need_more:
            return "incomplete";
        case DecodeError::bad_parity:
            return "bad parity";
        case DecodeError::bad_type:
            return "bad message type";
        case DecodeError::bad_length:
            return "impossible length";
        case DecodeError::too_long:
            return "message too long";
        case DecodeError::truncated:
            return "message ends in the middle of a field";
        case DecodeError::surplus:
            return "bytes behind the last field";
        case DecodeError::bad_code:
            return "unknown message";
    }
    return "?";
}

std::string_view name(RequestCode code) {
    switch (code) {
        case RequestCode::get_hash_range:
            return "GetHashRange";
        case RequestCode::put:
            return "Put";
        case RequestCode::get:
            return "Get";
        case RequestCode::mirror:
            return "Mirror";
        case RequestCode::get_all:
            return "GetAll";
        case RequestCode::get_channels:
            return "GetChannels";
        case RequestCode::exists:
            return "Exists";
        case RequestCode::remove:
            return "Remove";
        case RequestCode::remove_channel:
            return "RemoveChannel";
        case RequestCode::update:
            return "Update";
    }
    return "?";
}

// ---- the beginning of a request ----

Decoded<RequestStart> decode_start(Bytes payload) {
    FieldReader read(payload);
    RequestStart start;
    start.code = read.number<std::uint8_t>();
    start.version = read.number<std::uint8_t>();
    if (read.failed()) return DecodeError::truncated;
    start.parameters = payload.substr(2);
    return start;
}

void encode_support(std::string& out, RequestId id, Support support) { encode_code(out, id, support); }

Decoded<Support> decode_support(Bytes payload) {
    FieldReader read(payload);
    const auto support = static_cast<Support>(read.number<std::uint8_t>());
    if (read.failed()) return DecodeError::truncated;
    if (!read.empty()) return DecodeError::surplus;
    if (support < Support::supported || support > Support::code_unknown) return DecodeError::bad_code;
    return support;
}

// ---- parameters ----

void encode_get_hash_range(std::string& out, RequestId id) {
    FrameWriter frame(out, id);
    begin_request(out, RequestCode::get_hash_range);
}

void encode_get_channels(std::string& out, RequestId id) {
    FrameWriter frame(out, id);
    begin_request(out, RequestCode::get_channels);
}

void encode_put(std::string& out, RequestId id, const PutRequest& request) {
    FrameWriter frame(out, id);
    begin_request(out, RequestCode::put);
    FieldWriter write(out);
    write.array(request.channel);
    write.number(request.key);
    write.array(request.value);
}

void encode_record_key(std::string& out, RequestId id, RequestCode code, const RecordAddress& request) {
    FrameWriter frame(out, id);
    begin_request(out, code);
    FieldWriter write(out);
    write.array(request.channel);
    write.number(request.key);
}

void encode_remove_channel(std::string& out, RequestId id, Bytes channel) {
    FrameWriter frame(out, id);
    begin_request(out, RequestCode::remove_channel);
    FieldWriter(out).array(channel);
}

void encode_get_all(std::string& out, RequestId id, const GetAllRequest& request) {
    FrameWriter frame(out, id);
    begin_request(out, RequestCode::get_all);
    FieldWriter write(out);
    write.flag(request.start_suspended);
    write.array(request.channel);
    write.flag(request.continuing);
    write.number(request.continue_from);
    write.flag(request.keys_only);
    write.array(request.value_filter);
}

void encode_mirror(std::string& out, RequestId id, const MirrorRequest& request) {
    FrameWriter frame(out, id);
    begin_request(out, RequestCode::mirror);
    FieldWriter write(out);
    write.flag(request.start_suspended);
    write.array(request.channel);
    write.flag(request.initial_refresh);
    write.number(request.periodic_refresh_s);
}

void encode_update(std::string& out, RequestId id, const UpdateRequest& request) {
    FrameWriter frame(out, id);
    begin_request(out, RequestCode::update);
    FieldWriter write(out);
    write.number(static_cast<std::uint8_t>(request.ask));
    write.array(request.channel);
    write.number(request.key);
    if (request.ask != UpdateAsk::update_record) return;
    write.number(request.original_hash);
    write.array(request.value);
}

void encode_update_decision(std::string& out, RequestId id, const UpdateDecision& decision) {
    FrameWriter frame(out, id);
    FieldWriter write(out);
    write.number(static_cast<std::uint8_t>(decision.ask));
    if (decision.ask != UpdateAsk::update_record) return;
    write.number(decision.original_hash);
    write.array(decision.value);
}

Decoded<PutRequest> decode_put(Bytes parameters) {
    FieldReader read(parameters);
    PutRequest request;
    request.channel = read.array();
    request.key = read.number<std::uint64_t>();
    request.value = read.array();
    return finish(read, request, Parsing::lenient);
}

Decoded<RecordAddress> decode_record_key(Bytes parameters, Parsing parsing) {
    FieldReader read(parameters);
    RecordAddress request;
    request.channel = read.array();
    request.key = read.number<std::uint64_t>();
    return finish(read, request, parsing);
}

Decoded<Bytes> decode_channel(Bytes parameters) {
    FieldReader read(parameters);
    const Bytes channel = read.array();
    return finish(read, channel, Parsing::lenient);
}

Decoded<GetAllRequest> decode_get_all(Bytes parameters) {
    FieldReader read(parameters);
    GetAllRequest request;
    request.start_suspended = read.flag();
    request.channel = read.array();
    request.continuing = read.flag();
    request.continue_from = read.number<std::uint64_t>();
    request.keys_only = read.flag();
    request.value_filter = read.array();
    return finish(read, request, Parsing::strict);
}

Decoded<MirrorRequest> decode_mirror(Bytes parameters) {
    FieldReader read(parameters);
    MirrorRequest request;
    request.start_suspended = read.flag();
    request.channel = read.array();
    request.initial_refresh = read.flag();
    request.periodic_refresh_s = read.number<std::uint32_t>();
    return finish(read, request, Parsing::strict);
}

Decoded<UpdateTarget> decode_update_target(Bytes parameters) {
    FieldReader read(parameters);
    UpdateTarget target;
    target.ask = read.number<std::uint8_t>();
    target.channel = read.array();
    target.key = read.number<std::uint64_t>();
    return finish(read, target, Parsing::lenient);
}

Decoded<UpdateRequest> decode_update(Bytes parameters) {
    FieldReader read(parameters);
    UpdateRequest request;
    request.ask = static_cast<UpdateAsk>(read.number<std::uint8_t>());
    request.channel = read.array();
    request.key = read.number<std::uint64_t>();
    if (read.failed()) return DecodeError::truncated;
    if (request.ask == UpdateAsk::get_record) return request;
    if (request.ask != UpdateAsk::update_record) return DecodeError::bad_code;
    request.original_hash = read.number<std::uint64_t>();
    request.value = read.array();
    return finish(read, request, Parsing::strict);
}

Decoded<UpdateDecision> decode_update_decision(Bytes payload) {
    FieldReader read(payload);
    UpdateDecision decision;
    decision.ask = static_cast<UpdateAsk>(read.number<std::uint8_t>());
    if (read.failed()) return DecodeError::truncated;
    if (decision.ask == UpdateAsk::remove_record || decision.ask == UpdateAsk::leave_record) return decision;
    if (decision.ask != UpdateAsk::update_record) return DecodeError::bad_code;
    decision.original_hash = read.number<std::uint64_t>();
    decision.value = read.array();
    return finish(read, decision, Parsing::strict);
}

// ---- answers ----

Decoded<std::uint8_t> decode_code(Bytes payload) {
    FieldReader read(payload);
    const auto code = read.number<std::uint8_t>();
    if (read.failed()) return DecodeError::truncated;
    if (!read.empty()) return DecodeError::surplus;
    return code;
}

void encode_value(std::string& out, RequestId id, Bytes value) {
    FrameWriter frame(out, id);
    FieldWriter(out).array(value);
}

Decoded<Bytes> decode_value(Bytes payload) {
    FieldReader read(payload);
    const Bytes value = read.array();
    return finish(read, value, Parsing::strict);
}

void encode_channels_answer(std::string& out, RequestId id, const ChannelsAnswer& answer) {
    FrameWriter frame(out, id);
    begin_answer(out, answer.code);
    if (answer.code == ChannelsCode::channel_name) FieldWriter(out).array(answer.name);
}

Decoded<ChannelsAnswer> decode_channels_answer(Bytes payload) {
    FieldReader read(payload);
    ChannelsAnswer answer;
    answer.code = static_cast<ChannelsCode>(read.number<std::uint8_t>());
    if (read.failed()) return DecodeError::truncated;
    if (answer.code < ChannelsCode::error || answer.code > ChannelsCode::finished) return DecodeError::bad_code;
    if (answer.code == ChannelsCode::channel_name) answer.name = read.array();
    return finish(read, answer, Parsing::strict);
}

Decoded<Control> decode_control(Bytes payload) {
    FieldReader read(payload);
    const auto control = static_cast<Control>(read.number<std::uint8_t>());
    if (read.failed()) return DecodeError::truncated;
    if (control < Control::suspend || control > Control::ack) return DecodeError::bad_code;
    return finish(read, control, Parsing::lenient);
}

void encode_get_all_answer(std::string& out, RequestId id, const GetAllAnswer& answer) {
    FrameWriter frame(out, id);
    begin_answer(out, answer.code);
    if (answer.code == GetAllCode::record_batch) FieldWriter(out).array(answer.batch);
}

Decoded<GetAllAnswer> decode_get_all_answer(Bytes payload) {
    FieldReader read(payload);
    GetAllAnswer answer;
    answer.code = static_cast<GetAllCode>(read.number<std::uint8_t>());
    if (read.failed()) return DecodeError::truncated;
    if (answer.code < GetAllCode::ack || answer.code > GetAllCode::finished) return DecodeError::bad_code;
    if (answer.code == GetAllCode::record_batch) answer.batch = read.array();
    return finish(read, answer, Parsing::strict);
}

void encode_mirror_answer(std::string& out, RequestId id, const MirrorAnswer& answer) {
    FrameWriter frame(out, id);
    begin_answer(out, answer.code);
    FieldWriter write(out);
    if (answer.code == MirrorCode::record_changed || answer.code == MirrorCode::record_deleted)
        write.number(answer.key);
    if (answer.code == MirrorCode::record_changed || answer.code == MirrorCode::record_refresh_batch)
        write.array(answer.value);
}

Decoded<MirrorAnswer> decode_mirror_answer(Bytes payload) {
    FieldReader read(payload);
    MirrorAnswer answer;
    answer.code = static_cast<MirrorCode>(read.number<std::uint8_t>());
    if (read.failed()) return DecodeError::truncated;
    if (answer.code < MirrorCode::ack || answer.code > MirrorCode::update_overflow) return DecodeError::bad_code;
    if (answer.code == MirrorCode::record_changed || answer.code == MirrorCode::record_deleted)
        answer.key = read.number<std::uint64_t>();
    if (answer.code == MirrorCode::record_changed || answer.code == MirrorCode::record_refresh_batch)
        answer.value = read.array();
    return finish(read, answer, Parsing::strict);
}

void encode_update_answer(std::string& out, RequestId id, const UpdateAnswer& answer) {
    FrameWriter frame(out, id);
    begin_answer(out, answer.code);
    if (answer.code == UpdateCode::record_value) FieldWriter(out).array(answer.value);
}

Decoded<UpdateAnswer> decode_update_answer(Bytes payload) {
    FieldReader read(payload);
    UpdateAnswer answer;
    answer.code = static_cast<UpdateCode>(read.number<std::uint8_t>());
    if (read.failed()) return DecodeError::truncated;
    if (answer.code < UpdateCode::record_value || answer.code > UpdateCode::error) return DecodeError::bad_code;
    if (answer.code == UpdateCode::record_value) answer.value = read.array();
    return finish(read, answer, Parsing::strict);
}

void encode_hash_range(std::string& out, RequestId id, const RangeBounds& range) {
    FrameWriter frame(out, id);
    FieldWriter write(out);
    write.number(range.min);
    write.number(range.max);
}

void encode_hash_range_news(std::string& out, RequestId id, const HashRangeNews& news) {
    FrameWriter frame(out, id);
    begin_answer(out, news.code);
    FieldWriter write(out);
    if (news.code == HashRangeCode::new_node) {
        for (const std::uint8_t part : news.address) write.number(part);
        write.number(static_cast<std::uint8_t>(news.port >> 8));
        write.number(static_cast<std::uint8_t>(news.port & 0xff));
    }
    write.number(news.range.min);
    write.number(news.range.max);
}

Decoded<RangeBounds> decode_hash_range(Bytes payload) {
    FieldReader read(payload);
    RangeBounds range;
    range.min = read.number<std::uint64_t>();
    range.max = read.number<std::uint64_t>();
    return finish(read, range, Parsing::strict);
}

Decoded<HashRangeNews> decode_hash_range_news(Bytes payload) {
    FieldReader read(payload);
    HashRangeNews news;
    news.code = static_cast<HashRangeCode>(read.number<std::uint8_t>());
    if (read.failed()) return DecodeError::truncated;
    if (news.code < HashRangeCode::new_node || news.code > HashRangeCode::change_hash_range)
        return DecodeError::bad_code;
    if (news.code == HashRangeCode::new_node) {
        for (std::uint8_t& part : news.address) part = read.number<std::uint8_t>();
        const auto high = read.number<std::uint8_t>();
        news.port = static_cast<std::uint16_t>(high << 8 | read.number<std::uint8_t>());
    }
    news.range.min = read.number<std::uint64_t>();
    news.range.max = read.number<std::uint64_t>();
    return finish(read, news, Parsing::strict);
}

}  // namespace halp::neo
