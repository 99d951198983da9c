// Carries the admin API over HTTP/1.1 on a unix socket, on the world's event loop (libevent's evhttp).
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "overlay/event.h"
#include "store/label.h"
#include "tools/halpd/admin_api.h"
#include "tools/halpd/admin_socket.h"

struct event;
struct event_base;
struct evhttp;
struct evhttp_connection;
struct evhttp_request;

namespace halp {

class AdminServer {
public:
    static constexpr std::size_t streams_max = 32;
    static constexpr std::size_t unread_max = std::size_t{4} << 20;

    AdminServer(event_base* base, AdminSocket socket, AdminApi& api);
    ~AdminServer();
    AdminServer(const AdminServer&) = delete;
    AdminServer& operator=(const AdminServer&) = delete;

    // Sends the event to every stream whose filter lets it through. It only queues bytes, so the node may call it
    // from within a handler.
    void note(const Event& event);
    // Sends the event `leaving` to all streams and ends them.
    void end_streams();

private:
    struct Stream {
        AdminServer* server = nullptr;
        evhttp_request* request = nullptr;
        std::optional<Label> label;
        std::optional<OwnAnnouncement> held;
        bool behind = false;  // left too much unread: closed at the next heartbeat
    };

    void serve(evhttp_request* request);
    void reply(evhttp_request* request, const AdminReply& answer);
    void open_stream(evhttp_request* request, StreamWanted wanted);
    void send(Stream& stream, const std::string& text);
    void closed(Stream& stream);
    void heartbeat();

    AdminSocket socket_;
    AdminApi& api_;
    evhttp* http_;
    event* beat_;
    std::list<Stream> streams_;
};

}  // namespace halp
