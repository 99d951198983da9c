// CPU of a halpd per request, against redis-server (Debian has 7.0) in the same run: SET and GET beside Put and Get
// by neo, values of 100 bytes, keys of 16 digits, 100 requests under way on one connection.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "store/hash.h"
#include "store/records/key.h"
#include "tools/bench/blocking_client.h"
#include "tools/bench/dht_bench.h"
#include "tools/bench/dht_daemon.h"
#include "tools/bench/dht_load.h"
#include "tools/bench/proc_stats.h"
#include "tools/program/child_process.h"

namespace halp::bench {
namespace {

constexpr std::size_t pipeline = 100;

// A free port, as far as anybody can know.
std::uint16_t free_port() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof any;
    const bool bound = ::bind(listener, reinterpret_cast<sockaddr*>(&any), sizeof any) == 0 &&
                       ::getsockname(listener, reinterpret_cast<sockaddr*>(&any), &length) == 0;
    if (listener >= 0) ::close(listener);
    return bound ? ntohs(any.sin_port) : std::uint16_t{0};
}

// A redis-server without a disk, and one connection to it.
class Redis {
public:
    static std::optional<Redis> start(const std::string& program) {
        process::TemporaryDirectory home;
        const Endpoint at{"127.0.0.1", free_port()};
        const process::Command command{.argv = {program, "--port", std::to_string(at.port), "--bind", at.host,
                                                "--dir", home.path(), "--save", "", "--appendonly", "no"},
                                       .error_file = home.path() + "/stderr"};
        auto child = process::ChildProcess::start(command);
        if (!child) return std::nullopt;
        for (int tries = 0; tries < 500 && child->running(); ++tries) {
            auto socket = process::ClientSocket::connect(at, std::chrono::seconds{30});
            if (socket) return Redis(std::move(home), std::move(child).value(), std::move(socket).value());
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
        progress(program + " did not start: " + process::tail_of(command.error_file, 3));
        return std::nullopt;
    }

    // Of each request microseconds of the server's CPU; nothing when an answer is not what it should be.
    std::optional<double> set(std::uint64_t first, std::size_t count) {
        return measure(count, std::string_view("+OK\r\n").size(), [&](std::string& to, std::size_t nth) {
            const BenchValue value(first + nth);
            to += "*3\r\n$3\r\nSET\r\n$16\r\n" + key_text(key_of(first + nth)) + "\r\n$100\r\n";
            to += value.bytes();
            to += "\r\n";
        });
    }
    std::optional<double> get(std::uint64_t known, std::size_t count) {
        constexpr std::size_t answer_bytes = std::string_view("$100\r\n").size() + 100 + 2;
        return measure(count, answer_bytes, [&](std::string& to, std::size_t nth) {
            to += "*2\r\n$3\r\nGET\r\n$16\r\n" + key_text(key_of(mix(nth) % known)) + "\r\n";
        });
    }

private:
    Redis(process::TemporaryDirectory home, process::ChildProcess child, process::ClientSocket socket)
        : home_(std::move(home)), child_(std::move(child)), socket_(std::move(socket)) {}

    // All answers have the same length, and the last byte of each is a line feed.
    template <class Add>
    std::optional<double> measure(std::size_t count, std::size_t answer_bytes, const Add& add) {
        const auto began = cpu_time(child_.pid());
        std::string requests, answers;
        for (std::size_t done = 0; done < count;) {
            requests.clear();
            const std::size_t now = std::min(pipeline, count - done);
            for (std::size_t i = 0; i < now; ++i) add(requests, done + i);
            if (!socket_.send(requests) || !read(now * answer_bytes, answers)) return std::nullopt;
            for (std::size_t i = 1; i <= now; ++i)
                if (answers[i * answer_bytes - 1] != '\n') return std::nullopt;
            done += now;
        }
        const std::chrono::duration<double, std::micro> spent = cpu_time(child_.pid()) - began;
        return spent.count() / static_cast<double>(count);
    }
    bool read(std::size_t bytes, std::string& into) {
        into.resize(bytes);
        for (std::size_t have = 0; have < bytes;) {
            const ssize_t got = ::recv(socket_.descriptor(), into.data() + have, bytes - have, 0);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return false;
            have += static_cast<std::size_t>(got);
        }
        return true;
    }

    process::TemporaryDirectory home_;
    process::ChildProcess child_;
    process::ClientSocket socket_;
};

void add_kind(Report& report, const std::string& kind, const std::string& redis_kind, double bar,
              const std::vector<double>& ours, const std::vector<double>& theirs) {
    std::vector<double> shares;
    for (std::size_t i = 0; i < ours.size(); ++i) shares.push_back(ours[i] / theirs[i]);
    report.add_runs({.what = kind + ", 100 under way, CPU of the node", .unit = "us"}, ours);
    report.add_runs({.what = "  redis-server's " + redis_kind, .unit = "us"}, theirs);
    report.add_runs({.what = "  of redis-server's", .unit = "x", .bar = bar}, shares);
}

}  // namespace

bool measure_beside_redis(const DhtBenchOptions& options, Report& report) {
    const char* const path = std::getenv("PATH");
    const std::string program = process::find_program("redis-server", path ? path : "");
    if (program.empty()) {
        report.remark("No redis-server was found in $PATH, so nothing is compared with it (Debian: redis-server).");
        return true;
    }
    progress("Put and Get beside redis-server");
    auto redis = Redis::start(program);
    const auto daemon = DhtDaemon::start(options.halpd, {"dht.engine=memory"});
    if (!redis || !daemon) return false;
    DhtLoad load(daemon->endpoint(), daemon->pid());
    if (!load.connect()) return false;
    std::vector<double> puts, sets, gets, their_gets;
    const std::size_t share = options.records / options.repetitions;
    for (std::size_t i = 0; i < options.repetitions; ++i) {
        const LoadResult put = load.put(i * share, share, pipeline);
        const auto set = redis->set(i * share, share);
        const LoadResult get = load.get((i + 1) * share, share, pipeline);
        const auto their_get = redis->get((i + 1) * share, share);
        if (put.failed > 0 || get.failed > 0 || !set || !their_get) return false;
        puts.push_back(put.node_us());
        gets.push_back(get.node_us());
        sets.push_back(*set);
        their_gets.push_back(*their_get);
    }
    add_kind(report, "Put", "SET", 0.35, puts, sets);
    add_kind(report, "Get", "GET", 0.45, gets, their_gets);
    return true;
}

}  // namespace halp::bench
