#include "tools/halpd/dns_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <random>
#include <utility>

#include "overlay/libevent/loop_calls.h"
#include "store/tags.h"

namespace halp {
namespace {

constexpr int datagrams_per_turn = 64, questions_per_turn = 32, accepts_per_turn = 16;
constexpr std::size_t dns_connections_max = 64, dns_connections_per_source_max = 16;
constexpr std::size_t unread_bytes_max = std::size_t{64} << 10;  // of answers; then no more questions are read
constexpr timeval idle_max{10, 0};
constexpr Duration accept_pause = std::chrono::milliseconds{100};
constexpr std::int64_t questions_at_once = 100, questions_a_second = 50;
constexpr int tcp_backlog = 64;
constexpr int ports_tried = 8;

bool on_this_machine(const SocketAddress& address) {
    if (address.family() == AF_INET) return ntohl(address.v4.sin_addr.s_addr) >> 24 == 127;
    const in6_addr& v6 = address.v6.sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) return v6.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&v6);
}

// A socket of this type at the address; -1 with an errno in `why`.
int socket_at(const SocketAddress& address, int type, int& why) {
    const int fd = ::socket(address.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    why = errno;
    if (fd < 0) return -1;
    const int on = 1, off = 0;
    // A lost option shows as an error of bind, or as answers from another address of this machine.
    if (type == SOCK_STREAM) ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.family() == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (type == SOCK_DGRAM && address.family() == AF_INET) ::setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    if (type == SOCK_DGRAM && address.family() == AF_INET6)
        ::setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    if (::bind(fd, &address.any, address.length) == 0 && (type == SOCK_DGRAM || ::listen(fd, tcp_backlog) == 0))
        return fd;
    why = errno;
    ::close(fd);
    return -1;
}

Error cannot_listen(const std::string& where, int why) {
    const std::string what = "cannot answer DNS on " + where + ": ";
    if (why == EADDRINUSE)
        return {ErrorCode::busy, what + "the port is in use by another program; choose another with dns.listen"};
    if (why == EACCES || why == EPERM)
        return {ErrorCode::refused,
                what + "this user may not open that port; choose one above 1023 with dns.listen"};
    if (why == EADDRNOTAVAIL)
        return {ErrorCode::unreachable,
                what + "this machine does not have that address; choose another with dns.listen"};
    return {ErrorCode::io, what + std::strerror(why)};
}

}  // namespace

std::vector<dns::ZoneHost> NodeLists::hosts(const Label& label, std::size_t count) const {
    std::vector<dns::ZoneHost> hosts;
    const std::int64_t now = halp::count(clock_.wall());
    for (ListedHost& host : node_.hosts(label, 0, count))
        hosts.push_back({std::move(host.endpoint), std::max<std::int64_t>(0, now - halp::count(host.seen)),
                         host.claimed, split_tags(host.tags)});
    return hosts;
}

std::vector<std::string> NodeLists::names(const Label& directory, std::size_t count) const {
    std::vector<std::string> names;
    for (ListedName& name : node_.names(directory, 0, count)) names.push_back(std::move(name.name));
    return names;
}

bool NodeLists::any_host(const Label& label) const { return !node_.hosts(label, 0, 1).empty(); }

std::uint64_t DnsSourceBudget::random_key() {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

bool DnsSourceBudget::admit(std::size_t source, Instant now) {
    // An odd factor and the highest bits: who shares a bucket cannot be computed without the key.
    Bucket& bucket = buckets_[((source ^ key_) * (key_ | 1)) >> (64 - bucket_bits)];
    if (bucket.at == never) bucket.at = now;
    const std::int64_t back = (now - bucket.at) * questions_a_second / std::chrono::seconds{1};
    if (back > 0) {
        bucket.spent = std::max<std::int64_t>(0, bucket.spent - back);
        bucket.at = now;
    }
    if (bucket.spent >= questions_at_once) return false;
    ++bucket.spent;
    return true;
}

DnsServer::DnsServer(const Parts& parts, const config::DnsSettings& settings)
    : base_(parts.base),
      clock_(parts.clock),
      files_(parts.files),
      lists_(parts.node, parts.clock),
      zone_(
          lists_,
          {settings.zone, settings.hosts_max,
           static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(settings.ttl_max).count())}),
      zone_name_(settings.zone) {}

