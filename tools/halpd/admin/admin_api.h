// The admin API's routes and streams, without HTTP: a request in, a reply out (README.md describes every one).
// admin_server carries them over the socket and over TCP. One table of routes decides who answers, what Allow says,
// who needs the token, and what /openapi.json shows.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/node/overlay_node.h"
#include "tools/halpd/admin/admin_request.h"
#include "tools/halpd/http/entry_ages.h"
#include "tools/halpd/http/event_ring.h"
#include "tools/program/json.h"

namespace halp {

// The part of /v1/status that belongs to the daemon, not to its node.
struct DaemonInfo {
    std::string version, profile, listening, state_dir, cache_dir;
    std::int64_t pid = 0;
    Instant started = never;
    std::function<void(Json&)> add_connections;  // empty: nothing is told of them
    std::function<Json()> dht;                   // empty: no records are kept here
    // An array of at most `count` channels whose names follow `after`; each is an object with its `name`.
    std::function<Result<Json>(const std::string& after, std::size_t count)> dht_channels;
    // The `file` with the keys of clients, the names of the `clients`, and `warnings` about the file.
    std::function<Json()> dht_credentials;
    std::function<Result<void>()> reload_dht_credentials;  // on failure the old ones stay
};

struct DashboardAsset;

// The request waits until the list of this label is another one than `etag` names.
struct ListWait {
    Label label;
    std::string etag;
    std::chrono::seconds patience{0};
};

// A stream that stays open after the reply.
struct StreamWanted {
    std::optional<Label> label;           // events of this label only
    std::optional<OwnAnnouncement> held;  // announced while the connection lives
    std::string opening;                  // what is sent at once
    // What is sent then, as entries, with `initial_list_complete` at the end.
    bool has_list = false;
    std::vector<ListedHost> list;
};

struct AdminReply {
    int status = 200;
    std::string json;
    std::string allow;  // of a 405, and of OPTIONS
    std::optional<StreamWanted> stream;
    std::string etag = {};
    std::optional<ListWait> wait = {};      // send this reply only when the time is over
    std::string_view text_type = {};        // not empty: `json` is text of this type
    const DashboardAsset* asset = nullptr;  // instead of json
};

class AdminApi;

enum class Access : std::uint8_t { reads, writes };  // writing needs the token over TCP
enum class Answers : std::uint8_t { json, stream, text };

struct AdminRoute {
    Method method;
    std::string_view path;  // a segment in braces takes anything
    Access access;
    Answers answers;
    AdminReply (*answer)(AdminApi& api, const AdminRequest& request, const std::string& segment);
    std::string_view summary;
    std::string_view query;   // names of parameters, separated by blanks
    std::string_view body;    // names of fields
    std::string_view schema;  // of the reply: tools/schemas/NAME.json
};

class AdminApi {
public:
    // `leave` is called for POST /v1/leave. It must only schedule the end: the reply has to be sent first.
    AdminApi(OverlayNode& node, const Clock& clock, DaemonInfo info, std::function<void()> leave);

    AdminReply handle(const AdminRequest& request);
    [[nodiscard]] static std::span<const AdminRoute> routes();
    // The reply to an error that was found before any route was chosen, such as too many streams.
    static AdminReply failure(int status, std::string_view code, std::string_view message);

    // The connection of an announcement has closed.
    void release(const OwnAnnouncement& held);
    // A stream of this label, or a request that waits for it, has begun or has ended. Streams begin by events().
    void watch(const Label& label);
    void unwatch(const Label& label);

    // From the first call on events have ids and are kept for readers that come back, until forget_events().
    void remember_events();
    void forget_events();
    void note(const Event& event);
    // The text for the connection of an announcement at the own address, when it has moved since the last one,
    // which `held` remembers. Else empty.
    [[nodiscard]] std::string moved_text(OwnAnnouncement& held);

