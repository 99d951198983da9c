// The load of one client process: the client library on its own event loop, with a fixed number of requests in
// flight. Records are numbered. Key and value follow from the number, so that every answer can be verified.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/dht/libevent/blocking_dht_client.h"
#include "store/endpoint.h"
#include "store/hash.h"
#include "store/records/key.h"

namespace halp::bench {

inline constexpr std::string_view bench_channel = "bench";
inline constexpr std::size_t value_bytes = 100;

// Spread over the whole key space, as hashes of names are.
[[nodiscard]] inline Key key_of(std::uint64_t number) { return Key{mix(number + 1)}; }

// A hundred bytes, a third of which cannot be compressed.
class BenchValue {
public:
    explicit BenchValue(std::uint64_t number);
    [[nodiscard]] std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }

private:
    std::array<char, value_bytes> bytes_;
};

struct LoadResult {
    std::size_t done = 0;
    std::size_t failed = 0;  // not answered, or wrongly
    double wall_s = 0;
    double client_cpu_s = 0;
    double node_cpu_s = 0;
    [[nodiscard]] double per_s() const { return wall_s > 0 ? static_cast<double>(done) / wall_s : 0; }
    [[nodiscard]] double client_us() const { return done > 0 ? client_cpu_s * 1e6 / static_cast<double>(done) : 0; }
    [[nodiscard]] double node_us() const { return done > 0 ? node_cpu_s * 1e6 / static_cast<double>(done) : 0; }
};

class DhtLoad {
public:
    // `node_pid`: whose CPU time the results count.
    DhtLoad(const Endpoint& node, pid_t node_pid);

    // False when the node does not answer; the reason is on stderr.
    [[nodiscard]] bool connect();
    // Records first .. first + count - 1, each once.
    LoadResult put(std::uint64_t first, std::size_t count, std::size_t in_flight);
    // Records first .. first + count - 1 of a channel of their own, each when the one before is answered.
    // Microseconds; fewer than `count` when one has failed.
    std::vector<double> put_one_by_one(std::uint64_t first, std::size_t count);
    // `count` requests for records 0 .. known - 1, in no order.
    LoadResult get(std::uint64_t known, std::size_t count, std::size_t in_flight);
    // `at_once` GetAll requests, each of the whole channel; `done` counts the records of all of them. `beside_us`:
    // how long a Get takes meanwhile, again and again, on the same connection.
    LoadResult get_all(std::uint64_t known, std::size_t at_once, std::vector<double>* beside_us = nullptr);
    // Until `stop`, asked now and then: one request at a time, as a user who waits for each answer. Microseconds.
    std::vector<double> get_one_by_one(std::uint64_t known, const std::function<bool()>& stop);

    [[nodiscard]] BlockingDhtClient& client() { return client_; }

private:
    using Begin = std::function<bool(std::uint64_t nth)>;
    LoadResult keep_under_way(std::size_t count, std::size_t in_flight, const Begin& begin);
    void next();
    void over(bool well);

    Endpoint node_;
    pid_t node_pid_;
    BlockingDhtClient client_;
    const Begin* begin_ = nullptr;
    std::size_t begun_ = 0, count_ = 0;
    LoadResult result_;
};

}  // namespace halp::bench
