#include "tools/halp/dht/dht_reach.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "overlay/dht/libevent/dht_files.h"
#include "overlay/dht/wire/config_lines.h"
#include "overlay/dht/wire/neo_credentials.h"

namespace halp::cli {
namespace {

constexpr Duration refusal_patience = std::chrono::milliseconds{400};
constexpr const char* nodes_variable = "HALP_DHT_NODES";
constexpr const char* client_variable = "HALP_DHT_CLIENT";

// In this order: --credentials, $HALP_DHT_CLIENT, the user's file, the credentials of the originals' tests.
Result<neo::Credential> credential_of(const DhtTool& tool, std::string& whom) {
    std::string path = tool.command.dht.credentials;
    const bool named = !path.empty() || !tool.variable(client_variable).empty();
    if (path.empty()) path = usual_client_file(tool);
    if (!named) {
        std::error_code unknown;  // reading it tells
        if (!std::filesystem::exists(path, unknown) && !unknown) {
            whom = "`admin` with the key of tests (128 zero bytes), there being no " + path;
            tool.console.detail("as the client " + whom);
            return neo::Credential{"admin", {}};
        }
    }
    std::string warning;
    auto credential = read_credentials_file(path, &warning);
    if (!credential) return credential.error();
    if (!warning.empty()) tool.console.say(warning);
    whom = "`" + credential->name + "` of " + path;
    tool.console.detail("as the client " + whom);
    return credential;
}

}  // namespace

std::string usual_client_file(const DhtTool& tool) {
    if (std::string path = tool.variable(client_variable); !path.empty()) return path;
    std::string config = tool.variable("XDG_CONFIG_HOME");
    if (config.empty()) config = tool.variable("HOME") + "/.config";
    return config + "/halp/dht-client";
}

// A fixed list. Its nodes may be gone, so they are hints.
class DhtReach::Listed final : public NodeSource {
public:
    explicit Listed(std::vector<Endpoint> nodes) : nodes_(std::move(nodes)) {}
    std::vector<Endpoint> nodes() override { return nodes_; }

private:
    std::vector<Endpoint> nodes_;
};

Result<std::vector<Endpoint>> parse_node_list(const std::string& text) {
    std::vector<Endpoint> nodes;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        const std::string one{ConfigLines::trimmed(std::string_view{text}.substr(at, end - at))};
        at = end + 1;
        if (one.empty()) continue;
        const auto node = Endpoint::parse(one);
        if (!node) return Error{ErrorCode::invalid, "HALP_DHT_NODES: `" + one + "` is not HOST:PORT."};
        nodes.push_back(*node);
    }
    if (nodes.empty()) return Error{ErrorCode::invalid, "HALP_DHT_NODES names no node: write HOST:PORT."};
    return nodes;
}

Result<std::unique_ptr<DhtReach>> DhtReach::open(const DhtTool& tool, Reach reach) {
    if (tool.command.dht.legacy) return open_legacy(tool, reach);
    std::string whom;
    auto credential = credential_of(tool, whom);
    if (!credential) return credential.error();
    BlockingDhtOptions options;
    options.client.credential = *std::move(credential);
    options.refusal_patience = refusal_patience;
    options.partial = tool.command.dht.partial || reach == Reach::look;
    if (tool.command.timeout_s)
        options.timeout =
            Duration{std::max<std::int64_t>(1, static_cast<std::int64_t>(*tool.command.timeout_s * 1e6))};
    options.on_connection = dht::log_connections([&tool](std::string_view line) { tool.console.detail(line); });
    std::unique_ptr<DhtReach> opened{new DhtReach{tool}};
    opened->whom_ = whom;
    opened->client_ = std::make_unique<BlockingDhtClient>(std::move(options));
    opened->access_ = access_by_neo(*opened->client_);
    const Result<void> connected = opened->connect();
    if (connected || reach == Reach::look) {
        if (!connected && connected.error().code == ErrorCode::invalid) return connected.error();
        if (!connected && opened->dht().client().nodes().empty()) return opened->explained(connected.error());
        return opened;
    }
    const auto nodes = opened->dht().client().nodes();
    const bool any =
        std::ranges::any_of(nodes, [](const DhtNodeView& node) { return node.connected && node.range; });
    if (!any) return opened->explained(connected.error());
    if (reach == Reach::every_node) {
        if (!opened->dht().client().cover().missing.empty()) return opened;  // the verb names what is missing
        return opened->explained(connected.error());
    }
    tool.console.say(connected.error().message + "; going on without it.");
    return opened;
}

