#include "tools/halpd/admin_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <sys/time.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "overlay/libevent/loop_calls.h"

namespace halp {
namespace {

constexpr std::chrono::seconds heartbeat_interval{15};
constexpr int request_timeout_s = 30;
constexpr ev_ssize_t headers_bytes_max = 8 << 10;
constexpr ev_ssize_t body_bytes_max = 64 << 10;
constexpr std::size_t entries_per_page = 500;        // of the list that begins a stream; about 100 kB
constexpr std::size_t connections_for_requests = 4;  // that streams leave free

Method method_of(const evhttp_request* request) {
    switch (evhttp_request_get_command(request)) {
        case EVHTTP_REQ_GET:
            return Method::get;
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

// To be freed by the caller.
evbuffer* buffer_of(const std::string& text) {
    evbuffer* const buffer = evbuffer_new();
    must(buffer && evbuffer_add(buffer, text.data(), text.size()) == 0, "write an answer (no memory)");
    return buffer;
}

void add_header(evhttp_request* request, const char* name, const char* value) {
    must(evhttp_add_header(evhttp_request_get_output_headers(request), name, value) == 0,
         "write the head of an answer (no memory)");
}

bufferevent* buffers_of(evhttp_request* request) {
    return evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
}

const char* reason_of(int status) {
    switch (status) {
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

AdminServer::AdminServer(event_base* base, AdminSocket socket, AdminApi& api, FileBudget& files, AdminLimits limits,
                         Warn warn, InputAccount* input)
    : socket_(std::move(socket)),
      api_(api),
      limits_(limits),
      warn_(std::move(warn)),
      http_(evhttp_new(base)),
      beat_(new_event(
          base, -1, EV_PERSIST,
          [](evutil_socket_t, short, void* self) { static_cast<AdminServer*>(self)->heartbeat(); }, this)) {
    must(http_ != nullptr, "serve the admin socket (no memory)");
    evhttp_set_allowed_methods(http_, EVHTTP_REQ_GET | EVHTTP_REQ_PUT | EVHTTP_REQ_POST | EVHTTP_REQ_DELETE);
    evhttp_set_max_headers_size(http_, headers_bytes_max);
    evhttp_set_max_body_size(http_, body_bytes_max);
    evhttp_set_timeout(http_, request_timeout_s);
    evhttp_set_gencb(
        http_, [](evhttp_request* request, void* self) { static_cast<AdminServer*>(self)->serve(request); }, this);
    connections_ =
        std::make_unique<AdminConnections>(base, http_, socket_.fd(), limits_.connections_max, files,
                                           input ? *input : own_input_, [this] { no_room_for_connection(); });
}

AdminServer::~AdminServer() {
    for (Stream& stream : streams_)
        evhttp_connection_set_closecb(evhttp_request_get_connection(stream.request), nullptr, nullptr);
    evhttp_free(http_);  // closes the socket and all connections
    event_free(beat_);
}

void AdminServer::serve(evhttp_request* request) {
    connections_->used(bufferevent_getfd(buffers_of(request)), false);
    AdminReply answer = api_.handle({method_of(request), evhttp_request_get_uri(request), body_of(request)});
    if (!answer.stream) return reply(request, answer);
    if (const std::string why = no_room_for_stream(); !why.empty()) {
        release(answer.stream->label, answer.stream->held);
        ++counters_.streams_refused;
        warn("a stream of the admin socket was refused: " + why);
        return reply(request, AdminApi::failure(503, "busy", why));
    }
    connections_->used(bufferevent_getfd(buffers_of(request)), true);
    open_stream(request, std::move(*answer.stream));
}

// Some connections are left to requests that are no streams.
std::string AdminServer::no_room_for_stream() const {
    const std::string open = std::to_string(streams_.size()) + " streams are open, ";
    if (streams_.size() >= limits_.streams_max) return open + "as many as limits.admin_streams_max allows";
    if (streams_.size() + connections_for_requests > connections_->possible())
        return open + "as many as the limit of open files leaves to the admin socket (ulimit -n, LimitNOFILE)";
    return {};
}

void AdminServer::no_room_for_connection() {
    warn(std::to_string(connections_->count()) + " connections of the admin socket are open and " +
         std::to_string(connections_->possible()) +
         " are possible (limits.admin_connections_max, LimitNOFILE): idle ones are closed, new ones wait");
}

void AdminServer::warn(const std::string& sentence) const {
    if (warn_) warn_(sentence);
}

Json AdminServer::status() const {
    Json object = Json::object();
    object.set("connections", connections_->count()).set("connections_max", limits_.connections_max);
    object.set("idle_closed", connections_->counters().idle_closed);
    object.set("pauses", connections_->counters().pauses);
    object.set("streams", streams_.size()).set("streams_max", limits_.streams_max);
    return object.set("streams_refused", counters_.streams_refused).set("readers_cut", counters_.readers_cut);
}

void AdminServer::reply(evhttp_request* request, const AdminReply& answer) {
    add_header(request, "Content-Type", "application/json");
    add_header(request, "Cache-Control", "no-store");
    if (answer.status == 503) add_header(request, "Connection", "close");  // makes room for others
    if (!answer.allow.empty()) add_header(request, "Allow", answer.allow.c_str());
    evbuffer* const body = buffer_of(answer.json + "\n");
    evhttp_send_reply(request, answer.status, reason_of(answer.status), body);
    evbuffer_free(body);
}

void AdminServer::open_stream(evhttp_request* request, StreamWanted wanted) {
    if (streams_.empty()) set_timer(beat_, heartbeat_interval);
    Stream& stream = streams_.emplace_back();
    stream.server = this;
    stream.request = request;
    stream.label = std::move(wanted.label);
    stream.held = std::move(wanted.held);
    stream.waiting = std::move(wanted.list);
    stream.listed = !wanted.has_list;
    add_header(request, "Content-Type", "text/event-stream");
    add_header(request, "Cache-Control", "no-store");
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
    // A reader may stay silent for any time, but a closed connection must be noticed at once.
    bufferevent* buffers = buffers_of(request);
    bufferevent_setwatermark(buffers, EV_READ, 0, 4096);
    if (bufferevent_set_timeouts(buffers, nullptr, nullptr) == 0 && bufferevent_enable(buffers, EV_READ) == 0)
        return;
    warn(
        "a stream of the admin socket was ended: the kernel does not watch its connection (no memory, or "
        "fs.epoll.max_user_watches)");
    ++counters_.streams_refused;
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
    if (evbuffer_get_length(unread) > limits_.unread_max) {
        ++counters_.readers_cut;
        warn("a reader of a stream of the admin socket left more than " + std::to_string(limits_.unread_max) +
             " bytes unread and was disconnected");
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
    for (Stream& stream : streams_) {
        if (stream.held) {
            send(stream, api_.moved_text(*stream.held));
            continue;
        }
        if (!stream.listed) follow(stream, event);
        send(stream, api_.stream_text(event, stream.label));
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
    // When its connection breaks, evhttp no longer owns the request that it was answering: we free it.
    if (evhttp_request_get_connection(stream.request) == nullptr) evhttp_request_free(stream.request);
    streams_.remove_if([&](const Stream& other) { return &other == &stream; });
    if (streams_.empty()) unwatch(beat_);
    release(label, held);
}

void AdminServer::heartbeat() {
    for (auto next = streams_.begin(); next != streams_.end();) {
        Stream& stream = *next++;
        if (stream.behind)
            evhttp_connection_free(evhttp_request_get_connection(stream.request));  // ends in closed()
        else
            send(stream, ": alive\n\n");
    }
}

void AdminServer::end_streams() {
    while (!streams_.empty()) {
        Stream& stream = streams_.front();
        evhttp_request* request = stream.request;
        send(stream, api_.leaving_text());
        evhttp_connection_set_closecb(evhttp_request_get_connection(request), nullptr, nullptr);
        if (stream.label) api_.unwatch(*stream.label);
        streams_.pop_front();  // what it held is withdrawn by leaving
        evhttp_send_reply_end(request);
    }
    unwatch(beat_);
}

}  // namespace halp
