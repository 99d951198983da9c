#include "tools/bench/dns_bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "overlay/dns/dns_message.h"
#include "store/endpoint.h"
#include "tools/bench/blocking_client.h"
#include "tools/bench/proc_stats.h"
#include "tools/halp/daemon/admin_api.h"
#include "tools/program/child_process.h"

namespace halp::bench {
namespace {

constexpr std::uint16_t type_a = 1, type_srv = 33;
constexpr std::size_t questions_under_way = 16;
constexpr double text_cost_max = 1.3;  // of the CPU of a text `get`
constexpr double answer_us_max = 25;   // 40 000 a second on one core

struct Server {
    process::TemporaryDirectory directory;
    std::optional<process::ChildProcess> process;
    Endpoint text, dns;
};

bool start(const DnsBenchOptions& options, Server& server) {
    const std::string& at = server.directory.path();
    std::filesystem::create_directories(at + "/cache");
    std::ofstream file{at + "/cache/bench", std::ios::binary};
    const std::time_t now = std::time(nullptr);
    for (std::size_t i = 0; i < options.entries; ++i)
        file << (i > 0 ? "\n" : "") << now - static_cast<std::time_t>(i) << " 10.1." << i / 250 << "." << i % 250
             << " 8080";
    file.close();
    Result<process::ChildProcess> child = process::ChildProcess::start(
        {.argv = {options.halpd, "--listen", "127.0.0.1:0", "--state-dir", at + "/state", "--cache-dir",
                  at + "/cache", "--admin", at + "/halpd.sock", "--set", "dns.listen=127.0.0.1:0", "--set",
                  "dns.hosts_max=1000"},
         .environment = {{"HOME", at}},
         .error_file = at + "/stderr"});
    if (!child) return progress(child.error().message), false;
    server.process.emplace(std::move(child).value());
    for (int tries = 0; tries < 3000 && server.process->running(); ++tries) {
        const Result<Endpoint> listening = Endpoint::parse(process::listening_address(at + "/stderr"));
        if (listening) {
            server.text = *listening;
            const auto status =
                cli::AdminApi{at + "/halpd.sock", std::chrono::seconds{10}}.ask(cli::Method::get, "/v1/status");
            const auto dns =
                status ? Endpoint::parse((*status)["dns"]["listening"].text_or("")) : listening.error();
            if (dns) return server.dns = *dns, true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    progress("halpd does not answer DNS: " + process::read_whole_file(at + "/stderr"));
    return false;
}

std::string question_of(const std::vector<std::string>& name, std::uint16_t type) {
    std::string out;
    for (const int field : {0x1234, 0x0100, 1, 0, 0, 1}) dns::append16(out, static_cast<std::uint16_t>(field));
    out += dns::wire_name(name);
    dns::append16(out, type);
    dns::append16(out, dns::class_internet);
    out += '\0';  // OPT, for answers above 512 bytes
    for (const int field : {41, 1232, 0, 0, 0}) dns::append16(out, static_cast<std::uint16_t>(field));
    return out;
}

struct Costs {
    double cpu_us = 0, per_s = 0;
    std::size_t unanswered = 0;
};

Costs measure_dns(Server& server, const std::string& question, std::size_t queries) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server.dns.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
        ::close(fd);
        return {0, 0, queries};
    }
    Costs costs;
    std::array<char, 2048> answer{};
    const auto cpu_before = cpu_time(server.process->pid());
    const auto began = std::chrono::steady_clock::now();
    std::size_t sent = 0;
    for (std::size_t got = 0; got < queries; ++got) {
        for (; sent < queries && sent < got + questions_under_way; ++sent)
            if (::send(fd, question.data(), question.size(), 0) < 0) ++costs.unanswered;
        if (::recv(fd, answer.data(), answer.size(), 0) <= static_cast<ssize_t>(question.size()))
            ++costs.unanswered;
    }
    const double wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    const auto cpu = cpu_time(server.process->pid()) - cpu_before;
    costs.cpu_us = std::chrono::duration<double, std::micro>(cpu).count() / static_cast<double>(queries);
    costs.per_s = static_cast<double>(queries) / wall_s;
    ::close(fd);
    return costs;
}

double measure_text(Server& server, std::size_t queries) {
    const auto before = cpu_time(server.process->pid());
    for (std::size_t i = 0; i < queries; ++i)
        if (!process::text_query(server.text, "get bench\n")) return 0;
    return std::chrono::duration<double, std::micro>(cpu_time(server.process->pid()) - before).count() /
           static_cast<double>(queries);
}

}  // namespace

bool run_dns_bench(const DnsBenchOptions& options, Report& report) {
    Server server;
    if (!start(options, server)) return false;
    const std::string srv = question_of({"_bench", "_tcp", "halp"}, type_srv);
    const std::string a = question_of({"bench", "halp"}, type_a);
    std::vector<double> text_us, srv_us, a_us, per_s;
    std::size_t unanswered = 0;
    for (std::size_t run = 0; run < options.repetitions; ++run) {
        text_us.push_back(measure_text(server, options.queries / 4));
        const Costs of_srv = measure_dns(server, srv, options.queries),
                    of_a = measure_dns(server, a, options.queries);
        srv_us.push_back(of_srv.cpu_us);
        a_us.push_back(of_a.cpu_us);
        per_s.push_back(of_srv.per_s);
        unanswered += of_srv.unanswered + of_a.unanswered;
    }
    const double text = median(text_us), most = std::max(median(srv_us), median(a_us));
    const std::string rest = ", " + std::to_string(options.entries) + " hosts, server CPU";
    report.add_runs({.what = "text get" + rest, .unit = "us"}, std::move(text_us));
    report.add_runs({.what = "DNS SRV with addresses" + rest, .unit = "us", .bar = answer_us_max},
                    std::move(srv_us));
    report.add_runs({.what = "DNS A" + rest, .unit = "us", .bar = answer_us_max}, std::move(a_us));
    report.add_runs({.what = "DNS SRV, answers per second, one client", .unit = "/s"}, std::move(per_s));
    if (text > 0)
        report.add(
            {.what = "DNS against text get, server CPU", .value = most / text, .unit = "x", .bar = text_cost_max});
    if (unanswered > 0) report.remark(std::to_string(unanswered) + " questions were not answered.");
    return text > 0;
}

}  // namespace halp::bench
