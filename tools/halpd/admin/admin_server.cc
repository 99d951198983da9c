#include "tools/halpd/admin/admin_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <sys/time.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "overlay/libevent/loop_calls.h"
#include "tools/halpd/http/dashboard.h"
#include "tools/halpd/http/held_connection.h"

namespace halp {
namespace {

constexpr std::chrono::seconds heartbeat_interval{15};
constexpr ev_ssize_t headers_bytes_max = 8 << 10;
constexpr ev_ssize_t body_bytes_max = 64 << 10;
constexpr std::size_t entries_per_page = 500;        // of the list that begins a stream; about 100 kB
constexpr std::size_t connections_for_requests = 4;  // that streams leave free
constexpr std::size_t unread_max_when_short = std::size_t{64} << 10;  // of a stream
// Events are kept for readers that come back within this time.
constexpr std::chrono::minutes absence_max{10};
// Nothing but the dashboard's own files, and nobody may put it into a frame.
constexpr const char* content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

Method method_of(const evhttp_request* request) {
    switch (evhttp_request_get_command(request)) {
        case EVHTTP_REQ_GET:
        case EVHTTP_REQ_HEAD:
            return Method::get;
        case EVHTTP_REQ_OPTIONS:
            return Method::options;
        case EVHTTP_REQ_PUT:
            return Method::put;
        case EVHTTP_REQ_POST:
            return Method::post;
        case EVHTTP_REQ_DELETE:
            return Method::remove;
        default:
            return Method::other;
    }
}

std::string body_of(evhttp_request* request) {
    evbuffer* input = evhttp_request_get_input_buffer(request);
    std::string body(evbuffer_get_length(input), '\0');
    must(evbuffer_copyout(input, body.data(), body.size()) == static_cast<ev_ssize_t>(body.size()),
         "read the body of a request");
    return body;
}

std::string header_of(evhttp_request* request, const char* name) {
    const char* const value = evhttp_find_header(evhttp_request_get_input_headers(request), name);
    return value == nullptr ? "" : value;
}

AdminRequest request_of(evhttp_request* request) {
    AdminRequest asked;
    asked.method = method_of(request);
    asked.head = evhttp_request_get_command(request) == EVHTTP_REQ_HEAD;
    asked.target = evhttp_request_get_uri(request);
    asked.body = body_of(request);
    asked.if_none_match = header_of(request, "If-None-Match");
    asked.last_event_id = header_of(request, "Last-Event-ID");
    return asked;
}

GuardedHeaders guarded_headers_of(evhttp_request* request) {
    GuardedHeaders found;
    const evhttp_cmd_type method = evhttp_request_get_command(request);
    const bool may_have_body = method == EVHTTP_REQ_PUT || method == EVHTTP_REQ_POST;
    int lengths = 0, origins = 0, authorizations = 0;
    const evkeyvalq* const headers = evhttp_request_get_input_headers(request);
    for (const evkeyval* one = headers->tqh_first; one != nullptr; one = one->next.tqe_next) {
        const std::string_view name{one->key};
        const bool chunked = evutil_ascii_strcasecmp(one->key, "Transfer-Encoding") == 0;
        const bool length = evutil_ascii_strcasecmp(one->key, "Content-Length") == 0;
        lengths += chunked || length ? 1 : 0;
        origins += evutil_ascii_strcasecmp(one->key, "Origin") == 0 ? 1 : 0;
        authorizations += evutil_ascii_strcasecmp(one->key, "Authorization") == 0 ? 1 : 0;
        const bool body = chunked || (length && std::string_view{one->value} != "0");
        if ((body && !may_have_body) || name.find_first_of(" \t") != std::string_view::npos) found.ambiguous = true;
        if (evutil_ascii_strcasecmp(one->key, "Host") == 0) found.hosts.emplace_back(one->value);
        if (evutil_ascii_strcasecmp(one->key, "Origin") == 0) found.origin = one->value;
        if (evutil_ascii_strcasecmp(one->key, "Sec-Fetch-Site") == 0) found.fetch_site = one->value;
        if (evutil_ascii_strcasecmp(one->key, "Sec-Fetch-Mode") == 0) found.fetch_mode = one->value;
        if (evutil_ascii_strcasecmp(one->key, "Authorization") == 0) found.authorization = one->value;
    }
    found.ambiguous = found.ambiguous || lengths > 1 || origins > 1 || authorizations > 1;
    return found;
}

// To be freed by the caller. The text is part of the program and is not copied.
evbuffer* borrowed_buffer_of(std::string_view text) {
    evbuffer* const buffer = evbuffer_new();
    must(buffer && evbuffer_add_reference(buffer, text.data(), text.size(), nullptr, nullptr) == 0,
         "write an answer (no memory)");
    return buffer;
}

// To be freed by the caller.
evbuffer* buffer_of(std::string_view text) {
    evbuffer* const buffer = evbuffer_new();
    must(buffer && evbuffer_add(buffer, text.data(), text.size()) == 0, "write an answer (no memory)");
    return buffer;
}

void add_header(evhttp_request* request, const char* name, const char* value) {
    must(evhttp_add_header(evhttp_request_get_output_headers(request), name, value) == 0,
         "write the head of an answer (no memory)");
}

bool takes_gzip(evhttp_request* request) {
    return header_of(request, "Accept-Encoding").find("gzip") != std::string::npos;
}

std::string_view content_of(evhttp_request* request, const AdminReply& answer) {
    if (answer.asset == nullptr) return answer.json;
    return takes_gzip(request) ? answer.asset->gzipped : answer.asset->plain;
}

void add_headers(evhttp_request* request, const AdminReply& answer) {
    const std::string_view type = answer.asset               ? answer.asset->type
                                  : answer.text_type.empty() ? "application/json"
                                                             : answer.text_type;
    if (answer.status != 204) add_header(request, "Content-Type", std::string{type}.c_str());
    // A browser asks each time and is told that nothing has changed.
    add_header(request, "Cache-Control", answer.etag.empty() ? "no-store" : "no-cache");
    add_header(request, "X-Content-Type-Options", "nosniff");
    if (!answer.etag.empty()) add_header(request, "ETag", answer.etag.c_str());
    if (answer.asset != nullptr) {
        add_header(request, "Vary", "Accept-Encoding");
        add_header(request, "Content-Security-Policy", content_policy);
        add_header(request, "Referrer-Policy", "no-referrer");
        if (takes_gzip(request)) add_header(request, "Content-Encoding", "gzip");
    }
    if (answer.status == 401) add_header(request, "WWW-Authenticate", "Bearer");
    if (answer.status == 503) add_header(request, "Connection", "close");  // makes room for others
    if (!answer.allow.empty()) add_header(request, "Allow", answer.allow.c_str());
}

const char* reason_of(int status) {
    switch (status) {
        case 204:
            return "No Content";
        case 304:
            return "Not Modified";
        case 401:
            return "Unauthorized";
        case 200:
            return "OK";
        case 202:
            return "Accepted";
        case 400:
            return "Bad Request";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 409:
            return "Conflict";
        case 503:
            return "Service Unavailable";
        default:
            return "Internal Server Error";
    }
}

}  // namespace

AdminServer::AdminServer(event_base* base, std::optional<AdminSocket> socket, AdminApi& api, FileBudget& files,
                         AdminLimits limits, Warn warn, InputAccount* input)
    : base_(base),
      socket_(std::move(socket)),
      api_(api),
      files_(files),
      warn_(std::move(warn)),
      beat_(new_event(
          base, -1, EV_PERSIST,
          [](evutil_socket_t, short, void* self) { static_cast<AdminServer*>(self)->heartbeat(); }, this)),
      input_(input ? *input : own_input_),
      polls_(base, api, [](evhttp_request* request, const AdminReply& answer) { reply(request, answer); }) {
    if (!socket_) return;
    socket_door_ = std::make_unique<Door>();
    socket_door_->name = "the admin socket";
    socket_door_->streams_setting = "limits.admin_streams_max";
    socket_door_->connections_setting = "limits.admin_connections_max";
    socket_door_->limits = limits;
    open(*socket_door_, socket_->fd(), {});
}

void AdminServer::serve_http(const Http& http) {
    http_door_ = std::make_unique<Door>();
    http_door_->name = "HTTP";
    http_door_->streams_setting = "http.streams_max";
    http_door_->connections_setting = "http.connections_max";
    http_door_->limits = http.limits;
    http_door_->guard = http.guard;
    const auto by_tls = [base = base_, tls = http.tls] { return tls->accept(base); };
    open(*http_door_, http.fd, http.tls ? AdminConnections::MakeBuffers{by_tls} : AdminConnections::MakeBuffers{});
}

void AdminServer::open(Door& door, int fd, AdminConnections::MakeBuffers make_buffers) {
    door.server = this;
    door.http = evhttp_new(base_);
    must(door.http != nullptr, "serve the admin API (no memory)");
    // All that evhttp knows. It answers those that it does not allow with 501 and no Allow; the routes do better.
    evhttp_set_allowed_methods(door.http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |
                                              EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE |
                                              EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
    evhttp_set_max_headers_size(door.http, headers_bytes_max);
    evhttp_set_max_body_size(door.http, body_bytes_max);
    evhttp_set_timeout(door.http, request_timeout_s);
    evhttp_set_gencb(
        door.http,
        [](evhttp_request* request, void* context) {
            auto* asked = static_cast<Door*>(context);
            asked->server->serve(*asked, request);
        },
        &door);
    door.connections = std::make_unique<AdminConnections>(
        base_, door.http, fd, door.limits.connections_max, files_, input_,
        [this, &door] { no_room_for_connection(door); }, std::move(make_buffers));
}

AdminServer::~AdminServer() {
    for (Stream& stream : streams_)
        evhttp_connection_set_closecb(evhttp_request_get_connection(stream.request), nullptr, nullptr);
    for (const auto* door : {&socket_door_, &http_door_})
        if (*door) evhttp_free((*door)->http);  // closes the listening socket and all connections
    event_free(beat_);
}

// The reply to a request that came over this door, which may be that it must not come.
AdminReply AdminServer::answer_of(Door& door, evhttp_request* request, AdminRequest& asked) {
    if (door.guard != nullptr) {
        const GuardedHeaders headers = guarded_headers_of(request);
        asked.has_token = door.guard->has_token();
        asked.trusted = door.guard->brings_token(headers);
        if (const auto refusal = door.guard->refusal(headers, asked.method == Method::get)) {
            ++door.counters.refused;
            if (headers.ambiguous) add_header(request, "Connection", "close");
            return AdminApi::failure(refusal->status, refusal->code, refusal->message);
        }
    }
    if (door.connections->unsent() > door.limits.unsent_max) {
        ++door.counters.refused;
        warn(std::string{"requests of "} + door.name +
             " are refused: " + std::to_string(door.connections->unsent()) + " bytes of answers are not read");
        return AdminApi::failure(503, "busy", "too many answers are not read yet; try again");
    }
    AdminReply answer = api_.handle(asked);
    if (answer.status == 401 || (answer.status == 403 && !asked.trusted)) ++door.counters.refused;
    if (!answer.stream && !answer.wait) return answer;
    std::string why = no_room_for_stream(door);
    if (why.empty()) return answer;
    if (answer.stream) release(answer.stream->label, answer.stream->held);
    ++door.counters.streams_refused;
    warn(std::string{"a stream of "} + door.name + " was refused: " + why);
    return AdminApi::failure(503, "busy", why);
}

void AdminServer::serve(Door& door, evhttp_request* request) {
    const int fd = bufferevent_getfd(buffers_of(request));
    door.connections->used(fd, false);
    AdminRequest asked = request_of(request);
    AdminReply answer = answer_of(door, request, asked);
    if (!answer.stream && !answer.wait) return reply(request, std::move(answer));
    door.connections->used(fd, true);
    ++door.streams;
    if (answer.stream) return open_stream(door, request, std::move(*answer.stream));
    const auto over = [&door, fd] {
        --door.streams;
        door.connections->used(fd, false);
    };
    polls_.add(request, std::move(asked), *answer.wait, over);
}

// Some connections are left to requests that are no streams.
std::string AdminServer::no_room_for_stream(const Door& door) {
    const std::string open = std::to_string(door.streams) + " streams are open, ";
    if (door.streams >= door.limits.streams_max) return open + "as many as " + door.streams_setting + " allows";
    if (door.streams + connections_for_requests > door.connections->possible())
        return open + "as many as the limit of open files leaves to " + door.name + " (ulimit -n, LimitNOFILE)";
    return {};
}

void AdminServer::no_room_for_connection(const Door& door) {
    warn(std::to_string(door.connections->count()) + " connections of " + door.name + " are open and " +
         std::to_string(door.connections->possible()) + " are possible (" + door.connections_setting +
         ", LimitNOFILE): idle ones are closed, new ones wait");
}

void AdminServer::warn(const std::string& sentence) const {
    if (warn_) warn_(sentence);
}

Json AdminServer::status_of_door(const Door& door) {
    Json object = Json::object();
    object.set("connections", door.connections->count()).set("connections_max", door.limits.connections_max);
    object.set("idle_closed", door.connections->counters().idle_closed);
    object.set("pauses", door.connections->counters().pauses);
    object.set("streams", door.streams).set("streams_max", door.limits.streams_max);
    object.set("streams_refused", door.counters.streams_refused);
    return object.set("readers_cut", door.counters.readers_cut);
}

Json AdminServer::status() const { return socket_door_ ? status_of_door(*socket_door_) : Json{}; }

Json AdminServer::http_status() const {
    return http_door_ ? status_of_door(*http_door_).set("refused", http_door_->counters.refused) : Json{};
}

void AdminServer::reply(evhttp_request* request, AdminReply answer) {
    if (answer.text_type.empty()) answer.json += '\n';
    const bool head = evhttp_request_get_command(request) == EVHTTP_REQ_HEAD;
    add_headers(request, answer);
    const std::string_view text = content_of(request, answer);
    const bool has_body = !head && answer.status != 204 && answer.status != 304;
    // evhttp sends what it is given, also in answer to HEAD, and tells the length of neither.
    if (head && answer.status != 304) add_header(request, "Content-Length", std::to_string(text.size()).c_str());
    evbuffer* const body = !has_body ? nullptr : answer.asset ? borrowed_buffer_of(text) : buffer_of(text);
    evhttp_send_reply(request, answer.status, reason_of(answer.status), body);
    if (body != nullptr) evbuffer_free(body);
}

void AdminServer::open_stream(Door& door, evhttp_request* request, StreamWanted wanted) {
    if (streams_.empty()) set_timer(beat_, heartbeat_interval);
    api_.remember_events();
    Stream& stream = streams_.emplace_back();
    stream.server = this;
    stream.door = &door;
    stream.request = request;
    stream.label = std::move(wanted.label);
    stream.held = std::move(wanted.held);
    stream.waiting = std::move(wanted.list);
    stream.listed = !wanted.has_list;
    add_header(request, "Content-Type", "text/event-stream");
    add_header(request, "Cache-Control", "no-store");
    add_header(request, "X-Content-Type-Options", "nosniff");
    evhttp_connection_set_closecb(
        evhttp_request_get_connection(request),
        [](evhttp_connection*, void* context) {
            auto* gone = static_cast<Stream*>(context);
            gone->server->closed(*gone);
        },
        &stream);
    evhttp_send_reply_start(request, 200, "OK");
    send(stream, wanted.opening);
    if (!stream.listed) send_page(stream);
    if (notice_closing(request)) return;
    warn(std::string{"a stream of "} + door.name +
         " was ended: the kernel does not watch its connection (no memory, or fs.epoll.max_user_watches)");
    ++door.counters.streams_refused;
    cut_soon(stream);
}

void AdminServer::cut_soon(Stream& stream) {
    stream.behind = true;
    const timeval now{0, 0};
    must(event_base_once(
             bufferevent_get_base(buffers_of(stream.request)), -1, EV_TIMEOUT,
             [](evutil_socket_t, short, void* self) { static_cast<AdminServer*>(self)->heartbeat(); }, this,
             &now) == 0,
         "plan the end of a stream (no memory)");
}

void AdminServer::send(Stream& stream, const std::string& text) {
    if (stream.behind || text.empty()) return;
    evbuffer* unread = bufferevent_get_output(buffers_of(stream.request));
    const AdminLimits& limits = stream.door->limits;
    const bool short_of_room = stream.door->connections->unsent() > limits.unsent_max;
    const std::size_t unread_max = short_of_room ? unread_max_when_short : limits.unread_max;
    if (evbuffer_get_length(unread) > unread_max) {
        ++stream.door->counters.readers_cut;
        warn(std::string{"a reader of a stream of "} + stream.door->name + " left more than " +
             std::to_string(unread_max) + " bytes unread and was disconnected");
        return cut_soon(stream);
    }
    evbuffer* const chunk = buffer_of(text);
    // Each chunk replaces the callback of the one before it, so all of them have it until the list is sent.
    const auto on_drained = [](evhttp_connection*, void* context) {
        auto* drained = static_cast<Stream*>(context);
        if (!drained->listed) drained->server->send_page(*drained);
    };
    evhttp_send_reply_chunk_with_cb(stream.request, chunk, stream.listed ? nullptr : +on_drained, &stream);
    evbuffer_free(chunk);
}

// A list of any length is sent in pages, each when the reader has taken the one before it.
void AdminServer::send_page(Stream& stream) {
    std::string page;
    std::size_t entries = 0;
    for (; stream.next < stream.waiting.size() && entries < entries_per_page; ++stream.next) {
        const ListedHost& host = stream.waiting[stream.next];
        if (stream.gone.count(host.endpoint) != 0) continue;
        page += api_.listed_text(*stream.label, host);
        ++entries;
    }
    if (stream.next == stream.waiting.size()) {
        page += api_.list_complete_text(*stream.label);
        stream.listed = true;
        stream.waiting = {};
        stream.gone = {};
    }
    send(stream, page);
}

void AdminServer::release(const std::optional<Label>& label, const std::optional<OwnAnnouncement>& held) {
    if (label) api_.unwatch(*label);
    if (held) api_.release(*held);
}

void AdminServer::note(const Event& event) {
    api_.note(event);
    polls_.note(event);
    for (Stream& stream : streams_) {
        if (stream.held) {
            send(stream, api_.moved_text(*stream.held));
            continue;
        }
        if (!stream.listed) follow(stream, event);
        send(stream, api_.stream_text(event, stream.label, stream.listed));
    }
}

// What goes while the list is being sent must not be listed afterwards.
void AdminServer::follow(Stream& stream, const Event& event) {
    const std::optional<AdminApi::EntryChange> change = AdminApi::change_of(event, *stream.label);
    if (!change) return;
    if (change->learned)
        stream.gone.erase(change->endpoint);
    else
        stream.gone.insert(change->endpoint);
}

void AdminServer::closed(Stream& stream) {
    const std::optional<OwnAnnouncement> held = std::move(stream.held);
    const std::optional<Label> label = std::move(stream.label);
    free_request_of_broken(stream.request);
    --stream.door->streams;
    streams_.remove_if([&](const Stream& other) { return &other == &stream; });
    last_stream_ = std::chrono::steady_clock::now();
    release(label, held);
}

void AdminServer::heartbeat() {
    if (streams_.empty() && std::chrono::steady_clock::now() - last_stream_ > absence_max) {
        api_.forget_events();
        return unwatch(beat_);
    }
    for (auto next = streams_.begin(); next != streams_.end();) {
        Stream& stream = *next++;
        if (stream.behind)
            evhttp_connection_free(evhttp_request_get_connection(stream.request));  // ends in closed()
        else
            send(stream, ": alive\n\n");
    }
}

void AdminServer::end_streams() {
    polls_.answer_all();
    while (!streams_.empty()) {
        Stream& stream = streams_.front();
        evhttp_request* request = stream.request;
        send(stream, api_.leaving_text());
        evhttp_connection_set_closecb(evhttp_request_get_connection(request), nullptr, nullptr);
        if (stream.label) api_.unwatch(*stream.label);
        --stream.door->streams;
        streams_.pop_front();  // what it held is withdrawn by leaving
        evhttp_send_reply_end(request);
    }
    unwatch(beat_);
}

}  // namespace halp
