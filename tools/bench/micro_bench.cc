#include "tools/bench/micro_bench.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "overlay/gossip/wire/gossip_codec.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "overlay/text/text_codec.h"
#include "store/endpoint.h"
#include "store/host_list.h"
#include "store/label.h"
#include "store/label_table.h"
#include "tools/libhalp/include/halp/halp.h"

namespace halp::bench {

namespace {

Instant at(std::int64_t seconds) { return Instant{std::chrono::seconds{seconds}}; }

HostEntry confirmed(EndpointId endpoint, std::int64_t seconds) {
    HostEntry entry;
    entry.endpoint = endpoint;
    entry.incarnation = 1;
    entry.confirmed = at(seconds);
    return entry;
}

EndpointId host(EndpointTable& table, std::size_t i) {
    return table.intern(
        {"10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255),
         8080});
}

// A list of n hosts, far from full and far from expiry.
struct Filled {
    explicit Filled(std::size_t n)
        : list{endpoints, {.entries_max = n + 1000, .ttl = std::chrono::hours{24 * 365}}} {
        for (std::size_t i = 0; i < n; ++i) {
            ids.push_back(host(endpoints, i));
            benchmark::DoNotOptimize(
                list.merge(confirmed(ids.back(), static_cast<std::int64_t>(i)), at(static_cast<std::int64_t>(n))));
        }
    }
    EndpointTable endpoints;
    HostList list;
    std::vector<EndpointId> ids;
};

void refresh_a_host(benchmark::State& state) {
    Filled filled{static_cast<std::size_t>(state.range(0))};
    std::int64_t now = state.range(0);
    std::size_t turn = 0;
    for (auto _ : state) {
        turn = (turn + 7919) % filled.ids.size();
        ++now;
        benchmark::DoNotOptimize(filled.list.merge(confirmed(filled.ids[turn], now), at(now)));
    }
}

void first_page(benchmark::State& state) {
    const Filled filled{static_cast<std::size_t>(state.range(0))};
    for (auto _ : state) benchmark::DoNotOptimize(filled.list.page(0, text_entries_default));
}

void last_page(benchmark::State& state) {
    const Filled filled{static_cast<std::size_t>(state.range(0))};
    for (auto _ : state)
        benchmark::DoNotOptimize(filled.list.page(filled.list.size() - text_entries_default, text_entries_default));
}

void merge_into_a_table(benchmark::State& state) {
    EndpointTable endpoints;
    TableLimits limits;
    limits.new_labels_per_source_and_hour = 1'000'000;
    LabelTable table{endpoints, limits};
    std::vector<Label> labels;
    for (std::int64_t i = 0; i < state.range(0); ++i)
        labels.push_back(Label::parse("label" + std::to_string(i)).value());
    const EndpointId one = host(endpoints, 1);
    std::int64_t now = 0;
    for (auto _ : state) {
        ++now;
        const Label& label = labels[static_cast<std::size_t>(now) % labels.size()];
        benchmark::DoNotOptimize(table.merge(label, confirmed(one, now), local_source, at(now), UnixSeconds{now}));
    }
}

void parse_a_get(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(parse_text_query("get chat/room\n"));
}

void format_ten_lines(benchmark::State& state) {
    const Endpoint endpoint{"host.example", 8080};
    for (auto _ : state) {
        std::string answer;
        for (int i = 0; i < 10; ++i) append_host_line(answer, UnixSeconds{1700000000 + i}, endpoint);
        benchmark::DoNotOptimize(answer);
    }
}

gossip::Message exchange_of(EndpointTable& endpoints, std::int64_t peers) {
    gossip::Message message;
    message.hello.self = host(endpoints, 0);
    message.hello.port = 3451;
    for (std::int64_t i = 1; i <= peers; ++i)
        message.peers.push_back({.endpoint = host(endpoints, static_cast<std::size_t>(i)), .incarnation = 1});
    return message;
}

void encode_an_exchange(benchmark::State& state) {
    EndpointTable endpoints;
    const gossip::Message message = exchange_of(endpoints, state.range(0));
    for (auto _ : state) benchmark::DoNotOptimize(gossip::encode(message, endpoints));
}

void decode_an_exchange(benchmark::State& state) {
    EndpointTable endpoints;
    const std::string frame = gossip::encode(exchange_of(endpoints, state.range(0)), endpoints);
    for (auto _ : state) benchmark::DoNotOptimize(gossip::decode(frame, endpoints));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                            static_cast<std::int64_t>(frame.size()));
}

// 20 hosts of the daemon that $HALP_SOCKET names, through libhalp.so: one kept connection, wall time.
void look_up_at_a_daemon(benchmark::State& state) {
    halp_handle* handle = nullptr;
    if (halp_open(&handle, nullptr) != HALP_OK) return state.SkipWithError(halp_message());
    for (int i = 1; i <= 20; ++i)
        if (halp_announce(handle, "benchmark", ("192.0.2." + std::to_string(i)).c_str(), 80, nullptr) != HALP_OK)
            state.SkipWithError(halp_message());
    for (auto _ : state) {
        halp_list* hosts = nullptr;
        if (halp_lookup(handle, "benchmark", nullptr, &hosts) != HALP_OK) state.SkipWithError(halp_message());
        benchmark::DoNotOptimize(halp_count(hosts));
        halp_free(hosts);
    }
    if (halp_close(handle) != HALP_OK) state.SkipWithError(halp_message());
}

void register_all() {
    using benchmark::RegisterBenchmark;
    if (std::getenv("HALP_SOCKET") != nullptr) RegisterBenchmark("halp_lookup", look_up_at_a_daemon);
    RegisterBenchmark("refresh_a_host", refresh_a_host)->Arg(10)->Arg(1000)->Arg(100'000);
    RegisterBenchmark("first_page", first_page)->Arg(10)->Arg(1000)->Arg(100'000);
    RegisterBenchmark("last_page", last_page)->Arg(10)->Arg(1000)->Arg(100'000);
    RegisterBenchmark("merge_into_a_table", merge_into_a_table)->Arg(1)->Arg(1000);
    RegisterBenchmark("parse_a_get", parse_a_get);
    RegisterBenchmark("format_ten_lines", format_ten_lines);
    RegisterBenchmark("encode_an_exchange", encode_an_exchange)->Arg(15)->Arg(100);
    RegisterBenchmark("decode_an_exchange", decode_an_exchange)->Arg(15)->Arg(100);
}

}  // namespace

int run_micro_bench(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "halp-bench micro");
    std::vector<char*> words;
    for (std::string& word : arguments) words.push_back(word.data());
    int count = static_cast<int>(words.size());
    register_all();
    benchmark::Initialize(&count, words.data());
    if (benchmark::ReportUnrecognizedArguments(count, words.data())) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}

}  // namespace halp::bench