DhtReach::~DhtReach() {
    const auto lines = legacy_   ? legacy::describe(legacy_->client().stats())
                       : client_ ? dht::describe(client_->client().stats())
                                 : std::vector<std::string>{};
    for (const std::string& line : lines) tool_.console.detail(line);
}

Result<void> DhtReach::connect() {
    const DhtCommand& typed = tool_.command.dht;
    if (!typed.nodes.empty()) return connect_to(typed.nodes);
    if (!typed.nodes_file.empty()) {
        const auto nodes = read_nodes_file(typed.nodes_file);
        if (!nodes) return nodes.error();
        return connect_to(*nodes);
    }
    if (!typed.halp_hosts.empty()) return client_->connect_label(typed.halp_hosts, typed.label);
    if (const std::string listed = tool_.variable(nodes_variable); !listed.empty()) {
        const auto nodes = parse_node_list(listed);
        if (!nodes) return nodes.error();
        return connect_to(*nodes);
    }
    return connect_usual();
}

// With --partial the nodes are hints, so that no request waits for one that does not answer.
Result<void> DhtReach::connect_to(std::vector<Endpoint> nodes) {
    if (!tool_.command.dht.partial) return client_->connect(nodes);
    listed_ = std::make_unique<Listed>(std::move(nodes));
    return client_->connect_source(*listed_);
}

std::string DhtReach::troubles() {
    std::string text;
    for (const ReachedNode& node : access_->nodes())
        if (!node.trouble.empty()) text += (text.empty() ? " (" : ", ") + node.node.text() + ": " + node.trouble;
    return text.empty() ? text : text + ")";
}

// ---- legacy ----

namespace {

constexpr std::uint16_t neo_above_legacy = 100;

// Labels and the environment name neo ports. As in the originals, a node's legacy port is 100 below.
std::vector<Endpoint> below_neo(std::vector<Endpoint> nodes) {
    for (Endpoint& node : nodes)
        if (node.port > neo_above_legacy) node.port = static_cast<std::uint16_t>(node.port - neo_above_legacy);
    return nodes;
}

bool answers(const LegacyNodeView& node) { return node.version_known && node.range; }

}  // namespace

Result<std::unique_ptr<DhtReach>> DhtReach::open_legacy(const DhtTool& tool, Reach reach) {
    std::unique_ptr<DhtReach> opened{new DhtReach{tool}};
    const auto nodes = opened->legacy_nodes();
    if (!nodes) return opened->explained(nodes.error());
    BlockingLegacyOptions options;
    options.partial = tool.command.dht.partial || reach == Reach::look;
    if (tool.command.timeout_s)
        options.timeout =
            Duration{std::max<std::int64_t>(1, static_cast<std::int64_t>(*tool.command.timeout_s * 1e6))};
    options.refusal_patience = refusal_patience;
    opened->legacy_ = std::make_unique<BlockingLegacyClient>(std::move(options));
    opened->access_ = access_by_legacy(*opened->legacy_);
    const HandshakeOutcome how = opened->legacy_->connect(*nodes);
    tool.console.detail("handshake by legacy: " + (how.complete ? "complete" : how.text()));
    if (how.complete || reach == Reach::look) return opened;
    const Error error{ErrorCode::unreachable, how.text()};
    if (std::ranges::none_of(opened->legacy_->client().nodes(), answers)) return opened->explained(error);
    const bool named_are_missing = !how.failures.empty() && !tool.command.dht.partial;
    if (reach == Reach::every_node && named_are_missing && how.cover.missing.empty())
        return opened->explained(error);
    if (reach == Reach::any_node && !how.failures.empty()) tool.console.say(how.text() + "; going on without it.");
    return opened;
}

