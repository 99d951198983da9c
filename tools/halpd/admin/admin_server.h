// Carries the admin API over HTTP/1.1 on a unix socket, and over TCP, on the world's event loop (libevent's
// evhttp).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "overlay/event.h"
#include "overlay/input_account.h"
#include "overlay/libevent/file_budget.h"
#include "overlay/listing.h"
#include "store/label.h"
#include "tools/halpd/admin/admin_api.h"
#include "tools/halpd/admin/admin_connections.h"
#include "tools/halpd/admin/admin_socket.h"
#include "tools/halpd/http/http_guard.h"
#include "tools/halpd/http/long_polls.h"
#include "tools/halpd/http/tls.h"

struct event;
struct event_base;
struct evhttp;
struct evhttp_connection;
struct evhttp_request;

namespace halp {

struct AdminLimits {
    std::size_t connections_max = 512;  // limits.admin_connections_max
    std::size_t streams_max = 256;      // limits.admin_streams_max
    // A reader that leaves more unread is disconnected; README.md, "Streams".
    std::size_t unread_max = std::size_t{4} << 20;
    // What all connections together may leave unread before requests are refused and slow streams are cut.
    std::size_t unsent_max = ~std::size_t{0};
};

class AdminServer {
public:
    struct Counters {
        std::uint64_t streams_refused = 0;
        std::uint64_t readers_cut = 0;  // left too much unread
        std::uint64_t refused = 0;      // by the guard, for want of the token, or while too much is not read
    };
    struct Http {
        int fd = -1;  // listens; owned from now on
        const HttpGuard* guard = nullptr;
        Tls* tls = nullptr;  // null: plain HTTP
        AdminLimits limits;
    };
    // Called with a sentence when something of a client was refused or closed for want of room.
    using Warn = std::function<void(const std::string& sentence)>;

    // `input` counts unfinished requests; null: an account of the server's own.
    // `socket`: nothing when the API is served over TCP alone.
    AdminServer(event_base* base, std::optional<AdminSocket> socket, AdminApi& api, FileBudget& files,
                AdminLimits limits = {}, Warn warn = {}, InputAccount* input = nullptr);
    ~AdminServer();
    AdminServer(const AdminServer&) = delete;
    AdminServer& operator=(const AdminServer&) = delete;

    // From now on over TCP, too. What it points to outlives this object.
    void serve_http(const Http& http);

    // Sends the event to every stream whose filter lets it through. It only queues bytes, so the node may call it
    // from within a handler.
    void note(const Event& event);
    // Sends the event `leaving` to all streams and ends them.
    void end_streams();
    // For /v1/status: connections, streams, their limits, and what was refused. Null when there is no such door.
    [[nodiscard]] Json status() const;
    [[nodiscard]] Json http_status() const;

private:
    // The socket, or TCP.
    struct Door {
        AdminServer* server = nullptr;
        const char* name = "";             // in sentences
        const char* streams_setting = "";  // the setting that bounds its streams
        const char* connections_setting = "";
        evhttp* http = nullptr;
        const HttpGuard* guard = nullptr;  // null: whoever comes may do everything
        AdminLimits limits;
        std::unique_ptr<AdminConnections> connections;
        std::size_t streams = 0;  // and requests that wait
        Counters counters;
    };
    struct Stream {
        AdminServer* server = nullptr;
        Door* door = nullptr;
        evhttp_request* request = nullptr;
        std::optional<Label> label;
        std::optional<OwnAnnouncement> held;
        bool behind = false;  // left too much unread: closed at the next heartbeat
        // The list that a stream of one label begins with: what is to be sent from `next` on, except what has
        // gone meanwhile.
        bool listed = true;  // all of it is sent
        std::vector<ListedHost> waiting;
        std::size_t next = 0;
        std::set<Endpoint> gone;
    };

    void open(Door& door, int fd, AdminConnections::MakeBuffers make_buffers);
    [[nodiscard]] static Json status_of_door(const Door& door);
    void serve(Door& door, evhttp_request* request);
    [[nodiscard]] AdminReply answer_of(Door& door, evhttp_request* request, AdminRequest& asked);
    static void reply(evhttp_request* request, AdminReply answer);
    // Why there is no room for another stream; empty when there is.
    [[nodiscard]] static std::string no_room_for_stream(const Door& door);
    void no_room_for_connection(const Door& door);
    void open_stream(Door& door, evhttp_request* request, StreamWanted wanted);
    void send_page(Stream& stream);
    static void follow(Stream& stream, const Event& event);
    void warn(const std::string& sentence) const;
    void send(Stream& stream, const std::string& text);
    void cut_soon(Stream& stream);
    void release(const std::optional<Label>& label, const std::optional<OwnAnnouncement>& held);
    void closed(Stream& stream);
    void heartbeat();

    event_base* base_;
    std::optional<AdminSocket> socket_;
    AdminApi& api_;
    FileBudget& files_;
    Warn warn_;
    event* beat_;
    InputAccount own_input_;
    InputAccount& input_;
    std::unique_ptr<Door> socket_door_, http_door_;
    std::list<Stream> streams_;
    std::chrono::steady_clock::time_point last_stream_;  // when there was one
    LongPolls polls_;
};

}  // namespace halp
