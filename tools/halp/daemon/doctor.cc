#include "tools/halp/daemon/doctor.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "tools/halp/daemon/admin_api.h"
#include "tools/halp/output/printed_text.h"

namespace halp::cli {
namespace {

using State = Finding::State;

constexpr std::uint64_t free_bytes_low = std::uint64_t{100} << 20, free_bytes_none = std::uint64_t{1} << 20;
constexpr std::uint64_t files_low = 1024;
constexpr std::int64_t year_2024 = 1'704'067'200;  // this program is younger
constexpr std::uint16_t usual_port = 3451;

std::uint64_t count_of(const Json& object, const char* name) { return object[name].whole_or(0); }
std::string counted_words(std::uint64_t count, const std::string& one, const std::string& many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

Finding port_finding(const Json& status) {
    const std::string listening = status["listening"].text_or("?"), self = status["self"].text_or("");
    const Json& standing = status["standing"];
    const std::uint64_t asked = count_of(standing, "asked"), unreached = count_of(standing, "unreached");
    const std::string at = "listens on " + harmless(listening);
    if (count_of(standing, "contested") > 0)
        return {State::doubtful, "port", at + "; another node says that it is at this address",
                "Give one of the two another port (--listen), or its own address (--advertise)."};
    if (unreached > 0)
        return {unreached >= asked ? State::wrong : State::doubtful, "port",
                at + "; " + std::to_string(unreached) + " of " + counted_words(asked, "node", "nodes") +
                    " cannot reach it at " + harmless(self) + " (" + standing["why"].text_or("") + ")",
                "Open the port in the firewall, or forward it and set --advertise HOST:PORT behind NAT."};
    if (self.empty() && count_of(status["peers"], "listed") > 0)
        return {State::doubtful, "port", at + "; at which address others reach it is not known yet",
                "Wait until two other nodes have called, or set --advertise HOST:PORT."};
    return {State::good, "port", at + (self.empty() ? "" : ", reached at " + harmless(self)), ""};
}

Finding seeds_and_peers(const Json& status, const Json& seeds) {
    const std::uint64_t listed = count_of(status["peers"], "listed"), proved = count_of(status["peers"], "proved");
    std::size_t reached = 0, other_swarm = 0;
    std::string first_failed;
    for (const Json& seed : seeds["seeds"].items()) {
        const std::string outcome = seed["outcome"].text_or("");
        reached += seed["reached"].flag_or(false) ? 1 : 0;
        other_swarm += outcome == "other_swarm" ? 1 : 0;
        if (!seed["reached"].flag_or(false) && first_failed.empty())
            first_failed = harmless(seed["endpoint"].text_or("")) + ": " + harmless(outcome);
    }
    const std::size_t all = seeds["seeds"].items().size();
    const std::string found =
        counted_words(listed, "node", "nodes") + " listed, " + std::to_string(proved) + " reached";
    if (proved > 0) return {State::good, "seeds", found, ""};
    if (other_swarm > 0)
        return {State::wrong, "seeds", found + "; " + first_failed,
                "Give both nodes the same --swarm, or join a node of this swarm."};
    if (all > 0 && reached == 0)
        return {State::wrong, "seeds",
                found + "; none of " + counted_words(all, "seed", "seeds") + " answers (" + first_failed + ")",
                "Start halpd there, or name another node: `halp join HOST:PORT`."};
    const std::string remedy = "A node that begins a swarm is well so. To join one: `halp join HOST:PORT`.";
    if (all == 0 && listed == 0) return {State::good, "seeds", found + "; no seed is configured", remedy};
    return {State::doubtful, "seeds", found + "; this node is alone", "Name another node: `halp join HOST:PORT`."};
}

Finding clock_of(const Json& status, const Surroundings& here) {
    if (here.now_unix_s < year_2024)
        return {State::wrong, "clock", "this machine believes that it is before 2024",
                "Set the clock: `timedatectl set-ntp true`."};
    if (!here.clock_synchronized)
        return {State::doubtful, "clock", "the clock is not synchronized",
                "Turn it on: `timedatectl set-ntp true`."};
    if (const std::uint64_t stood = count_of(status, "stood_still"); stood > 0)
        return {State::good, "clock", "synchronized; the node stood still " + counted_words(stood, "time", "times"),
                ""};
    return {State::good, "clock", "synchronized", ""};
}

Finding limit_finding(const Json& status) {
    const std::uint64_t files = count_of(status["files"], "limit");
    const Json& shed = status["connections"]["shed"];
    const std::uint64_t no_file = count_of(shed, "no_descriptor"), turned = count_of(shed, "total_limit");
    std::uint64_t refused = 0;
    for (const Json& one : status["refused"].items()) refused += one.whole_or(0);
    if (files < files_low || no_file > 0)
        return {no_file > 0 ? State::wrong : State::doubtful, "limits",
                counted_words(files, "open file is", "open files are") + " allowed, " + std::to_string(no_file) +
                    " connections were refused for want of one",
                "Raise the limit: `ulimit -n 65536`, or LimitNOFILE= of the service."};
    if (turned > 0)
        return {State::doubtful, "limits", counted_words(turned, "connection", "connections") + " had to make room",
                "Raise limits.connections_max if they were wanted."};
    if (refused > 0)
        return {State::doubtful, "limits", counted_words(refused, "entry was", "entries were") + " refused",
                "`halp status --json` says why; limits.* and labels.* are the settings."};
    return {State::good, "limits", std::to_string(files) + " open files are allowed, nothing was refused", ""};
}

void add_store(std::vector<Finding>& out, const Json& status, const Surroundings& here) {
    for (const Surroundings::Directory& directory : here.directories) {
        const std::string where = directory.name + " " + harmless(directory.path);
        if (!directory.free_bytes) {
            out.push_back({State::doubtful, "store", where + " cannot be looked at by this user",
                           "Run `halp doctor` as root, or as the user of the daemon."});
            continue;
        }
        const std::uint64_t free_bytes = *directory.free_bytes;
        const bool none = free_bytes < free_bytes_none, low = free_bytes < free_bytes_low;
        out.push_back({none  ? State::wrong
                       : low ? State::doubtful
                             : State::good,
                       "store", where + ", " + human_bytes(free_bytes) + " free",
                       low ? "Make room on that disk; what cannot be written is lost at the next start." : ""});
    }
    const std::string trouble = status["dht"]["trouble"].text_or("");
    if (!trouble.empty())
        out.push_back(
            {State::wrong, "records", harmless(trouble), "`halp dht status` and the log of halpd say more."});
}

void add_services(std::vector<Finding>& out, const Json& status) {
    for (const Json& service : status["services"].items()) {
        const bool failing = service["state"].text_or("") == "failing";
        if (!failing && service["announced"].flag_or(true)) continue;
        out.push_back({State::wrong, "service",
                       harmless(service["label"].text_or("")) + " " + harmless(service["host"].text_or("")) + ":" +
                           std::to_string(service["port"].whole_or(0)) +
                           " is not announced: " + harmless(service["why"].text_or("")),
                       failing ? "Mend the service; it is announced again when its check passes."
                               : "Give the service a host, or wait until the node knows its address."});
    }
}

Finding dns_finding(const Json& status) {
    const std::string at = status["dns"]["listening"].text_or("");
    if (!at.empty()) return {State::good, "DNS", "answers on " + harmless(at), ""};
    const std::string why = status["dns"]["why"].text_or("not there");
    const bool off = why.starts_with("off");
    return {off ? State::good : State::doubtful, "DNS", harmless(why),
            off ? "" : "Set dns.listen to a free port, or dns.enabled to false."};
}

Finding health_finding(const Json& status) {
    const std::uint64_t level = status["health"].whole_or(1);
    if (level <= 1) return {State::good, "health", "well", ""};
    return {State::doubtful, "health", std::to_string(level) + " (1 is well, 8 is sick): this machine answers late",
            "Look at its load, its memory and its network."};
}

std::string_view word_of(State state) {
    return state == State::good ? "ok" : state == State::doubtful ? "doubtful" : "WRONG";
}

ExitCode print_findings(Console& console, const std::vector<Finding>& findings, ExitCode at_worst) {
    const bool any_wrong = std::ranges::any_of(findings, [](const Finding& f) { return f.state == State::wrong; });
    if (console.style().json) {
        Json list = Json::array();
        for (const Finding& f : findings)
            list.push(Json::object({{"what", f.what},
                                    {"state", f.state == State::wrong ? "wrong" : std::string{word_of(f.state)}},
                                    {"found", f.found},
                                    {"remedy", f.remedy}}));
        console.line(Json::object({{"schema_version", 1}, {"ok", !any_wrong}}).set("findings", list).line());
        return any_wrong ? at_worst : ExitCode::ok;
    }
    std::string text;
    for (const Finding& f : findings) {
        std::string line{word_of(f.state)};
        line.resize(10, ' ');
        line += f.what;
        line.resize(std::max<std::size_t>(19, line.size() + 1), ' ');
        text += line + f.found + "\n";
        if (!f.remedy.empty()) text += std::string(19, ' ') + "-> " + f.remedy + "\n";
    }
    console.block(text);
    return any_wrong ? at_worst : ExitCode::ok;
}

std::optional<std::uint64_t> free_bytes_of(const std::string& path) {
    struct statvfs disk {};
    if (path.empty() || ::access(path.c_str(), X_OK) != 0 || ::statvfs(path.c_str(), &disk) != 0)
        return std::nullopt;
    return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
}

bool clock_is_synchronized() {
    timex state{};
    return ::adjtimex(&state) != TIME_ERROR;
}

// Somebody listens on the usual port of this machine.
bool usual_port_taken() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(usual_port);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const bool taken = ::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0;
    ::close(fd);
    return taken;
}

}  // namespace

std::vector<Finding> diagnose(const Json& status, const Json& seeds, const Surroundings& here) {
    std::vector<Finding> out;
    out.push_back({State::good, "daemon",
                   "halpd " + harmless(status["version"].text_or("?")) + ", pid " +
                       std::to_string(status["pid"].whole_or(0)) + ", swarm " +
                       harmless(status["swarm"].text_or("?")),
                   ""});
    out.push_back(port_finding(status));
    out.push_back(seeds_and_peers(status, seeds));
    out.push_back(clock_of(status, here));
    out.push_back(limit_finding(status));
    out.push_back(health_finding(status));
    add_store(out, status, here);
    add_services(out, status);
    out.push_back(dns_finding(status));
    return out;
}

Finding no_daemon(const std::optional<Error>& why, bool port_taken) {
    if (why && why->code == ErrorCode::refused)
        return {State::wrong, "daemon", why->message,
                "Become a member of its group: `sudo usermod -aG halp $USER`, then log in again; or use sudo."};
    if (port_taken)
        return {State::wrong, "daemon", "none is found, but port 3451 of this machine is in use",
                "If that is a halpd, name its socket with --socket PATH; else start one with --listen [::]:PORT."};
    return {State::wrong, "daemon", "none is running", "Start one: `halpd &`, or `systemctl start halpd`."};
}

ExitCode run_doctor(const CommandLine& command, Console& console, const Clock& clock,
                    const std::optional<std::string>& socket, const std::optional<Error>& why) {
    if (!socket) return print_findings(console, {no_daemon(why, usual_port_taken())}, ExitCode::no_daemon);
    const AdminApi daemon{*socket,
                          Duration{static_cast<std::int64_t>(std::ceil(command.timeout_s.value_or(10) * 1e6))}};
    const auto status = daemon.ask(Method::get, "/v1/status"), seeds = daemon.ask(Method::get, "/v1/seeds");
    if (!status) return console.fail(status.error());
    if (!seeds) return console.fail(seeds.error());
    Surroundings here;
    for (const auto& [name, field] : {std::pair{"state", "state_dir"}, {"cache", "cache_dir"}}) {
        const std::string path = (*status)[field].text_or("");
        here.directories.push_back({name, path, free_bytes_of(path)});
    }
    here.clock_synchronized = clock_is_synchronized();
    here.now_unix_s = count(clock.wall());
    return print_findings(console, diagnose(*status, *seeds, here), ExitCode::failed);
}

}  // namespace halp::cli
