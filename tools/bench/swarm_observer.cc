#include "tools/bench/swarm_observer.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

namespace halp::bench {

namespace {

int connect_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    assert(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return descriptor;
    ::close(descriptor);
    return -1;
}

// The value of "endpoint" in a line of JSON. Endpoints need no escapes, so no parser is needed on this hot path.
std::string endpoint_in(std::string_view json) {
    const std::string_view mark = "\"endpoint\":\"";
    const std::size_t at = json.find(mark);
    if (at == std::string_view::npos) return {};
    const std::size_t begin = at + mark.size();
    return std::string{json.substr(begin, json.find('"', begin) - begin)};
}

}  // namespace

AgentWatch::AgentWatch(std::string socket, const std::string& label, std::size_t endpoints)
    : socket_(std::move(socket)),
      request_("GET /v1/events?label=" + label + " HTTP/1.1\r\nHost: halpd\r\nAccept: text/event-stream\r\n\r\n"),
      listed_(endpoints, false) {}

AgentWatch::~AgentWatch() { disconnect(); }

AgentWatch::AgentWatch(AgentWatch&& other) noexcept
    : socket_(std::move(other.socket_)),
      request_(std::move(other.request_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      pending_(std::move(other.pending_)),
      in_body_(other.in_body_),
      complete_(other.complete_),
      stream_(std::move(other.stream_)),
      listed_(std::move(other.listed_)),
      count_(other.count_),
      events_(other.events_) {}

bool AgentWatch::connect() {
    descriptor_ = connect_unix(socket_);
    if (descriptor_ < 0) return false;
    const ssize_t sent = ::send(descriptor_, request_.data(), request_.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request_.size())) disconnect();
    return descriptor_ >= 0;
}

void AgentWatch::disconnect() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
    pending_.clear();
    in_body_ = complete_ = false;
    stream_ = {};
    listed_.assign(listed_.size(), false);
    count_ = 0;
}

bool AgentWatch::read(const std::unordered_map<std::string, std::size_t>& index_of) {
    std::array<char, 65536> part{};
    const ssize_t got = ::recv(descriptor_, part.data(), part.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (got <= 0) return false;
    pending_.append(part.data(), static_cast<std::size_t>(got));
    if (!in_body_) {
        const std::size_t end = pending_.find("\r\n\r\n");
        if (end == std::string::npos) return true;
        if (!pending_.starts_with("HTTP/1.1 200")) return false;
        pending_.erase(0, end + 4);
        in_body_ = true;
    }
    return feed_chunks(index_of);
}

// Chunks of HTTP/1.1: a hexadecimal length, CRLF, that many bytes, CRLF.
bool AgentWatch::feed_chunks(const std::unordered_map<std::string, std::size_t>& index_of) {
    std::size_t at = 0;
    bool alive = true;
    while (alive) {
        const std::size_t line_end = pending_.find("\r\n", at);
        if (line_end == std::string::npos) break;
        std::size_t length = 0;
        const auto parsed = std::from_chars(pending_.data() + at, pending_.data() + line_end, length, 16);
        if (parsed.ec != std::errc{} || length == 0) return false;
        if (pending_.size() < line_end + 2 + length + 2) break;
        alive = stream_.feed(std::string_view{pending_}.substr(line_end + 2, length), [&](const auto& event) {
            take(event, index_of);
            return true;
        });
        at = line_end + 2 + length + 2;
    }
    pending_.erase(0, at);
    return alive;
}

void AgentWatch::take(const cli::StreamEvent& event, const std::unordered_map<std::string, std::size_t>& index_of) {
    ++events_;
    if (event.name == "initial_list_complete") complete_ = true;
    const bool here = event.name == "entry" || event.name == "entry_learned";
    if (!here && event.name != "entry_forgotten") return;
    const auto found = index_of.find(endpoint_in(event.data));
    if (found != index_of.end()) set(found->second, here);
}

void AgentWatch::set(std::size_t endpoint, bool listed) {
    if (listed_[endpoint] == listed) return;
    listed_[endpoint] = listed;
    count_ = listed ? count_ + 1 : count_ - 1;
}

SwarmObserver::SwarmObserver(const std::vector<std::string>& sockets, const std::string& label,
                             const std::vector<std::string>& endpoints)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    assert(epoll_ >= 0);
    for (const std::string& socket : sockets) agents_.push_back({AgentWatch{socket, label, endpoints.size()}});
    for (std::size_t i = 0; i < endpoints.size(); ++i) index_of_.emplace(endpoints[i], i);
}

SwarmObserver::~SwarmObserver() { ::close(epoll_); }

void SwarmObserver::connect_missing() {
    for (std::size_t i = 0; i < agents_.size(); ++i) {
        Agent& agent = agents_[i];
        if (agent.ignored || agent.watch.descriptor() >= 0 || !agent.watch.connect()) continue;
        epoll_event interest{};
        interest.events = EPOLLIN;
        interest.data.u64 = i;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, agent.watch.descriptor(), &interest);
    }
}

void SwarmObserver::drop(std::size_t agent) {
    AgentWatch& watch = agents_[agent].watch;
    if (watch.descriptor() >= 0) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, watch.descriptor(), nullptr);
    watch.disconnect();
}

bool SwarmObserver::watch_until(const std::function<bool()>& done, std::chrono::milliseconds patience) {
    const auto deadline = Steady::now() + patience;
    std::array<epoll_event, 128> ready{};
    auto next_connect = Steady::now();
    while (!done()) {
        const auto now = Steady::now();
        if (now >= deadline) return false;
        if (now >= next_connect) {
            connect_missing();
            next_connect = now + std::chrono::milliseconds{10};
        }
        const int count = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 10);
        for (int i = 0; i < count; ++i) {
            const auto agent = static_cast<std::size_t>(ready[static_cast<std::size_t>(i)].data.u64);
            if (!agents_[agent].watch.read(index_of_)) drop(agent);
        }
    }
    return true;
}

void SwarmObserver::disconnect_all() {
    for (std::size_t i = 0; i < agents_.size(); ++i) drop(i);
}

void SwarmObserver::ignore(std::size_t agent) {
    drop(agent);
    agents_[agent].ignored = true;
}

}  // namespace halp::bench