    // The text of an event for a stream with this filter. Empty: the stream does not show the event.
    // With the id of the latest event, if a reader may come back with it: not before it has the whole list.
    std::string stream_text(const Event& event, const std::optional<Label>& filter, bool with_id = true);
    // Of the list that a stream of one label begins with.
    std::string listed_text(const Label& label, const ListedHost& host);
    std::string list_complete_text(const Label& label);
    struct EntryChange {
        Endpoint endpoint;
        bool learned = false;
    };
    // Nothing for an event that does not change the list of this label.
    [[nodiscard]] static std::optional<EntryChange> change_of(const Event& event, const Label& label);
    std::string leaving_text();
    void set_leaving() { leaving_ = true; }

private:
    // An empty host stands for this node's own address, whatever it is.
    using Announced = std::pair<Label, Endpoint>;
    static Announced key_of(const OwnAnnouncement& own) {
        return {own.label, own.own_host ? Endpoint{"", own.endpoint.port} : own.endpoint};
    }
    Result<OwnAnnouncement> announce_named(const Label& label, const Endpoint& endpoint, bool own_host,
                                           const Parameters& from);

    template <class Answer>
    static AdminReply with_label(const std::string& name, Answer answer);
    [[nodiscard]] static std::string allowed_at(const std::vector<std::string>& path);
    AdminReply answer(const AdminRoute& route, const AdminRequest& request, const std::string& segment);
    AdminReply health() const;
    AdminReply readiness() const;
    AdminReply version() const;
    AdminReply openapi() const;
    AdminReply metrics();
    AdminReply asset(const AdminRequest& request) const;
    [[nodiscard]] Json status_object() const;
    AdminReply status(const AdminRequest& request) const;
    [[nodiscard]] static Json without_output(const Json& services);
    AdminReply clear_all();
    AdminReply dht(const AdminRequest& request, bool channels) const;
    AdminReply dht_credentials() const;
    AdminReply reload_dht_credentials() const;
    AdminReply peers() const;
    AdminReply labels(const AdminRequest& request) const;
    AdminReply hosts(const Label& label, const AdminRequest& request) const;
    struct HostPage {
        std::vector<ListedHost> hosts;
        std::uint64_t total = 0;
    };
    HostPage tagged_page(const Label& label, const std::string& tag, std::uint64_t first,
                         std::uint64_t count) const;
    AdminReply names(const Label& directory, const Parameters& query) const;
    AdminReply put(const Label& label, const AdminRequest& request);
    AdminReply insert(const Label& label, const Endpoint& endpoint, const Parameters& body);
    AdminReply remove(const Label& label, const AdminRequest& request);
    AdminReply withdraw_here(const Label& label, const Parameters& query);
    AdminReply confirm(const Label& label, const AdminRequest& request);
    AdminReply join(const AdminRequest& request);
    AdminReply seeds() const;
    AdminReply unjoin(const AdminRequest& request);
    AdminReply leave(const AdminRequest& request);
    AdminReply events(const AdminRequest& request);
    AdminReply announce(const AdminRequest& request);

    // The endpoint that a request names. With `self_host` the host may be left out and is this node's own.
    enum class HostRule : std::uint8_t { required, self_host };
    struct Named {
        std::optional<Endpoint> endpoint;
        AdminReply failure;
        bool own_host = false;
    };
    Named endpoint_of(const Parameters& parameters, HostRule rule) const;

    static std::string framed(std::string_view event, const Json& data);
    [[nodiscard]] std::string with_id(std::string_view event, const Json& data) const;
    [[nodiscard]] std::string missed_texts(const AdminRequest& request, const std::optional<Label>& filter);

    OverlayNode& node_;
    const Clock& clock_;
    DaemonInfo info_;
    std::function<void()> leave_;
    bool leaving_ = false;
    std::uint64_t last_event_;
    EventRing ring_;
    EntryAges ages_;
    std::set<Announced> kept_;               // by PUT: until withdrawn
    std::map<Announced, std::size_t> held_;  // by connections: how many
};

}  // namespace halp
