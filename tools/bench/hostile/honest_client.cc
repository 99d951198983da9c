#include "tools/bench/hostile/honest_client.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "tools/bench/blocking_client.h"
#include "tools/bench/report.h"

namespace halp::bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds patience{2000};
constexpr milliseconds between{20};
const std::string address = "127.200.0.9";  // no attack comes from its group

bool answered(const Endpoint& node, const std::string& query) {
    auto socket = process::ClientSocket::connect(node, patience, address);
    if (!socket || !socket->send(query)) return false;
    socket->half_close();
    const auto answer = socket->read_all();
    return answer.end == process::ClientSocket::Answer::End::closed && !answer.bytes.empty();
}

}  // namespace

HonestClient::HonestClient(Endpoint node, std::string query)
    : node_(std::move(node)),
      query_(std::move(query)),
      thread_([this](const std::stop_token& over) { ask(over); }) {}

void HonestClient::ask(const std::stop_token& over) {
    while (!over.stop_requested()) {
        const auto began = std::chrono::steady_clock::now();
        answered_ += answered(node_, query_) ? 1U : 0U;
        ms_.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count());
        std::this_thread::sleep_for(between);
    }
}

HonestClient::Figures HonestClient::finish() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    if (ms_.empty()) return {};
    return {ms_.size(), answered_, percentile(ms_, 0.99), *std::ranges::max_element(ms_)};
}

}  // namespace halp::bench
