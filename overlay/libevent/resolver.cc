#include "overlay/libevent/resolver.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <sys/time.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "overlay/libevent/loop_calls.h"

namespace halp {

namespace {

constexpr std::size_t answers_read_max = 256;
constexpr std::size_t names_counted_max = 256;

}  // namespace

// One DNS base and its open questions.
struct LibeventResolver::Session {
    LibeventResolver* owner;  // nullptr once the resolver is gone
    event_base* events;
    evdns_base* dns;
    std::size_t questions = 0;
    bool closing = false;  // on_idle is scheduled
};

struct LibeventResolver::Question {
    Session* session;
    StreamId token;
    std::uint16_t port;
    std::string name;
    evdns_getaddrinfo_request* request = nullptr;
    bool cancelled = false;
};

struct ResolverCallbacks {
    using Question = LibeventResolver::Question;
    using Session = LibeventResolver::Session;

    static void on_answer(int failure, evutil_addrinfo* found, void* context) {
        const std::unique_ptr<Question> question(static_cast<Question*>(context));
        std::vector<SocketAddress> addresses;
        std::uint64_t cut = 0;
        for (auto* each = failure ? nullptr : found; each; each = each->ai_next) {
            auto address = copy_address(each->ai_addr, static_cast<socklen_t>(each->ai_addrlen));
            if (!address) continue;
            if (addresses.size() == answers_read_max) {
                ++cut;
                continue;
            }
            address->set_port(question->port);
            addresses.push_back(*address);
        }
        if (found) evutil_freeaddrinfo(found);
        leave(*question->session);
        LibeventResolver* owner = question->session->owner;
        if (owner) owner->addresses_cut_ += cut;
        if (question->cancelled || !owner) return;
        owner->rotate(question->name, addresses);
        owner->open_.erase(static_cast<std::uint64_t>(question->token));
        owner->resolved_(question->token, std::move(addresses));
    }

    static void leave(Session& session) {
        if (--session.questions > 0 || session.closing) return;
        session.closing = true;
        const timeval soon{0, 0};
        must(event_base_once(session.events, -1, EV_TIMEOUT, on_idle, &session, &soon) == 0,
             "plan the end of a session with name servers (no memory)");
    }

    static void on_idle(evutil_socket_t, short, void* context) {
        auto* session = static_cast<Session*>(context);
        session->closing = false;
        if (session->questions > 0) return;
        evdns_base_free(session->dns, 0);
        if (session->owner) session->owner->session_ = nullptr;
        delete session;
    }
};

namespace {

std::vector<SocketAddress> loopback_addresses(std::uint16_t port) {
    std::vector<SocketAddress> addresses;
    for (const char* host : {"127.0.0.1", "::1"}) addresses.push_back(*numeric_address(Endpoint{host, port}));
    return addresses;
}

}  // namespace

LibeventResolver::LibeventResolver(event_base* base, std::string hosts_file, std::string resolver_file,
                                   Resolved resolved)
    : events_(base),
      hosts_file_(std::move(hosts_file)),
      resolver_file_(std::move(resolver_file)),
      resolved_(std::move(resolved)) {}

LibeventResolver::~LibeventResolver() {
    while (!open_.empty()) cancel(StreamId{open_.begin()->first});
    if (session_) session_->owner = nullptr;
}

void LibeventResolver::resolve(StreamId token, const Endpoint& name) {
    // RFC 6761: localhost is the loopback interface, whatever a name server says.
    if (name.host == "localhost") return resolved_(token, loopback_addresses(name.port));
    if (!open_session()) return resolved_(token, {});
    auto* question =
        new Question{session_, token, name.port, name.host};  // its callback owns it, and is always called
    open_[static_cast<std::uint64_t>(token)] = question;
    ++session_->questions;
    evutil_addrinfo wanted{};
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_protocol = IPPROTO_TCP;
    auto* request = evdns_getaddrinfo(session_->dns, name.host.c_str(), nullptr, &wanted,
                                      ResolverCallbacks::on_answer, question);
    // Without a request the callback was called already, and the question is gone.
    if (request) question->request = request;
}

void LibeventResolver::cancel(StreamId token) {
    const auto found = open_.find(static_cast<std::uint64_t>(token));
    if (found == open_.end()) return;
    Question* question = found->second;
    open_.erase(found);
    question->cancelled = true;
    evdns_getaddrinfo_cancel(question->request);
}

// The first address may lead to this very node, or to a dead one that takes connections: a name that is called
// again begins with another of its addresses. Each name has its own turns: two names that are called by turns would
// else begin with the same addresses for ever.
void LibeventResolver::rotate(const std::string& name, std::vector<SocketAddress>& addresses) {
    if (addresses.size() < 2) return;
    if (answers_.size() >= names_counted_max && !answers_.contains(name)) {
        turns_forgotten_ += answers_.size();
        answers_.clear();
    }
    const std::size_t first = answers_[name]++ % addresses.size();
    std::rotate(addresses.begin(), addresses.begin() + static_cast<std::ptrdiff_t>(first), addresses.end());
    if (addresses.size() > addresses_max) addresses.resize(addresses_max);
}

bool LibeventResolver::open_session() {
    if (session_) return true;
    evdns_base* dns = evdns_base_new(events_, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (!dns) return false;
    evdns_set_log_fn([](int, const char*) {});  // a library does not write to stderr
    // Failures do not matter: a machine without name servers still has its hosts file.
    const int files = DNS_OPTION_SEARCH | DNS_OPTION_NAMESERVERS | DNS_OPTION_MISC;
    evdns_base_resolv_conf_parse(dns, files, resolver_file_.c_str());  // see above
    evdns_base_load_hosts(dns, hosts_file_.c_str());                   // see above
    // After a lost datagram there must be time for a second question before the connect time-out.
    for (const auto& [option, value] : {std::pair{"timeout:", "1"}, std::pair{"attempts:", "3"}})
        must(evdns_base_set_option(dns, option, value) == 0, "set an option of the resolver");
    session_ = new Session{this, events_, dns};
    return true;
}

}  // namespace halp
