#include "tools/halpd/http/openapi.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace halp {
namespace {

constexpr std::string_view operation_of(Method method) {
    switch (method) {
        case Method::get:
            return "get";
        case Method::put:
            return "put";
        case Method::post:
            return "post";
        case Method::remove:
            return "delete";
        default:
            return "options";
    }
}

std::vector<std::string_view> words_of(std::string_view list) {
    std::vector<std::string_view> words;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(' '), list.size());
        words.push_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return words;
}

// The type of a parameter or field goes by its name, which is the same everywhere.
Json type_of(std::string_view name) {
    const auto is_one_of = [&](std::string_view list) {
        const std::vector<std::string_view> words = words_of(list);
        return std::find(words.begin(), words.end(), name) != words.end();
    };
    if (name == "worked") return Json::object().set("type", "boolean");
    if (is_one_of("first count port wait seconds seen_unix_s")) return Json::object().set("type", "integer");
    return Json::object().set("type", "string");
}

Json parameter(std::string_view name, const char* place) {
    Json object = Json::object();
    object.set("name", name).set("in", place).set("required", place == std::string_view{"path"});
    return object.set("schema", type_of(name));
}

Json parameters_of(const AdminRoute& route) {
    Json list = Json::array();
    if (const std::size_t open = route.path.find('{'); open != std::string_view::npos)
        list.push(parameter(route.path.substr(open + 1, route.path.find('}') - open - 1), "path"));
    for (const std::string_view name : words_of(route.query)) list.push(parameter(name, "query"));
    if (route.answers == Answers::stream && route.access == Access::reads)
        list.push(parameter("Last-Event-ID", "header"));
    return list;
}

Json body_of(const AdminRoute& route) {
    Json fields = Json::object();
    for (const std::string_view name : words_of(route.body)) fields.set(name, type_of(name));
    Json schema = Json::object();
    schema.set("type", "object").set("properties", fields).set("additionalProperties", false);
    const Json media = Json::object().set("application/json", Json::object().set("schema", schema));
    return Json::object().set("content", media);
}

Json content_of(const AdminRoute& route) {
    if (route.answers == Answers::stream) return Json::object().set("text/event-stream", Json::object());
    if (route.answers == Answers::text) return Json::object().set("text/*", Json::object());
    Json schema = Json::object();
    schema.set("type", "object");
    if (!route.schema.empty())
        schema.set("description", "tools/schemas/" + std::string{route.schema} + ".json has its JSON Schema");
    return Json::object().set("application/json", Json::object().set("schema", schema));
}

Json operation(const AdminRoute& route) {
    Json object = Json::object();
    object.set("summary", route.summary).set("parameters", parameters_of(route));
    if (!route.body.empty()) object.set("requestBody", body_of(route));
    if (route.access == Access::writes)
        object.set("security", Json::array().push(Json::object().set("token", Json::array())));
    Json good = Json::object();
    good.set("description", "What was asked for").set("content", content_of(route));
    Json failing = Json::object();
    failing.set("description", "An error, with code and message");
    return object.set("responses", Json::object().set("2XX", good).set("default", failing));
}

}  // namespace

Json openapi_of(std::span<const AdminRoute> routes, const std::string& version) {
    Json info = Json::object();
    info.set("title", "halpd admin API").set("version", version);
    Json paths = Json::object();
    for (const AdminRoute& route : routes) {
        Json path = paths[route.path];
        paths.set(route.path, path.set(operation_of(route.method), operation(route)));
    }
    Json token = Json::object();
    token.set("type", "http").set("scheme", "bearer");
    const Json schemes = Json::object().set("token", token);
    Json object = Json::object();
    object.set("openapi", "3.1.0").set("info", info).set("paths", paths);
    return object.set("components", Json::object().set("securitySchemes", schemes));
}

}  // namespace halp
