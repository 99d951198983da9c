#include "tools/halpd/admin/admin_api.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "store/tags.h"
#include "tools/halpd/admin/admin_json.h"
#include "tools/halpd/admin/event_text.h"

namespace halp {
namespace {

constexpr std::uint64_t page_max = 10'000;
constexpr std::uint64_t position_max = 100'000'000;
constexpr std::uint64_t wait_s_max = 300;
// More than there are events. The ids stay below 2^53 until the year 2242.
constexpr std::uint64_t ids_per_second = std::uint64_t{1} << 20;

AdminReply ok(const Json& object, int status = 200) { return {status, admin_text(object), {}, {}}; }

AdminReply bad_request(const Error& error) { return AdminApi::failure(400, "bad_request", error.message); }

// The HTTP status for an error of the node.
AdminReply failed(const Error& error) {
    switch (error.code) {
        case ErrorCode::invalid:
            return AdminApi::failure(400, "bad_request", error.message);
        case ErrorCode::not_found:
            return AdminApi::failure(404, "not_found", error.message);
        case ErrorCode::refused:
            return AdminApi::failure(403, "refused", error.message);
        case ErrorCode::full:
            return AdminApi::failure(503, "full", error.message);
        case ErrorCode::busy:
        case ErrorCode::unreachable:
        case ErrorCode::timed_out:
            return AdminApi::failure(503, "busy", error.message);
        case ErrorCode::io:
            break;
    }
    return AdminApi::failure(500, "io", error.message);
}

AdminReply bad_label(const Error& error) { return AdminApi::failure(400, "bad_label", error.message); }

// Names what a list shows but for the times: the same hosts in any order have the same index.
std::string index_of(const std::vector<ListedHost>& hosts, std::size_t total) {
    std::uint64_t sum = total * 0x9e3779b97f4a7c15u;
    for (const ListedHost& host : hosts) {
        const auto flags = static_cast<std::uint64_t>(host.own) | static_cast<std::uint64_t>(host.proved) << 1 |
                           static_cast<std::uint64_t>(host.claimed) << 2;
        const std::uint64_t tags = host.tags.empty() ? 0 : std::hash<std::string_view>{}(host.tags);
        const std::uint64_t mixed = (host.endpoint.hash() ^ flags ^ tags) * 0xff51afd7ed558ccdu;
        sum += mixed ^ mixed >> 32;
    }
    return std::to_string(sum);
}

// If-None-Match: "*" or a list of tags. Weak and strong ones are the same here.
bool names_tag(std::string_view header, std::string_view etag) {
    const std::string_view quoted = etag.substr(etag.find('"'));
    return header == "*" || header.find(quoted) != std::string_view::npos;
}

std::string child_of(const Label& directory, const std::string& name) {
    return directory == Label::labels() ? name : directory.text() + name;
}

}  // namespace

AdminApi::AdminApi(OverlayNode& node, const Clock& clock, DaemonInfo info, std::function<void()> leave)
    : node_(node),
      clock_(clock),
      info_(std::move(info)),
      leave_(std::move(leave)),
      // Ids of an earlier daemon are lower, so a reader that brings one is told of the gap.
      last_event_(static_cast<std::uint64_t>(std::max<std::int64_t>(0, count(clock.wall()))) * ids_per_second) {}

AdminReply AdminApi::failure(int status, std::string_view code, std::string_view message) {
    const Json error{Json::object({{"code", code}, {"message", message}})};
    return {status, admin_text(admin_object().set("error", error)), {}, {}};
}

AdminReply AdminApi::health() const {
    return ok(admin_object().set("status", leaving_ ? "leaving" : "ok"), leaving_ ? 503 : 200);
}

// A node that is to join a swarm has nothing to tell before it has met somebody.
AdminReply AdminApi::readiness() const {
    if (leaving_) return health();
    const std::vector<SeedStatus> seeds = node_.seeds();
    const bool heard = std::ranges::any_of(seeds, [](const SeedStatus& seed) {
        return seed.outcome == SeedOutcome::answered || seed.outcome == SeedOutcome::itself;
    });
    const bool joins = !seeds.empty() && !heard && node_.status().peers_listed == 0;
    return ok(admin_object().set("status", joins ? "joining" : "ok"), joins ? 503 : 200);
}

AdminReply AdminApi::version() const {
    return ok(admin_object().set("program", "halpd").set("version", info_.version));
}

AdminReply AdminApi::clear_all() {
    node_.clear_all();
    return ok(admin_object().set("cleared", true));
}

Json AdminApi::status_object() const {
    const NodeStatus now = node_.status();
    Json object = admin_object();
    object.set("version", info_.version).set("pid", info_.pid);
    object.set("uptime_s", seconds_json(clock_.now() - info_.started));
    object.set("swarm", now.swarm).set("profile", info_.profile).set("listening", info_.listening);
    add_self(object, now).set("state_dir", info_.state_dir).set("cache_dir", info_.cache_dir);
    add_status(object, now);
    if (info_.add_connections) info_.add_connections(object);
    if (info_.dht) object.set("dht", info_.dht());
    Json own = Json::array();
    for (const OwnAnnouncement& announcement : node_.announcements()) own.push(json_of(announcement));
    return object.set("own", own);
}

// What a command of a check prints is for who runs it: it may hold a password.
Json AdminApi::without_output(const Json& services) {
    Json list = Json::array();
    for (Json service : services.items()) {
        const std::string why = service["why"].text_or("");
        if (service["check"].text_or("") == "command") service.set("why", why.substr(0, why.find(':')));
        list.push(std::move(service));
    }
    return list;
}

// The name of the swarm keeps strangers out of it, so only who may use the socket or has the token reads it.
AdminReply AdminApi::status(const AdminRequest& request) const {
    Json object = status_object();
    if (!request.trusted)
        for (const char* hidden : {"swarm", "state_dir", "cache_dir"}) object.set(hidden, "");
    if (!request.trusted && object.has("services")) object.set("services", without_output(object["services"]));
    return ok(object);
}

AdminReply AdminApi::dht_credentials() const {
    if (!info_.dht_credentials) return failure(404, "not_found", "no records are kept here");
    return ok(admin_object().set_all(info_.dht_credentials()));
}

AdminReply AdminApi::reload_dht_credentials() const {
    if (!info_.dht_credentials) return failure(404, "not_found", "no records are kept here");
    if (const Result<void> read = info_.reload_dht_credentials(); !read)
        return failure(409, "kept", read.error().message + "; the old ones stay");
    return dht_credentials();
}

AdminReply AdminApi::peers() const {
    const std::vector<PeerStatus> all = node_.peers();
    Json listed = Json::array();
    for (const bool grave : {false, true})  // the dead come last
        for (const PeerStatus& peer : all)
            if ((peer.role == PeerRole::grave) == grave) listed.push(json_of(peer));
    Json object = admin_object();
    return ok(add_self(object, node_.status()).set("total", all.size()).set("peers", listed));
}

AdminReply AdminApi::labels(const AdminRequest& request) const {
    const Result<Parameters> query = Parameters::of_query(request.target);
    if (!query) return bad_request(query.error());
    if (const Result<void> known = query->only({"directory", "first", "count"}); !known)
        return bad_request(known.error());
    if (!query->has("directory")) return names(Label::labels(), *query);
    const Result<Label> directory = Label::parse(*query->text("directory"));
    if (!directory) return bad_label(directory.error());
    if (!directory->lists_names())
        return failure(400, "bad_label", directory->text() + " lists hosts; a directory ends in /");
    return names(*directory, *query);
}

AdminReply AdminApi::dht(const AdminRequest& request, bool channels) const {
    if (!info_.dht || !info_.dht_channels) return failure(404, "not_found", "no records are kept here");
    if (!channels) return ok(admin_object().set("dht", info_.dht()));
    const Result<Parameters> query = Parameters::of_query(request.target);
    if (!query) return bad_request(query.error());
    if (const Result<void> known = query->only({"after", "count"}); !known) return bad_request(known.error());
    const Result<std::uint64_t> count = query->number("count", 1000, 1, page_max);
    if (!count) return bad_request(count.error());
    const Result<Json> list = info_.dht_channels(query->text("after").value_or(""), *count);
    if (!list) return bad_request(list.error());
    return ok(admin_object().set("channels", *list));
}

AdminReply AdminApi::names(const Label& directory, const Parameters& query) const {
    const Result<std::uint64_t> first = query.number("first", 0, 0, position_max);
    const Result<std::uint64_t> count = query.number("count", 1000, 1, page_max);
    if (!first) return bad_request(first.error());
    if (!count) return bad_request(count.error());
    // One name more than was asked for: it tells whether there is another page.
    std::vector<ListedName> page = node_.names(directory, *first, *count + 1);
    const bool more = page.size() > *count;
    if (more) page.pop_back();
    Json list = Json::array();
    for (const ListedName& one : page)
        list.push(Json::object()
                      .set("name", one.name)
                      .set("label", child_of(directory, one.name))
                      .set("seen_unix_s", halp::count(one.seen)));
    Json object = admin_object();
    object.set("directory", directory.text()).set("kind", "names").set("known", node_.known(directory));
    return ok(object.set("first", *first).set("more", more).set("names", list));
}

AdminReply AdminApi::hosts(const Label& label, const AdminRequest& request) const {
    const Result<Parameters> query = Parameters::of_query(request.target);
    if (!query) return bad_request(query.error());
    const bool waits = query->has("wait") || query->has("since");
    if (label.lists_names() && waits)
        return failure(400, "bad_label", "lists of names cannot be waited for; leave wait and since out");
    if (const Result<void> known = query->only({"first", "count", "tag", "wait", "since"}); !known)
        return bad_request(known.error());
    if (label.lists_names()) return names(label, *query);
    const Result<std::uint64_t> first = query->number("first", 0, 0, position_max);
    const Result<std::uint64_t> count = query->number("count", 100, 1, page_max);
    const Result<std::uint64_t> wait = query->number("wait", 0, 0, wait_s_max);
    if (!first) return bad_request(first.error());
    if (!count) return bad_request(count.error());
    if (!wait) return bad_request(wait.error());
    const HostPage page = query->has("tag") ? tagged_page(label, *query->text("tag"), *first, *count)
                                            : HostPage{node_.hosts(label, *first, *count), node_.host_count(label)};
    const std::string index = index_of(page.hosts, page.total);
    Json object = admin_object();
    object.set("label", label.text()).set("kind", "hosts").set("known", node_.known(label));
    object.set("first", *first).set("total", page.total).set("index", index);
    AdminReply reply = ok(object);
    reply.json.back() = ',';
    reply.json += "\"entries\":[";
    for (const ListedHost& host : page.hosts) {
        append_text(reply.json, host);
        reply.json += ',';
    }
    if (reply.json.back() == ',') reply.json.pop_back();
    reply.json += "]}";
    reply.etag = "W/\"" + index + "\"";
    const bool known_tag = names_tag(request.if_none_match, reply.etag);
    if (known_tag || query->text("since").value_or("") == index)
        reply.wait = ListWait{label, reply.etag, std::chrono::seconds{static_cast<std::int64_t>(*wait)}};
    if (known_tag) reply.status = 304;
    if (*wait == 0 || leaving_) reply.wait.reset();
    return reply;
}

// `total` counts the hosts with the tag.
AdminApi::HostPage AdminApi::tagged_page(const Label& label, const std::string& tag, std::uint64_t first,
                                         std::uint64_t count) const {
    HostPage page;
    for (const ListedHost& host : node_.hosts(label, 0, node_.host_count(label))) {
        if (!has_tag(host.tags, tag)) continue;
        if (page.total >= first && page.total - first < count) page.hosts.push_back(host);
        ++page.total;
    }
    return page;
}

AdminApi::Named AdminApi::endpoint_of(const Parameters& parameters, HostRule rule) const {
    const auto failing = [](AdminReply reply) { return Named{std::nullopt, std::move(reply), false}; };
    if (parameters.has("endpoint")) {
        if (parameters.has("host") || parameters.has("port"))
            return failing(failure(400, "bad_request", "give endpoint, or host and port, not both"));
        const Result<std::string> text = parameters.text("endpoint");
        if (!text) return failing(bad_request(text.error()));
        Result<Endpoint> endpoint = Endpoint::parse(*text);
        if (!endpoint) return failing(failure(400, "bad_endpoint", endpoint.error().message));
        return {std::move(*endpoint), {}, false};
    }
    if (!parameters.has("port")) return failing(failure(400, "bad_request", "port is missing"));
    const Result<std::uint64_t> port = parameters.number("port", 0, 0, 1'000'000);
    if (!port) return failing(bad_request(port.error()));
    std::string host;
    if (parameters.has("host")) {
        const Result<std::string> given = parameters.text("host");
        if (!given) return failing(bad_request(given.error()));
        host = *given;
    } else if (rule == HostRule::self_host) {
        const std::optional<Endpoint> self = node_.status().self;
        if (!self)
            return failing(failure(409, "self_unknown", "this node does not know its address yet; give a host"));
        host = self->host;
    } else {
        return failing(failure(400, "bad_request", "host is missing"));
    }
    Result<Endpoint> endpoint = Endpoint::make(host, *port);
    if (!endpoint) return failing(failure(400, "bad_endpoint", endpoint.error().message));
    return {std::move(*endpoint), {}, !parameters.has("host")};
}

// `tags` of the request has commas between them.
Result<OwnAnnouncement> AdminApi::announce_named(const Label& label, const Endpoint& endpoint, bool own_host,
                                                 const Parameters& from) {
    std::string tags;
    if (from.has("tags")) {
        const Result<std::string> given = from.text("tags");
        Result<std::string> text = given ? tags_text(split_tags(*given)) : given.error();
        if (!text) return text.error();
        tags = *std::move(text);
    }
    if (own_host) {
        const Result<Endpoint> stands = node_.announce_here(label, endpoint.port, tags);
        if (!stands) return stands.error();
        return OwnAnnouncement{label, *stands, true, tags};
    }
    if (const Result<void> done = node_.announce(label, endpoint, tags); !done) return done.error();
    return OwnAnnouncement{label, endpoint, false, tags};
}

AdminReply AdminApi::put(const Label& label, const AdminRequest& request) {
    const Result<Parameters> body = Parameters::of_json(request.body);
    if (!body) return failure(400, "bad_json", body.error().message);
    const Result<void> known = body->only({"host", "port", "endpoint", "kind", "seconds", "seen_unix_s", "tags"});
    if (!known) return bad_request(known.error());
    std::string kind = "announce";
    if (body->has("kind")) {
        const Result<std::string> given = body->text("kind");
        if (!given) return bad_request(given.error());
        kind = *given;
    }
    if (kind != "announce" && kind != "insert")
        return failure(400, "bad_request", "kind must be announce or insert");
    const bool inserts = kind == "insert";
    if (!inserts && (body->has("seconds") || body->has("seen_unix_s")))
        return failure(400, "bad_request", "seconds and seen_unix_s belong to kind insert");
    if (inserts && body->has("tags")) return failure(400, "bad_request", "tags belong to kind announce");
    const Named named = endpoint_of(*body, inserts ? HostRule::required : HostRule::self_host);
    if (!named.endpoint) return named.failure;
    if (inserts) return insert(label, *named.endpoint, *body);
    const Result<OwnAnnouncement> own = announce_named(label, *named.endpoint, named.own_host, *body);
    if (!own) return failed(own.error());
    kept_.insert(key_of(*own));
    Json object = admin_object();
    object.set("label", label.text());
    return ok(add_endpoint(object, own->endpoint).set("kind", kind).set("own_host", own->own_host));
}

AdminReply AdminApi::insert(const Label& label, const Endpoint& endpoint, const Parameters& body) {
    const auto latest = static_cast<std::uint64_t>(count(unix_seconds_max));
    const Result<std::uint64_t> age = body.number("seconds", 0, 0, latest);
    const Result<std::uint64_t> stated = body.number("seen_unix_s", 0, 0, latest);
    if (!age) return bad_request(age.error());
    if (!stated) return bad_request(stated.error());
    if (body.has("seconds") && body.has("seen_unix_s"))
        return failure(400, "bad_request", "give seconds or seen_unix_s, not both");
    const std::int64_t since_now =
        std::max<std::int64_t>(0, count(clock_.wall()) - static_cast<std::int64_t>(*age));
    const UnixSeconds seen{body.has("seen_unix_s") ? static_cast<std::int64_t>(*stated) : since_now};
    const Result<void> done = node_.insert(label, endpoint, seen);
    if (!done) return failed(done.error());
    Json object = admin_object();
    object.set("label", label.text());
    return ok(add_endpoint(object, endpoint).set("kind", "insert"));
}

AdminReply AdminApi::remove(const Label& label, const AdminRequest& request) {
    const Result<Parameters> query = Parameters::of_query(request.target);
    if (!query) return bad_request(query.error());
    if (const Result<void> known = query->only({"host", "port", "endpoint"}); !known)
        return bad_request(known.error());
    const bool whole_label = !query->has("host") && !query->has("port") && !query->has("endpoint");
    Json object = admin_object();
    object.set("label", label.text());
    if (whole_label) return ok(object.set("cleared", node_.clear(label)));
    const bool own_host = !query->has("host") && !query->has("endpoint");
    if (own_host) return withdraw_here(label, *query);
    const Named named = endpoint_of(*query, HostRule::required);
    if (!named.endpoint) return named.failure;
    for (const OwnAnnouncement& own : node_.announcements())
        if (own.label == label && own.endpoint == *named.endpoint) kept_.erase(key_of(own));
    kept_.erase({label, *named.endpoint});
    if (!node_.withdraw(label, *named.endpoint))
        return failure(404, "not_found", named.endpoint->text() + " is not announced here under " + label.text());
    return ok(object.set("endpoint", named.endpoint->text()).set("withdrawn", true));
}

// What was announced without a host, also while this node does not know its address.
AdminReply AdminApi::withdraw_here(const Label& label, const Parameters& query) {
    const Result<std::uint64_t> port = query.number("port", 0, 1, 65535);
    if (!port) return bad_request(port.error());
    const Endpoint own{"", static_cast<std::uint16_t>(*port)};
    kept_.erase({label, own});
    if (!node_.withdraw_here(label, own.port))
        return failure(404, "not_found",
                       "port " + std::to_string(own.port) + " of this node is not announced under " + label.text());
    return ok(admin_object().set("label", label.text()).set("port", own.port).set("withdrawn", true));
}

AdminReply AdminApi::confirm(const Label& label, const AdminRequest& request) {
    const Result<Parameters> body = Parameters::of_json(request.body);
    if (!body) return failure(400, "bad_json", body.error().message);
    const Result<void> known = body->only({"host", "port", "endpoint", "worked"});
    if (!known) return bad_request(known.error());
    const Named named = endpoint_of(*body, HostRule::required);
    if (!named.endpoint) return named.failure;
    const Result<bool> worked = body->flag("worked");
    if (!worked) return bad_request(worked.error());
    const Result<void> done = node_.confirm(label, *named.endpoint, *worked);
    if (!done) return failed(done.error());
    Json object = admin_object();
    object.set("label", label.text()).set("endpoint", named.endpoint->text());
    return ok(object.set("worked", *worked));
}

AdminReply AdminApi::join(const AdminRequest& request) {
    const Result<Parameters> body = Parameters::of_json(request.body);
    if (!body) return failure(400, "bad_json", body.error().message);
    if (const Result<void> known = body->only({"host", "port", "endpoint"}); !known)
        return bad_request(known.error());
    const Named named = endpoint_of(*body, HostRule::required);
    if (!named.endpoint) return named.failure;
    node_.join(*named.endpoint);
    return ok(admin_object().set("joining", named.endpoint->text()), 202);
}

AdminReply AdminApi::seeds() const {
    Json list = Json::array();
    for (const SeedStatus& seed : node_.seeds()) list.push(json_of(seed));
    return ok(admin_object().set("seeds", list));
}

AdminReply AdminApi::unjoin(const AdminRequest& request) {
    const Result<Parameters> query = Parameters::of_query(request.target);
    if (!query) return bad_request(query.error());
    if (const Result<void> known = query->only({"host", "port", "endpoint"}); !known)
        return bad_request(known.error());
    const Named named = endpoint_of(*query, HostRule::required);
    if (!named.endpoint) return named.failure;
    const std::string seed = named.endpoint->text();
    switch (node_.unjoin(*named.endpoint)) {
        case SeedRemoval::configured:
            return failure(403, "refused",
                           seed + " stands in the configuration (join); take it out there and reload (SIGHUP)");
        case SeedRemoval::unknown:
            return failure(404, "not_found", "this node was not asked to join " + seed);
        case SeedRemoval::removed:
            break;
    }
    return ok(admin_object().set("endpoint", seed).set("removed", true));
}

AdminReply AdminApi::leave(const AdminRequest& request) {
    const Result<Parameters> body = Parameters::of_json(request.body);
    if (!body) return failure(400, "bad_json", body.error().message);
    if (const Result<void> known = body->only({}); !known) return bad_request(known.error());
    leave_();
    return ok(admin_object().set("leaving", true), 202);
}

}  // namespace halp
