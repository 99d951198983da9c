#include "tools/bench/dht_load.h"

#include <algorithm>
#include <ctime>
#include <variant>

#include "tools/bench/dht_daemon.h"
#include "tools/bench/proc_stats.h"
#include "tools/bench/report.h"

namespace halp::bench {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::string_view words = R"(","state":"running","owner":"me@example.com","tags":["a","b"],"xy":")";
constexpr Duration patience = std::chrono::seconds{120};

double thread_cpu_s() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

char* put_hex(char* at, std::uint64_t bits) {
    for (int shift = 60; shift >= 0; shift -= 4) *at++ = "0123456789abcdef"[bits >> shift & 15];
    return at;
}

BlockingDhtOptions client_options() {
    BlockingDhtOptions options;
    options.client.credential = DhtDaemon::credential();
    options.timeout = patience;
    return options;
}

// Fills in what the clocks say between its making and finish().
class Stopwatch {
public:
    explicit Stopwatch(pid_t node)
        : node_(node), node_cpu_(cpu_time(node)), client_cpu_s_(thread_cpu_s()), began_(Steady::now()) {}
    void finish(LoadResult& result) const {
        result.wall_s = std::chrono::duration<double>(Steady::now() - began_).count();
        result.client_cpu_s = thread_cpu_s() - client_cpu_s_;
        result.node_cpu_s = std::chrono::duration<double>(cpu_time(node_) - node_cpu_).count();
    }

private:
    pid_t node_;
    std::chrono::nanoseconds node_cpu_;
    double client_cpu_s_;
    Steady::time_point began_;
};

}  // namespace

BenchValue::BenchValue(std::uint64_t number) : bytes_() {
    static_assert(words.size() + 32 == value_bytes);
    char* at = put_hex(bytes_.data(), mix(number + 1));
    at = std::ranges::copy(words, at).out;
    put_hex(at, mix(~number));
}

DhtLoad::DhtLoad(const Endpoint& node, pid_t node_pid)
    : node_(node), node_pid_(node_pid), client_(client_options()) {}

bool DhtLoad::connect() {
    const Result<void> connected = client_.connect(node_);
    if (!connected) progress("cannot measure: " + connected.error().message);
    return connected.has_value();
}

LoadResult DhtLoad::put(std::uint64_t first, std::size_t count, std::size_t in_flight) {
    return keep_under_way(count, in_flight, [this, first](std::uint64_t nth) {
        const BenchValue value(first + nth);
        return client_.client()
            .put(bench_channel, key_of(first + nth), value.bytes(),
                 [this](const dht::PutNote& note) { over(std::holds_alternative<dht::Succeeded>(note)); })
            .has_value();
    });
}

LoadResult DhtLoad::get(std::uint64_t known, std::size_t count, std::size_t in_flight) {
    return keep_under_way(count, in_flight, [this, known](std::uint64_t nth) {
        const std::uint64_t number = mix(nth) % known;
        return client_.client()
            .get(bench_channel, key_of(number),
                 [this, number](const dht::GetNote& note) {
                     const auto* received = std::get_if<dht::Received>(&note);
                     over(received && received->value == BenchValue(number).bytes());
                 })
            .has_value();
    });
}

LoadResult DhtLoad::keep_under_way(std::size_t count, std::size_t in_flight, const Begin& begin) {
    begin_ = &begin;
    count_ = count;
    begun_ = 0;
    result_ = {};
    const Stopwatch watch(node_pid_);
    for (std::size_t i = 0; i < in_flight; ++i) next();
    client_.run_until([this] { return result_.done + result_.failed == count_; }, patience);
    watch.finish(result_);
    result_.failed = count_ - result_.done;
    return result_;
}

void DhtLoad::next() {
    if (begun_ == count_) return;
    if (!(*begin_)(begun_++)) ++result_.failed;
}

void DhtLoad::over(bool well) {
    ++(well ? result_.done : result_.failed);
    next();
}

LoadResult DhtLoad::get_all(std::uint64_t known, std::size_t at_once, std::vector<double>* beside_us) {
    result_ = {};
    std::size_t finished = 0;
    std::uint64_t checksum = 0;
    const auto hear = [&](const dht::GetAllNote& note) {
        if (const auto* record = std::get_if<dht::RecordReceived>(&note)) {
            ++result_.done;
            checksum += value_of(record->key) + record->value.size();
        } else if (std::holds_alternative<dht::Finished>(note)) {
            ++finished;
        }
    };
    const Stopwatch watch(node_pid_);
    for (std::size_t i = 0; i < at_once; ++i)
        if (!client_.client().get_all(bench_channel, {}, hear)) ++result_.failed;
    bool asking = false;
    const std::function<void()> ask = [&] {
        const auto began = Steady::now();
        asking =
            finished < at_once && client_.client().get(bench_channel, key_of(0), [&, began](const dht::GetNote&) {
                beside_us->push_back(std::chrono::duration<double, std::micro>(Steady::now() - began).count());
                ask();
            });
    };
    if (beside_us) ask();
    client_.run_until([&] { return finished == at_once && !asking; }, patience);
    watch.finish(result_);
    std::uint64_t expected = 0;
    for (std::uint64_t i = 0; i < known; ++i) expected += value_of(key_of(i)) + value_bytes;
    if (checksum != expected * at_once || result_.done != known * at_once) ++result_.failed;
    return result_;
}

std::vector<double> DhtLoad::put_one_by_one(std::uint64_t first, std::size_t count) {
    std::vector<double> took_us;
    for (std::uint64_t number = first; number < first + count; ++number) {
        const auto began = Steady::now();
        const auto stored = client_.put("lone", key_of(number), BenchValue(number).bytes());
        if (!stored) break;
        took_us.push_back(std::chrono::duration<double, std::micro>(Steady::now() - began).count());
    }
    return took_us;
}

std::vector<double> DhtLoad::get_one_by_one(std::uint64_t known, const std::function<bool()>& stop) {
    std::vector<double> took_us;
    for (std::uint64_t nth = 0; !stop(); ++nth) {
        const std::uint64_t number = mix(nth) % known;
        const auto began = Steady::now();
        const auto value = client_.get(bench_channel, key_of(number));
        took_us.push_back(std::chrono::duration<double, std::micro>(Steady::now() - began).count());
        if (!value || !*value || **value != BenchValue(number).bytes()) {
            progress("a Get failed: " + (value ? "no such value" : value.error().message));
            return {};
        }
    }
    return took_us;
}

}  // namespace halp::bench
