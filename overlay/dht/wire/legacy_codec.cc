#include "overlay/dht/wire/legacy_codec.h"

#include <algorithm>
#include <array>

#include "store/records/channel.h"

namespace halp::legacy {
namespace {

using neo::FieldWriter;

// The parameters of a request, in their order.
enum class Field : std::uint8_t { channel, key, value, filter, batch, range, takeovers };
struct Shape {
    Command command;
    std::string_view name;
    std::array<Field, 3> fields;
    std::size_t count;
};
constexpr std::array<Shape, 17> shapes{{
    {Command::put, "Put", {Field::channel, Field::key, Field::value}, 3},
    {Command::get, "Get", {Field::channel, Field::key}, 2},
    {Command::exists, "Exists", {Field::channel, Field::key}, 2},
    {Command::remove, "Remove", {Field::channel, Field::key}, 2},
    {Command::get_channels, "GetChannels", {}, 0},
    {Command::get_channel_size, "GetChannelSize", {Field::channel}, 1},
    {Command::get_size, "GetSize", {}, 0},
    {Command::get_responsible_range, "GetResponsibleRange", {}, 0},
    {Command::remove_channel, "RemoveChannel", {Field::channel}, 1},
    {Command::get_num_connections, "GetNumConnections", {}, 0},
    {Command::get_version, "GetVersion", {}, 0},
    {Command::listen, "Listen", {Field::channel}, 1},
    {Command::get_all, "GetAll", {Field::channel}, 1},
    {Command::get_all_keys, "GetAllKeys", {Field::channel}, 1},
    {Command::get_all_filter, "GetAllFilter", {Field::channel, Field::filter}, 2},
    {Command::redistribute, "Redistribute", {Field::range, Field::takeovers}, 2},
    {Command::put_batch, "PutBatch", {Field::channel, Field::batch}, 2},
}};

const Shape* shape_of(Command command) {
    const auto* found = std::ranges::find(shapes, command, &Shape::command);
    return found == shapes.end() ? nullptr : found;
}

std::span<const Field> fields_of(const Shape& shape) { return std::span(shape.fields).first(shape.count); }

// False: the list has too many nodes.
bool read_takeovers(ArrivedReader& read, std::vector<Takeover>& all) {
    for (;;) {
        const Bytes address = read.array();
        if (!read.whole() || address.empty()) return true;
        if (all.size() == takeovers_max) return false;
        Takeover one{std::string(address), read.number<std::uint16_t>(), read.number<std::uint64_t>(),
                     read.number<std::uint64_t>()};
        if (!read.whole()) return true;
        all.push_back(std::move(one));
    }
}

bool read_field(ArrivedReader& read, Field field, std::uint64_t value_bytes_max, Request& request) {
    switch (field) {
        case Field::channel:
            request.channel = read.array();
            break;
        case Field::key:
            request.key = read.array();
            break;
        case Field::value:
            request.value = read.array(value_bytes_max);
            request.value_left_out = read.too_long();
            break;
        case Field::filter:
        case Field::batch:
            request.value = read.array();
            break;
        case Field::range:
            request.min = read.number<std::uint64_t>();
            request.max = read.number<std::uint64_t>();
            break;
        case Field::takeovers:
            return read_takeovers(read, request.takeovers);
    }
    return true;
}

void encode_field(std::string& out, Field field, const Request& request) {
    FieldWriter write(out);
    switch (field) {
        case Field::channel:
            return write.array(request.channel);
        case Field::key:
            return write.array(request.key);
        case Field::value:
        case Field::filter:
        case Field::batch:
            return write.array(request.value);
        case Field::range:
            return encode_range(out, request.min, request.max);
        case Field::takeovers:
            break;
    }
    for (const Takeover& one : request.takeovers) {
        encode_node(out, one.address, one.port);
        encode_range(out, one.min, one.max);
    }
    write.array({});
}

}  // namespace

std::string_view name(Command command) {
    const Shape* shape = shape_of(command);
    return shape ? shape->name : "?";
}

bool valid_channel(Bytes name) { return Channel::plain(name); }

ReadRequest read_request(Bytes arrived, std::uint64_t value_bytes_max) {
    using Kind = ReadRequest::Kind;
    ReadRequest out;
    ArrivedReader read(arrived);
    out.request.command = Command{read.number<std::uint32_t>()};
    if (!read.whole()) return out;
    const Shape* shape = shape_of(out.request.command);
    if (!shape) return {Kind::unknown, 0, 0, {}};
    for (const Field field : fields_of(*shape))
        if (!read_field(read, field, value_bytes_max, out.request)) return {Kind::too_long, 0, 0, {}};
    out.bytes = read.taken();
    out.skip = read.skip();
    if (read.whole() || out.request.value_left_out)
        out.kind = Kind::request;
    else if (read.too_long())
        out.kind = Kind::too_long;
    return out;
}

void encode_request(std::string& out, const Request& request) {
    FieldWriter(out).number(static_cast<std::uint32_t>(request.command));
    const Shape* shape = shape_of(request.command);
    if (!shape) return;
    for (const Field field : fields_of(*shape)) encode_field(out, field, request);
}

// ---- answers ----

void encode_status(std::string& out, Status status) { FieldWriter(out).number(static_cast<std::uint32_t>(status)); }
void encode_array(std::string& out, Bytes bytes) { FieldWriter(out).array(bytes); }
void encode_flag(std::string& out, bool value) { FieldWriter(out).flag(value); }
void encode_range(std::string& out, std::uint64_t min, std::uint64_t max) {
    FieldWriter write(out);
    write.number(min);
    write.number(max);
}
void encode_node(std::string& out, Bytes address, std::uint16_t port) {
    FieldWriter write(out);
    write.array(address);
    write.number(port);
}
void encode_number(std::string& out, std::uint64_t number) { FieldWriter(out).number(number); }

void encode_record(std::string& out, Key key, Bytes value) {
    FieldWriter write(out);
    write.array(key_text(key));
    write.array(value);
}

bool has_items(Command command) {
    return command == Command::get_channels || command == Command::listen || command == Command::get_all ||
           command == Command::get_all_keys || command == Command::get_all_filter;
}

namespace {

void read_result(ArrivedReader& read, Command command, ReadAnswer& out) {
    switch (command) {
        case Command::get:
        case Command::get_version:
            out.value = read.array();
            break;
        case Command::exists:
            out.exists = read.number<std::uint8_t>() != 0;
            break;
        case Command::get_responsible_range:
            out.min = read.number<std::uint64_t>();
            out.max = read.number<std::uint64_t>();
            break;
        case Command::get_channel_size:
        case Command::get_size:
        case Command::get_num_connections:
            out.address = read.array();
            out.port = read.number<std::uint16_t>();
            out.count = read.number<std::uint64_t>();
            if (command != Command::get_num_connections) out.value_bytes = read.number<std::uint64_t>();
            break;
        default:
            break;
    }
}

}  // namespace

ReadAnswer read_answer(Command command, Bytes arrived) {
    using Kind = ReadAnswer::Kind;
    ReadAnswer out;
    ArrivedReader read(arrived);
    out.status = read.number<std::uint32_t>();
    if (out.status == static_cast<std::uint32_t>(Status::ok)) read_result(read, command, out);
    out.bytes = read.taken();
    if (read.whole()) out.kind = Kind::answer;
    if (read.too_long()) out.kind = Kind::too_long;
    return out;
}

ReadItem read_item(Command command, Bytes arrived) {
    using Kind = ReadItem::Kind;
    ReadItem out;
    ArrivedReader read(arrived);
    out.first = read.array();
    if (command == Command::listen) out.second = read.array();
    out.bytes = read.taken();
    if (read.whole()) out.kind = out.first.empty() ? Kind::end : Kind::item;
    if (read.too_long()) out.kind = Kind::too_long;
    return out;
}

}  // namespace halp::legacy
