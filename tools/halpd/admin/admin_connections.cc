#include "tools/halpd/admin/admin_connections.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "overlay/libevent/loop_calls.h"

namespace halp {
namespace {

using std::chrono::milliseconds;

// A client sends its request at once. What is silent for longer may be closed when there is no room.
constexpr milliseconds idle_patience{200};
constexpr milliseconds retry_pause{100};
constexpr milliseconds closing_pause{5};  // until evhttp has closed what was shut down
constexpr std::chrono::seconds sweep_interval{1};
// From one request to the end of the next one, and for the answer to be read. evhttp closes what is silent for 30
// s.
constexpr std::chrono::seconds request_patience{60};

ino_t inode_of_socket(int fd) {
    struct stat about {};
    return ::fstat(fd, &about) == 0 ? about.st_ino : 0;
}

// The error callback of a listener is given the context that evhttp needs, so ours is found by the listener.
std::map<evconnlistener*, AdminConnections*>& owners() {
    static std::map<evconnlistener*, AdminConnections*> owners;
    return owners;
}

}  // namespace

AdminConnections::AdminConnections(event_base* base, evhttp* http, int listening_fd, std::size_t connections_max,
                                   FileBudget& files, InputAccount& input, std::function<void()> full,
                                   MakeBuffers make_buffers)
    : base_(base),
      files_(files),
      input_(input),
      connections_max_(connections_max),
      full_call_(std::move(full)),
      make_buffers_(std::move(make_buffers)),
      learn_event_(new_event(
          base, -1, 0,
          [](evutil_socket_t, short, void* self) { static_cast<AdminConnections*>(self)->learn_descriptors(); },
          this)),
      resume_event_(new_event(
          base, -1, 0,
          [](evutil_socket_t, short, void* self) { static_cast<AdminConnections*>(self)->make_room(); }, this)),
      sweep_event_(new_event(
          base, -1, 0,
          [](evutil_socket_t, short, void* self) { static_cast<AdminConnections*>(self)->close_slow(); }, this)) {
    evhttp_set_bevcb(
        http, [](event_base*, void* self) { return static_cast<AdminConnections*>(self)->begin(); }, this);
    evhttp_bound_socket* const bound = evhttp_accept_socket_with_handle(http, listening_fd);
    must(bound != nullptr, "serve the admin socket (no memory)");
    listener_ = evhttp_bound_socket_get_listener(bound);
    owners()[listener_] = this;
    evconnlistener_set_error_cb(listener_, [](evconnlistener* listener, void*) {
        if (const auto owner = owners().find(listener); owner != owners().end()) owner->second->accept_failed();
    });
    paused_ = true;  // evhttp does not say whether the kernel watches the socket
    resume_accepting();
}

AdminConnections::~AdminConnections() {
    owners().erase(listener_);
    for (event* each : {learn_event_, resume_event_, sweep_event_}) event_free(each);
    for (const auto& [fd, connection] : open_) give_back(connection.budgeted);
    for (const Unknown& unknown : unknown_) {
        bufferevent_decref(unknown.buffers);
        give_back(unknown.budgeted);
    }
}

void AdminConnections::give_back(bool budgeted) {
    if (budgeted) files_.give_back(FileUse::admin);
}

// ---- a connection comes ----

// evhttp has accepted a connection and asks for its buffers. It sets the descriptor when this returns.
bufferevent* AdminConnections::begin() {
    bufferevent* const buffers = make_buffers_ ? make_buffers_() : bufferevent_socket_new(base_, -1, 0);
    must(buffers != nullptr, "serve a connection of the admin socket (no memory)");
    bufferevent_incref(buffers);
    evbuffer* const buffer = bufferevent_get_input(buffers);
    inputs_.erase(buffer);  // of an earlier connection, whose buffers are gone
    inputs_[buffer].number = ++last_number_;
    const auto* counting = evbuffer_add_cb(
        buffer,
        [](evbuffer* changed, const evbuffer_cb_info* change, void* self) {
            if (change->n_added > 0) static_cast<AdminConnections*>(self)->on_input(changed, change->n_added);
        },
        this);
    assert(counting);
    watch_output(bufferevent_get_output(buffers));
    unknown_.push_back({buffers, files_.take(FileUse::admin), last_number_});
    event_active(learn_event_, EV_TIMEOUT, 1);  // runs before anything can happen to the connection
    if (full()) make_room();
    return buffers;
}

void AdminConnections::learn_descriptors() {
    for (const Unknown& unknown : std::exchange(unknown_, {})) {
        const int fd = bufferevent_getfd(unknown.buffers);
        const auto [place, added] = open_.try_emplace(fd);
        if (!added) {  // the one before it had this descriptor
            give_back(place->second.budgeted);
            forget_input(place->second);
        }
        const evbuffer* const buffer = bufferevent_get_input(unknown.buffers);
        place->second = {
            inode_of_socket(fd), Clock::now(), false,          false,
            unknown.budgeted,    buffer,       unknown.number, bufferevent_get_output(unknown.buffers)};
        inputs_.at(buffer).fd = fd;
        // evhttp holds the buffers, so they stay; nothing is to be done when this was the last reference.
        static_cast<void>(bufferevent_decref(unknown.buffers));
    }
    if (!event_pending(sweep_event_, EV_TIMEOUT, nullptr)) set_timer(sweep_event_, sweep_interval);
}

void AdminConnections::used(int fd, bool streams) {
    const auto found = open_.find(fd);
    if (found == open_.end()) return;
    if (Input* input = input_of(found->second)) set_input(*input, 0);
    found->second.used = Clock::now();
    found->second.streams = streams;
}

// ---- requests that are not whole ----

// evhttp takes lines and bodies out of the buffer as they come and keeps them for the request, so what leaves the
// buffer still counts.
void AdminConnections::on_input(const evbuffer* buffer, std::size_t added) {
    const auto found = inputs_.find(buffer);
    if (found == inputs_.end() || found->second.ended) return;
    set_input(found->second, found->second.bytes + added);
    input_.relieve();
}

void AdminConnections::set_input(Input& input, std::size_t bytes) {
    static const Endpoint admin_socket{"admin-socket", 1};  // one source: local users are not told apart
    input.bytes = bytes;
    input_.set(input.kept, *this, StreamId{input.number}, admin_socket, bytes);
}

AdminConnections::Input* AdminConnections::input_of(const Connection& connection) {
    const auto found = inputs_.find(connection.buffer);
    return found != inputs_.end() && found->second.number == connection.number ? &found->second : nullptr;
}

// The connection is closed.
void AdminConnections::forget_input(const Connection& connection) {
    if (input_of(connection)) inputs_.erase(connection.buffer);
    const auto output = outputs_.find(connection.output);
    if (output != outputs_.end() && output->second.number == connection.number) forget_output(connection.output);
}

void AdminConnections::drop_input(StreamId stream) {
    const auto found =
        std::ranges::find_if(inputs_, [&](const auto& entry) { return StreamId{entry.second.number} == stream; });
    Input& input = found->second;
    set_input(input, 0);
    input.ended = true;
    const auto connection = open_.find(input.fd);
    if (connection == open_.end()) return;
    ::shutdown(input.fd, SHUT_RDWR);  // evhttp reads the end and closes it
    connection->second.closing = true;
}

// ---- answers that are not read ----

void AdminConnections::watch_output(evbuffer* output) {
    forget_output(output);  // of an earlier connection, whose buffers are gone
    outputs_[output].number = last_number_;
    const auto* counting = evbuffer_add_cb(
        output,
        [](evbuffer* changed, const evbuffer_cb_info* change, void* self) {
            static_cast<AdminConnections*>(self)->on_output(changed, *change);
        },
        this);
    must(counting != nullptr, "serve a connection of the admin API (no memory)");
}

void AdminConnections::on_output(const evbuffer* output, const evbuffer_cb_info& change) {
    const auto found = outputs_.find(output);
    if (found == outputs_.end()) return;
    found->second.bytes = found->second.bytes + change.n_added - change.n_deleted;
    unsent_ = unsent_ + change.n_added - change.n_deleted;
}

void AdminConnections::forget_output(const evbuffer* output) {
    const auto found = outputs_.find(output);
    if (found == outputs_.end()) return;
    unsent_ -= found->second.bytes;
    outputs_.erase(found);
}

// ---- when there is no room ----

bool AdminConnections::full() const { return count() >= connections_max_ || files_.available(FileUse::admin) == 0; }

std::size_t AdminConnections::possible() const {
    const auto of_budget = [](const auto& connections, auto budgeted) {
        return static_cast<std::size_t>(std::count_if(connections.begin(), connections.end(), budgeted));
    };
    const std::size_t held = of_budget(open_, [](const auto& entry) { return entry.second.budgeted; }) +
                             of_budget(unknown_, [](const Unknown& unknown) { return unknown.budgeted; });
    return std::min(connections_max_, held + files_.available(FileUse::admin));
}

// evhttp closes connections without a word. A descriptor that is another file by now, or none, was closed.
void AdminConnections::forget_closed() {
    for (auto next = open_.begin(); next != open_.end();) {
        const auto each = next++;
        if (inode_of_socket(each->first) == each->second.inode) continue;
        give_back(each->second.budgeted);
        forget_input(each->second);
        open_.erase(each);
    }
    if (!open_.empty()) set_timer(sweep_event_, sweep_interval);
}

// One byte now and then keeps evhttp waiting for as long as the client likes.
void AdminConnections::close_slow() {
    forget_closed();
    const Clock::time_point patient_until = Clock::now() - request_patience;
    for (auto& [fd, connection] : open_) {
        if (connection.streams || connection.closing || connection.used > patient_until) continue;
        ::shutdown(fd, SHUT_RDWR);  // evhttp reads the end and closes it
        connection.closing = true;
    }
}

// Closes up to a quarter of all, those first that have been idle longest. False when none is idle.
bool AdminConnections::close_idle() {
    std::vector<std::pair<Clock::time_point, int>> idle;
    const Clock::time_point patient_until = Clock::now() - idle_patience;
    for (const auto& [fd, connection] : open_)
        if (!connection.streams && !connection.closing && connection.used <= patient_until)
            idle.emplace_back(connection.used, fd);
    std::sort(idle.begin(), idle.end());
    idle.resize(std::min(idle.size(), open_.size() / 4 + 1));
    for (const auto& [used, fd] : idle) {
        ::shutdown(fd, SHUT_RDWR);  // evhttp reads the end and closes it
        open_.at(fd).closing = true;
        ++counters_.idle_closed;
    }
    return !idle.empty();
}

void AdminConnections::make_room() {
    forget_closed();
    if (!full()) return resume_accepting();
    full_call_();
    pause(close_idle() ? closing_pause : retry_pause);
}

// The system has no descriptor or no memory.
void AdminConnections::accept_failed() {
    files_.system_refused(FileUse::admin);
    forget_closed();
    pause(close_idle() ? closing_pause : retry_pause);
}

void AdminConnections::pause(milliseconds time) {
    if (!std::exchange(paused_, true)) {
        ++counters_.pauses;
        must(evconnlistener_disable(listener_) == 0, "stop accepting at the admin socket");
    }
    set_timer(resume_event_, time);
}

void AdminConnections::resume_accepting() {
    if (!std::exchange(paused_, false)) return;
    if (evconnlistener_enable(listener_) != 0) pause(retry_pause);  // the kernel does not watch it now
}

}  // namespace halp
