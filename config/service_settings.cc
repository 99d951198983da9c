#include "config/service_settings.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "store/label.h"
#include "store/tags.h"

namespace halp::config {
namespace {

using namespace std::chrono_literals;

struct Field {
    std::string_view name;
    Value (*value)(ServiceSettings&);
    Bounds bounds;
};

constexpr std::array field_table{
    Field{"label", [](ServiceSettings& s) -> Value { return &s.label; }, {1, 255}},
    Field{"host", [](ServiceSettings& s) -> Value { return &s.host; }, {0, 255}},
    Field{"port", [](ServiceSettings& s) -> Value { return &s.port; }, {1, 65535}},
    Field{"tags", [](ServiceSettings& s) -> Value { return &s.tags; }, {0, 256}},
    Field{"check.tcp", [](ServiceSettings& s) -> Value { return &s.check_tcp; }, {1, 300}},
    Field{"check.http", [](ServiceSettings& s) -> Value { return &s.check_http; }, {1, 1000}},
    Field{"check.command", [](ServiceSettings& s) -> Value { return &s.check_command; }, {1, 4096}},
    Field{"check.interval", [](ServiceSettings& s) -> Value { return &s.interval; }, between(100ms, 24h)},
    Field{"check.timeout", [](ServiceSettings& s) -> Value { return &s.timeout; }, between(10ms, 5min)},
};

Error refused_service(std::string what) { return {ErrorCode::invalid, std::move(what)}; }

// Names would have to be looked up, and a check does not wait for a name server.
bool numeric(const Endpoint& endpoint) { return !endpoint.packed_address().empty(); }

Endpoint with_address(Endpoint endpoint) {
    if (endpoint.host == "localhost") endpoint.host = "127.0.0.1";
    return endpoint;
}

}  // namespace

ServiceSettings::Check ServiceSettings::check() const {
    if (!check_tcp.empty()) return Check::tcp;
    if (!check_http.empty()) return Check::http;
    return check_command.empty() ? Check::none : Check::command;
}

const std::string& ServiceSettings::target() const {
    if (!check_tcp.empty()) return check_tcp;
    return check_http.empty() ? check_command : check_http;
}

std::vector<std::string> service_fields() {
    std::vector<std::string> names;
    for (const Field& field : field_table) names.emplace_back(field.name);
    return names;
}

Result<void> assign_service(ServiceSettings& service, std::string_view name, const ValueText& text) {
    const auto field =
        std::find_if(field_table.begin(), field_table.end(), [&](const Field& f) { return f.name == name; });
    if (field == field_table.end()) return refused_service("no such field");
    if (name != "tags") return assign(field->value(service), field->bounds, text);
    std::vector<std::string> tags;
    for (const std::string& item : text.items)
        for (std::string& tag : split_tags(item)) tags.push_back(std::move(tag));
    Result<std::string> joined = tags_text(std::move(tags));
    if (!joined) return joined.error();
    service.tags = *std::move(joined);
    return {};
}

Result<CheckedUrl> parse_checked_url(std::string_view url) {
    constexpr std::string_view scheme = "http://";
    if (!url.starts_with(scheme))
        return refused_service("an address such as http://127.0.0.1:8080/health is wanted");
    url.remove_prefix(scheme.size());
    const std::size_t slash = std::min(url.find('/'), url.size());
    std::string host{url.substr(0, slash)};
    const bool has_port = host.find(':', host.starts_with('[') ? host.find(']') : 0) != std::string::npos;
    Result<Endpoint> endpoint = Endpoint::parse(has_port ? host : host + ":80");
    if (!endpoint) return endpoint.error();
    const Endpoint at = with_address(*endpoint);
    if (!numeric(at)) return refused_service("a numeric address is wanted, such as http://127.0.0.1:8080/health");
    const std::string path{slash == url.size() ? "/" : url.substr(slash)};
    const auto refused = [](char c) { return (c >= 0 && c <= ' ') || c == '\x7f'; };
    if (std::any_of(path.begin(), path.end(), refused))
        return refused_service("the path has a blank or a control byte");
    return CheckedUrl{at, path};
}

Result<Endpoint> checked_endpoint(const ServiceSettings& service) {
    const std::string own = service.host.empty() ? "127.0.0.1" : service.host;
    const bool itself = service.check_tcp == "yes" || service.check_tcp == "true";
    Result<Endpoint> endpoint = itself ? Endpoint::make(own, service.port) : Endpoint::parse(service.check_tcp);
    if (!endpoint) return endpoint.error();
    const Endpoint at = with_address(*endpoint);
    if (!numeric(at)) return refused_service("a numeric HOST:PORT is wanted, or `yes` for the service itself");
    return at;
}

std::string service_problem(const ServiceSettings& service) {
    const Result<Label> label = Label::parse(service.label);
    if (service.label.empty()) return "label is missing";
    if (!label) return "label: " + label.error().message;
    if (label->lists_names() || *label == Label::halp())
        return "label: hosts cannot be announced under " + service.label + "; choose another label";
    if (service.port == 0) return "port is missing";
    if (!service.host.empty() && !Endpoint::make(service.host, service.port))
        return "host: " + quoted(service.host) + " is no host";
    const auto checks = static_cast<int>(!service.check_tcp.empty()) +
                        static_cast<int>(!service.check_http.empty()) +
                        static_cast<int>(!service.check_command.empty());
    if (checks > 1) return "check: choose one of tcp, http and command";
    if (!service.check_tcp.empty())
        if (const auto at = checked_endpoint(service); !at) return "check.tcp: " + at.error().message;
    if (!service.check_http.empty())
        if (const auto at = parse_checked_url(service.check_http); !at) return "check.http: " + at.error().message;
    return {};
}

std::string service_lines(const ServiceSettings& service, const std::string& indent) {
    ServiceSettings copy = service;
    const ServiceSettings fresh;
    std::string out;
    bool in_check = false;
    for (const Field& field : field_table) {
        ServiceSettings unset = fresh;
        const std::string text = yaml_text(field.value(copy));
        if (text == yaml_text(field.value(unset))) continue;
        const bool nested = field.name.starts_with("check.");
        if (nested && !in_check) out += indent + "check:\n";
        in_check = in_check || nested;
        out += indent + (nested ? "  " : "") + std::string{field.name.substr(nested ? 6 : 0)} + ": " + text + "\n";
    }
    return out;
}

}  // namespace halp::config