DnsServer::~DnsServer() {
    while (!connections_.empty()) close(connections_.front());
    for (event* each : {udp_event_, tcp_event_, resume_event_})
        if (each != nullptr) event_free(each);
    for (const int fd : {udp_, tcp_})
        if (fd >= 0) ::close(fd);
}

Result<std::unique_ptr<DnsServer>> DnsServer::open(const Parts& parts, const config::DnsSettings& settings) {
    std::unique_ptr<DnsServer> server{new DnsServer(parts, settings)};
    if (const Result<void> listening = server->listen(settings.listen); !listening) return listening.error();
    if (!server->watch())
        return Error{ErrorCode::io, "cannot answer DNS: the kernel does not watch another socket; try again"};
    return server;
}

// Both sockets have the same port. When any may be taken, the one that UDP got may be in use for TCP.
Result<void> DnsServer::listen(const config::ListenAddress& at) {
    const std::string where = at.text();
    int why = 0;
    for (int tries = 0; tries < ports_tried; ++tries) {
        auto address = numeric_address(Endpoint{bare_host(at.host), at.port == 0 ? std::uint16_t{1} : at.port});
        if (!address) return Error{ErrorCode::invalid, "dns.listen takes a numeric address, not " + at.host};
        address->set_port(at.port);
        udp_ = socket_at(*address, SOCK_DGRAM, why);
        if (udp_ < 0) return cannot_listen(where, why);
        const auto got = local_address_of(udp_);
        if (!got) return cannot_listen(where, errno);
        tcp_ = socket_at(*got, SOCK_STREAM, why);
        if (tcp_ >= 0) {
            listening_ = got->endpoint();
            return {};
        }
        ::close(std::exchange(udp_, -1));
        if (at.port != 0) break;
    }
    return cannot_listen(where, why);
}

bool DnsServer::watch() {
    const auto udp_ready = [](evutil_socket_t, short, void* self) {
        static_cast<DnsServer*>(self)->read_datagrams();
    };
    const auto tcp_ready = [](evutil_socket_t, short, void* self) { static_cast<DnsServer*>(self)->accept_some(); };
    // Refused: the next pause is over later.
    const auto resume = [](evutil_socket_t, short, void* self) {
        auto* const server = static_cast<DnsServer*>(self);
        if (!halp::watch(server->tcp_event_)) set_timer(server->resume_event_, accept_pause);
    };
    udp_event_ = new_event(base_, udp_, EV_READ | EV_PERSIST, udp_ready, this);
    tcp_event_ = new_event(base_, tcp_, EV_READ | EV_PERSIST, tcp_ready, this);
    resume_event_ = new_event(base_, -1, 0, resume, this);
    return halp::watch(udp_event_) && halp::watch(tcp_event_);
}

void DnsServer::read_datagrams() {
    for (int i = 0; i < datagrams_per_turn && answer_datagram(); ++i) {
    }
}