Result<std::vector<Endpoint>> DhtReach::legacy_nodes() {
    const DhtCommand& typed = tool_.command.dht;
    if (!typed.nodes.empty()) return typed.nodes;
    if (!typed.nodes_file.empty()) return read_nodes_file(typed.nodes_file);
    if (!typed.halp_hosts.empty()) return listed_legacy_nodes({{}, typed.halp_hosts, ""});
    if (const std::string listed = tool_.variable(nodes_variable); !listed.empty()) {
        auto nodes = parse_node_list(listed);
        if (!nodes) return nodes;
        return below_neo(*std::move(nodes));
    }
    const auto places = tool_.usual_places(typed.label);
    if (!places) return places.error();
    tool_.console.detail("asking " + places->source + " for the label " + typed.label.text());
    return listed_legacy_nodes(*places);
}

// Asks the HALP hosts without speaking to the nodes.
Result<std::vector<Endpoint>> DhtReach::listed_legacy_nodes(const UsualPlaces& places) const {
    constexpr Duration patience = std::chrono::seconds{3}, quiet_span = std::chrono::milliseconds{500};
    std::set<Endpoint> found(places.nodes.begin(), places.nodes.end());
    if (!places.halp_hosts.empty()) {
        BlockingDhtOptions options;
        options.client.auto_connect = false;
        BlockingDhtClient finder(std::move(options));
        if (auto asked = finder.client().find_nodes(places.halp_hosts, tool_.command.dht.label); !asked)
            return asked.error();
        const auto any = [&] { return !finder.client().nodes().empty(); };
        if (finder.run_until(any, patience)) finder.run_until([] { return false; }, quiet_span);
        for (const DhtNodeView& node : finder.client().nodes()) found.insert(node.node);
    }
    if (found.empty())
        return Error{ErrorCode::unreachable,
                     "no DHT node is listed under the label `" + tool_.command.dht.label.text() + "`"};
    return below_neo({found.begin(), found.end()});
}

Result<void> DhtReach::connect_usual() {
    const DhtCommand& typed = tool_.command.dht;
    auto places = tool_.usual_places(typed.label);
    if (!places) return places.error();
    tool_.console.detail("asking " + places->source + " for the label " + typed.label.text());
    if (places->nodes.empty() && places->halp_hosts.empty())
        return Error{ErrorCode::unreachable,
                     places->source + " lists no DHT node under the label `" + typed.label.text() + "`"};
    if (places->nodes.empty()) return client_->connect_label(std::move(places->halp_hosts), typed.label);
    if (!places->halp_hosts.empty())
        if (auto asked = client_->client().find_nodes(std::move(places->halp_hosts), typed.label); !asked)
            return asked;
    listed_ = std::make_unique<Listed>(std::move(places->nodes));
    return client_->connect_source(*listed_);
}

Error DhtReach::explained(const Error& error) const {
    if (error.code != ErrorCode::unreachable) return error;
    const DhtCommand& typed = tool_.command.dht;
    const bool told = !typed.nodes.empty() || !typed.nodes_file.empty();
    const bool by_variable = !told && typed.halp_hosts.empty() && !tool_.variable(nodes_variable).empty();
    std::string text = error.message;
    if (text.ends_with('.')) text.pop_back();
    if (text.ends_with(": rejected"))
        return {ErrorCode::refused,
                text + ". The client was " + whom_ +
                    ". The node's credentials file must have its line NAME:KEY, and the clocks may be 30 minutes "
                    "apart at most. --credentials FILE names another client; a node for tests (--dht-test-client) "
                    "takes `admin` with 128 zero bytes, which is the client without any file."};
    if (told && typed.legacy)
        return {error.code,
                text + ". Is a node running there? With --legacy its port is the one of the legacy protocol."};
    if (told)
        return {error.code, text +
                                ". Is a node running there? Its port is the one of the neo protocol, which is the "
                                "originals' port + 100."};
    if (by_variable)
        return {error.code, text + ". That is what the variable " + nodes_variable +
                                " of the environment names: is a node running there? Correct it, or override it "
                                "with --node HOST:PORT, --nodes FILE or --halp HOST:PORT."};
    return {error.code,
            text +
                ". Name a node with --node HOST:PORT, a file of them with --nodes FILE, or a HALP host that knows "
                "one with --halp HOST:PORT; `dht:` in its configuration makes a halpd one."};
}

}  // namespace halp::cli
