#include "tools/halpd/http/held_connection.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include <cstddef>

namespace halp {
namespace {

// Of requests that the reader sends before it has the answer to this one.
constexpr std::size_t early_bytes_max = 4096;

}  // namespace

bufferevent* buffers_of(evhttp_request* request) {
    return evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
}

bool notice_closing(evhttp_request* request) {
    bufferevent* const buffers = buffers_of(request);
    bufferevent_setwatermark(buffers, EV_READ, 0, early_bytes_max);
    return bufferevent_set_timeouts(buffers, nullptr, nullptr) == 0 && bufferevent_enable(buffers, EV_READ) == 0;
}

void forget_closing(evhttp_request* request) {
    evhttp_connection* const connection = evhttp_request_get_connection(request);
    evhttp_connection_set_closecb(connection, nullptr, nullptr);
    bufferevent* const buffers = buffers_of(request);
    bufferevent_setwatermark(buffers, EV_READ, 0, 0);
    evhttp_connection_set_timeout(connection, request_timeout_s);
}

void free_request_of_broken(evhttp_request* request) {
    if (evhttp_request_get_connection(request) == nullptr) evhttp_request_free(request);
}

}  // namespace halp