// The answer goes out from the address that was asked: the control data of the question say which.
bool DnsServer::answer_datagram() {
    std::array<char, dns::query_bytes_max + 1> bytes;  // filled by the system
    alignas(cmsghdr) std::array<char, 128> control;
    SocketAddress from;
    iovec part{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_name = &from.any;
    message.msg_namelen = sizeof from.v6;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(udp_, &message, 0);
    if (got < 0) return errno == EINTR || errno == ECONNREFUSED;
    from.length = message.msg_namelen;
    const bool here = on_this_machine(from);
    if (!admitted(from, here)) return true;
    ++by_udp_;
    std::string answer =
        zone_.answer({bytes.data(), static_cast<std::size_t>(got)},
                     here ? dns::Way::udp_here : dns::Way::udp_stranger, clock_.now(), clock_.wall());
    if (answer.empty()) return true;
    part = {answer.data(), answer.size()};
    message.msg_flags = 0;
    if (::sendmsg(udp_, &message, MSG_NOSIGNAL) < 0) ++not_sent_;
    return true;
}

bool DnsServer::admitted(const SocketAddress& from, bool here) {
    if (here || budget_.admit(SourceKeyHash{}(source_key(from)), clock_.now())) return true;
    ++held_back_;
    return false;
}

void DnsServer::accept_some() {
    for (int i = 0; i < accepts_per_turn; ++i) {
        SocketAddress from;
        from.length = sizeof from.v6;
        const int fd = ::accept4(tcp_, &from.any, &from.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            take(fd, from);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) return;
        if (errno == EINTR || errno == ECONNABORTED) continue;
        // Without descriptors the socket stays ready: a pause, else the loop would turn without end.
        unwatch(tcp_event_);
        set_timer(resume_event_, accept_pause);
        return;
    }
}

void DnsServer::take(int fd, const SocketAddress& from) {
    const SourceKey source = source_key(from);
    const auto of_source = static_cast<std::size_t>(
        std::ranges::count_if(connections_, [&](const Connection& c) { return c.source == source; }));
    bufferevent* stream = nullptr;
    const bool place = connections_.size() < dns_connections_max && of_source < dns_connections_per_source_max &&
                       files_.take(FileUse::admin);
    if (place) stream = bufferevent_socket_new(base_, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (place && stream == nullptr) files_.give_back(FileUse::admin);
    if (stream == nullptr) {
        ++turned_away_;
        ::close(fd);
        return;
    }
    connections_.push_front({this, stream, source, on_this_machine(from), {}});
    Connection& connection = connections_.front();
    connection.self = connections_.begin();
    const auto read = [](bufferevent*, void* of) {
        auto* c = static_cast<Connection*>(of);
        c->server->read_questions(*c);
    };
    const auto ended = [](bufferevent*, short, void* of) {
        auto* c = static_cast<Connection*>(of);
        c->server->close(*c);
    };
    bufferevent_setcb(stream, read, read, ended, &connection);
    must(bufferevent_set_timeouts(stream, &idle_max, &idle_max) == 0, "bound a connection for DNS in time");
    bufferevent_setwatermark(stream, EV_READ, 0, 2 * (dns::query_bytes_max + 2));
    if (bufferevent_enable(stream, EV_READ | EV_WRITE) != 0) close(connection);  // the kernel does not watch it
}

void DnsServer::close(Connection& connection) {
    bufferevent_free(connection.stream);
    files_.give_back(FileUse::admin);
    connections_.erase(connection.self);
}

// Each question and each answer has its length in two bytes in front (RFC 1035, 4.2.2).
void DnsServer::read_questions(Connection& connection) {
    evbuffer* const in = bufferevent_get_input(connection.stream);
    evbuffer* const out = bufferevent_get_output(connection.stream);
    for (int i = 0; i < questions_per_turn; ++i) {
        std::array<unsigned char, 2> length{};
        if (evbuffer_get_length(out) > unread_bytes_max) return;  // the callback comes again when it is sent
        if (evbuffer_copyout(in, length.data(), length.size()) < 2) return;
        const std::size_t bytes = static_cast<std::size_t>(length[0]) << 8 | length[1];
        if (bytes < dns::header_bytes || bytes > dns::query_bytes_max) return close(connection);
        if (evbuffer_get_length(in) < bytes + 2) return;
        if (!connection.here && !budget_.admit(SourceKeyHash{}(connection.source), clock_.now())) {
            ++held_back_;
            return close(connection);
        }
        const auto* begin = reinterpret_cast<const char*>(evbuffer_pullup(in, static_cast<ssize_t>(bytes + 2)));
        ++by_tcp_;
        const std::string answer =
            begin == nullptr ? std::string{}
                             : zone_.answer({begin + 2, bytes}, dns::Way::tcp, clock_.now(), clock_.wall());
        if (answer.empty()) return close(connection);
        std::string framed;
        dns::append16(framed, static_cast<std::uint16_t>(answer.size()));
        framed += answer;
        if (evbuffer_drain(in, bytes + 2) != 0 || evbuffer_add(out, framed.data(), framed.size()) != 0)
            return close(connection);
    }
    bufferevent_trigger(connection.stream, EV_READ, BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}

Json DnsServer::status() const {
    const dns::ZoneStats& s = zone_.stats();
    return Json::object()
        .set("listening", listening_.text())
        .set("zone", zone_name_)
        .set("questions", Json::object().set("udp", by_udp_).set("tcp", by_tcp_))
        .set("answers", Json::object()
                            .set("with_records", s.answered)
                            .set("no_data", s.no_data)
                            .set("no_name", s.no_name)
                            .set("refused", s.refused)
                            .set("malformed", s.malformed)
                            .set("dropped", s.dropped)
                            .set("truncated", s.truncated))
        .set("held_back", held_back_)
        .set("not_sent", not_sent_)
        .set("connections", Json::object().set("open", connections_.size()).set("turned_away", turned_away_));
}

}  // namespace halp
