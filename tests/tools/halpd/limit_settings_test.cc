// Every setting of HALP text and of limits does something: with a low and a high value something comes out
// differently.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/setting_table.h"
#include "config/typed_table.h"
#include "overlay/node/overlay_node.h"
#include "simulations/world/sim_world.h"
#include "tools/halpd/connection_limits.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;
using config::Settings;

class Speaker final : public EventHandler {
public:
    void on_accept(StreamId, const Endpoint&) override {}
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_bytes(StreamId, Bytes bytes) override { received.append(bytes); }
    void on_end(StreamId) override {}
    void on_closed(StreamId) override {}
    void on_wakeup() override {}
    std::string received;
};

// A node with these settings, and hosts that speak to it.
struct Scene {
    explicit Scene(const Settings& settings)
        : host(world.add_host(at)), node(world.env(host), endpoints, config::overlay_options(settings), false) {
        world.attach(host, node);
        node.start();
    }
    std::string say(const std::string& from, const std::string& text, Duration span = 100ms) {
        Speaker& speaker = *speakers.emplace_back(std::make_unique<Speaker>());
        const HostId there = world.add_host({from, ++port});
        world.attach(there, speaker);
        Transport& transport = world.env(there).transport;
        const StreamId stream = transport.connect(at);
        if (!text.empty()) transport.write(stream, text);
        world.run_for(span);
        return speaker.received;
    }
    std::size_t insert(const std::string& prefix, int count) {
        std::size_t done = 0;
        for (int i = 0; i < count; ++i)
            done +=
                node.insert(*Label::parse(prefix + std::to_string(i)), {"a.example", 80}, UnixSeconds{1}) ? 1 : 0;
        return done;
    }

    const Endpoint at{"10.0.0.1", 3451};
    SimWorld world{3};
    EndpointTable endpoints;
    HostId host;
    OverlayNode node;
    std::vector<std::unique_ptr<Speaker>> speakers;
    std::uint16_t port = 4000;
};

const std::string unfinished = "insert chat\n1700000000 a.exam";

struct Effect {
    std::string low, high;
    std::function<std::size_t(const Settings&)> outcome;
};

std::size_t refused(const Settings& settings, const std::vector<std::string>& hosts) {
    Scene scene(settings);
    for (const std::string& host : hosts) scene.say(host, unfinished, 1ms);
    scene.world.run_for(100ms);
    return scene.node.status().text_refused;
}

std::size_t labels_after(const Settings& settings, int count) {
    Scene scene(settings);
    scene.insert("l", count);
    return scene.node.status().labels;
}

const std::map<std::string, Effect>& effects() {
    static const std::map<std::string, Effect> effects{
        {"text.settle",
         {"10ms", "10s", [](const Settings& s) { return Scene(s).say("10.0.0.2", unfinished, 500ms).size(); }}},
        {"text.deadline",
         {"100ms", "1m",
          [](const Settings& s) {
              Scene scene(s);
              scene.say("10.0.0.2", "", 1s);
              return scene.node.status().streams_open;
          }}},
        {"text.sessions_max",
         {"1", "10",
          [](const Settings& s) {
              return refused(s, {"10.0.0.2", "10.0.0.3", "10.0.0.4"});
          }}},
        {"text.sessions_per_source_max",
         {"1", "10",
          [](const Settings& s) {
              return refused(s, {"10.0.0.2", "10.0.0.2"});
          }}},
        {"limits.labels_max", {"16", "100", [](const Settings& s) { return labels_after(s, 40); }}},
        {"limits.bytes_max", {"1MiB", "64MiB", [](const Settings& s) { return labels_after(s, 1000); }}},
        {"limits.names_per_directory_max",
         {"2", "100",
          [](const Settings& s) {
              Scene scene(s);
              scene.insert("x/", 10);
              return scene.node.names(*Label::parse("x/"), 0, 100).size();
          }}},
        {"limits.new_labels_per_source_and_hour",
         {"1", "100",
          [](const Settings& s) {
              Scene scene(s);
              std::size_t taken = 0;
              for (const char* label : {"a", "b", "c"})
                  taken += scene.say("10.0.0.2", std::string{"insert "} + label + "\n1700000000 a.example 80")
                                   .starts_with("success")
                               ? 1
                               : 0;
              return taken;
          }}},
        {"limits.new_labels_of_applications_and_hour",
         {"1", "100", [](const Settings& s) { return Scene(s).insert("l", 3); }}},
        {"limits.connections_max",
         {"8", "100", [](const Settings& s) { return world_limits(s.connections).accepted_max; }}},
        {"limits.connections_per_source_max",
         {"8", "100", [](const Settings& s) { return world_limits(s.connections).accepted_per_source_max; }}},
        {"limits.admin_connections_max",
         {"8", "100", [](const Settings& s) { return admin_limits(s.connections).connections_max; }}},
        {"limits.admin_streams_max",
         {"8", "100", [](const Settings& s) { return admin_limits(s.connections).streams_max; }}},
        {"limits.input_bytes_max",
         {"1MiB", "64MiB",
          [](const Settings& s) { return InputAccount(s.connections.input_bytes_max).bytes_max(); }}},
        {"limits.output_bytes_max",
         {"1MiB", "64MiB", [](const Settings& s) { return world_limits(s.connections).output_total_max; }}},
    };
    return effects;
}

// Shown where original servers are played.
const std::string shown_elsewhere = "text.poll_interval";

TEST(LimitSettings, EachOneHasAnEffect) {
    for (const config::Setting& setting : config::setting_table()) {
        const std::string key{setting.key};
        const bool wanted = key.starts_with("text.") || key.starts_with("limits.");
        if (!wanted || key == shown_elsewhere) continue;
        const auto effect = effects().find(key);
        ASSERT_NE(effect, effects().end()) << key << ": show here that it does something";
        const auto outcome = [&](const std::string& value) {
            Settings settings;
            settings.node.own_addresses = {};
            EXPECT_TRUE(config::assign(setting, settings, config::ValueText{{value}})) << key << " " << value;
            return effect->second.outcome(settings);
        };
        EXPECT_NE(outcome(effect->second.low), outcome(effect->second.high)) << key << " changes nothing";
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
