// The table of the admin API's routes, and what follows from it: dispatch, Allow, who needs the token.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "tools/halpd/admin/admin_api.h"
#include "tools/halpd/admin/admin_json.h"
#include "tools/halpd/http/dashboard.h"
#include "tools/halpd/http/metrics.h"
#include "tools/halpd/http/openapi.h"

namespace halp {
namespace {

std::string_view name_of(Method method) {
    constexpr std::array<std::string_view, 6> names{"GET", "PUT", "POST", "DELETE", "OPTIONS", ""};
    return names[static_cast<std::size_t>(method)];
}

// `segment` becomes what stands for the braces.
bool fits(std::string_view pattern, const std::vector<std::string>& path, std::string& segment) {
    std::size_t at = 0;
    for (pattern.remove_prefix(1); !pattern.empty(); ++at) {
        const std::string_view wanted = pattern.substr(0, pattern.find('/'));
        if (at == path.size() || (wanted.front() != '{' && wanted != path[at])) return false;
        if (wanted.front() == '{') segment = path[at];
        pattern.remove_prefix(std::min(wanted.size() + 1, pattern.size()));
    }
    return at == path.size();
}

AdminReply token_needed(const AdminRequest& request) {
    if (request.has_token)
        return AdminApi::failure(401, "unauthorized", "send the token: Authorization: Bearer TOKEN");
    return AdminApi::failure(403, "refused",
                             "nothing can be changed over HTTP here; set http.token_file, or use the admin socket");
}

}  // namespace

template <class Answer>
AdminReply AdminApi::with_label(const std::string& name, Answer answer) {
    const Result<Label> label = Label::parse(name);
    return label ? answer(*label) : failure(400, "bad_label", label.error().message);
}

std::span<const AdminRoute> AdminApi::routes() {
    using R = const AdminRequest&;
    using S = const std::string&;
    constexpr auto reads = Access::reads;
    constexpr auto writes = Access::writes;
    constexpr auto json = Answers::json;
    constexpr auto stream = Answers::stream;
    constexpr auto text = Answers::text;
    static constexpr AdminRoute all[]{
        {Method::get, "/", reads, text, [](AdminApi& api, R r, S) { return api.asset(r); }, "The dashboard", "", "",
         ""},
        {Method::get, "/dashboard.js", reads, text, [](AdminApi& api, R r, S) { return api.asset(r); },
         "Its program", "", "", ""},
        {Method::get, "/dashboard.css", reads, text, [](AdminApi& api, R r, S) { return api.asset(r); },
         "Its style", "", "", ""},
        {Method::get, "/icon.svg", reads, text, [](AdminApi& api, R r, S) { return api.asset(r); }, "Its icon", "",
         "", ""},
        {Method::get, "/healthz", reads, json, [](AdminApi& api, R, S) { return api.health(); },
         "503 while the daemon leaves", "", "", "admin-health"},
        {Method::get, "/readyz", reads, json, [](AdminApi& api, R, S) { return api.readiness(); },
         "503 until somebody of the swarm was met, and while the daemon leaves", "", "", "admin-health"},
        {Method::get, "/version", reads, json, [](AdminApi& api, R, S) { return api.version(); },
         "Name and version of the program", "", "", "admin-version"},
        {Method::get, "/metrics", reads, text, [](AdminApi& api, R, S) { return api.metrics(); },
         "Metrics in the text format of Prometheus", "", "", ""},
        {Method::get, "/openapi.json", reads, json, [](AdminApi& api, R, S) { return api.openapi(); },
         "This description", "", "", ""},
        {Method::get, "/v1/status", reads, json, [](AdminApi& api, R r, S) { return api.status(r); },
         "The node and all its counters", "", "", "admin-status"},
        {Method::get, "/v1/peers", reads, json, [](AdminApi& api, R, S) { return api.peers(); },
         "The nodes that this one knows, dead ones last", "", "", "admin-peers"},
        {Method::get, "/v1/labels", reads, json, [](AdminApi& api, R r, S) { return api.labels(r); },
         "Names of labels, by pages", "directory first count", "", "admin-names"},
        {Method::remove, "/v1/labels", writes, json, [](AdminApi& api, R, S) { return api.clear_all(); },
         "Forget every list", "", "", "admin-clear"},
        {Method::get, "/v1/labels/{label}", reads, json,
         [](AdminApi& api, R r, S name) {
             return with_label(name, [&](const Label& label) { return api.hosts(label, r); });
         },
         "The hosts of a label; waits for a change with wait and since", "first count tag wait since", "",
         "admin-hosts"},
        {Method::put, "/v1/labels/{label}", writes, json,
         [](AdminApi& api, R r, S name) {
             return with_label(name, [&](const Label& label) { return api.put(label, r); });
         },
         "Announce or insert a host", "", "host port endpoint kind seconds seen_unix_s tags", "admin-put"},
        {Method::remove, "/v1/labels/{label}", writes, json,
         [](AdminApi& api, R r, S name) {
             return with_label(name, [&](const Label& label) { return api.remove(label, r); });
         },
         "Withdraw an announcement, or clear the list", "host port endpoint", "", "admin-withdraw"},
        {Method::post, "/v1/labels/{label}/confirm", writes, json,
         [](AdminApi& api, R r, S name) {
             return with_label(name, [&](const Label& label) { return api.confirm(label, r); });
         },
         "Tell whether a host could be dialled", "", "host port endpoint worked", "admin-confirm"},
        {Method::get, "/v1/events", reads, stream, [](AdminApi& api, R r, S) { return api.events(r); },
         "Events, of one label or of all; resumes by Last-Event-ID", "label", "", "events"},
        {Method::get, "/v1/announce", writes, stream, [](AdminApi& api, R r, S) { return api.announce(r); },
         "Announce for as long as the connection lives", "label host port endpoint tags", "", "events"},
        {Method::get, "/v1/seeds", reads, json, [](AdminApi& api, R, S) { return api.seeds(); },
         "The addresses by which the node finds its swarm", "", "", "admin-seeds"},
        {Method::remove, "/v1/seeds", writes, json, [](AdminApi& api, R r, S) { return api.unjoin(r); },
         "Take back a seed that was joined", "host port endpoint", "", ""},
        {Method::post, "/v1/join", writes, json, [](AdminApi& api, R r, S) { return api.join(r); },
         "One more seed, contacted now", "", "host port endpoint", "admin-join"},
        {Method::post, "/v1/leave", writes, json, [](AdminApi& api, R r, S) { return api.leave(r); },
         "Leave the swarm and end", "", "", "admin-leave"},
        {Method::get, "/v1/dht", reads, json, [](AdminApi& api, R r, S) { return api.dht(r, false); },
         "The node of the record store", "", "", "admin-dht"},
        {Method::get, "/v1/dht/channels", reads, json, [](AdminApi& api, R r, S) { return api.dht(r, true); },
         "Its channels, by pages", "after count", "", "admin-dht-channels"},
        // Names of clients and of a file are for those who may change them.
        {Method::get, "/v1/dht/credentials", writes, json,
         [](AdminApi& api, R, S) { return api.dht_credentials(); }, "Names of its clients", "", "",
         "admin-dht-credentials"},
        {Method::post, "/v1/dht/credentials", writes, json,
         [](AdminApi& api, R, S) { return api.reload_dht_credentials(); }, "Read the keys of its clients again", "",
         "", "admin-dht-credentials"},
    };
    return all;
}

std::string AdminApi::allowed_at(const std::vector<std::string>& path) {
    std::string allow, segment;
    for (const AdminRoute& route : routes()) {
        if (!fits(route.path, path, segment)) continue;
        allow += (allow.empty() ? "" : ", ") + std::string{name_of(route.method)};
        if (route.method == Method::get) allow += ", HEAD";
    }
    return allow.empty() ? allow : allow + ", OPTIONS";
}

AdminReply AdminApi::handle(const AdminRequest& request) {
    const std::optional<std::vector<std::string>> path = path_segments(request.target);
    if (!path) return failure(400, "bad_request", "the path is malformed");
    std::string segment;
    for (const AdminRoute& route : routes())
        if (route.method == request.method && fits(route.path, *path, segment))
            return answer(route, request, segment);
    std::string allow = allowed_at(*path);
    if (allow.empty()) {
        const bool plain_slash = path->size() > 3 && path->at(0) == "v1" && path->at(1) == "labels";
        return failure(404, "not_found",
                       plain_slash ? "no such route; a / inside a label is written %2F" : "no such route");
    }
    AdminReply reply = request.method == Method::options
                           ? AdminReply{204, {}, {}, {}}
                           : failure(405, "method_not_allowed", "this route takes " + allow + " only");
    reply.allow = std::move(allow);
    return reply;
}

AdminReply AdminApi::answer(const AdminRoute& route, const AdminRequest& request, const std::string& segment) {
    if (route.access == Access::writes && !request.trusted) return token_needed(request);
    if (leaving_ && request.method != Method::get) return failure(503, "leaving", "the daemon is going down");
    // A HEAD begins nothing.
    if (request.head && route.answers == Answers::stream) {
        AdminReply head;
        head.text_type = "text/event-stream";
        return head;
    }
    return route.answer(*this, request, segment);
}

AdminReply AdminApi::asset(const AdminRequest& request) const {
    AdminReply reply;
    reply.asset = dashboard_asset(request.target.substr(0, request.target.find('?')));
    if (reply.asset == nullptr) return failure(404, "not_found", "no such route");
    reply.etag = reply.asset->etag();
    if (request.if_none_match.find(reply.etag) != std::string::npos) reply.status = 304;
    return reply;
}

AdminReply AdminApi::metrics() {
    AdminReply reply;
    reply.json = metrics_text(status_object(), ages_.of(node_, clock_.now(), clock_.wall()));
    reply.text_type = metrics_type;
    return reply;
}

AdminReply AdminApi::openapi() const {
    AdminReply reply;
    reply.json = admin_text(openapi_of(routes(), info_.version));
    return reply;
}

}  // namespace halp
