#include "tools/bench/bare_server.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>

#include <cstdio>

#include "overlay/libevent/loop_calls.h"

namespace halp::bench {

namespace {

const std::string* answer_text = nullptr;  // callbacks of C take one pointer; the event base needs it

void on_written(bufferevent* stream, void*) {
    if (evbuffer_get_length(bufferevent_get_output(stream)) == 0) bufferevent_free(stream);
}

void on_query(bufferevent* stream, void*) {
    evbuffer* input = bufferevent_get_input(stream);
    must(evbuffer_drain(input, evbuffer_get_length(input)) == 0, "drop a query that was read");
    bufferevent_setcb(
        stream, nullptr, on_written, [](bufferevent* ended, short, void*) { bufferevent_free(ended); }, nullptr);
    must(bufferevent_write(stream, answer_text->data(), answer_text->size()) == 0, "write an answer (no memory)");
}

void on_accept(evconnlistener*, evutil_socket_t descriptor, sockaddr*, int, void* base) {
    bufferevent* stream = bufferevent_socket_new(static_cast<event_base*>(base), descriptor, BEV_OPT_CLOSE_ON_FREE);
    must(stream != nullptr, "serve a connection (no memory)");
    bufferevent_setcb(
        stream, on_query, nullptr, [](bufferevent* ended, short, void*) { bufferevent_free(ended); }, nullptr);
    must(bufferevent_enable(stream, EV_READ | EV_WRITE) == 0,
         "watch a connection (no memory, or fs.epoll.max_user_watches)");
}

}  // namespace

int serve_bare(const std::string& answer) {
    answer_text = &answer;
    event_base* base = new_loop();
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    evconnlistener* listener =
        evconnlistener_new_bind(base, on_accept, base, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 1024,
                                reinterpret_cast<const sockaddr*>(&address), sizeof address);
    socklen_t length = sizeof address;
    if (listener == nullptr ||
        ::getsockname(evconnlistener_get_fd(listener), reinterpret_cast<sockaddr*>(&address), &length) != 0)
        return 1;
    std::fprintf(stderr, "listening on 127.0.0.1:%u\n", static_cast<unsigned>(ntohs(address.sin_port)));
    run_loop(base, 0);
    return 0;
}

}  // namespace halp::bench
