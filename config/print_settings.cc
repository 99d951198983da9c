#include "config/print_settings.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "config/setting_table.h"

namespace halp::config {
namespace {

// Prints the headings of sections. open() prints those of a dotted key that are not open yet and returns the
// indentation of the last part of the key.
class Sections {
public:
    std::string open(std::string_view key, std::string& out) {
        std::string indent;
        std::size_t from = 0;
        std::string_view path;
        for (std::size_t dot = key.find('.'); dot != std::string_view::npos; dot = key.find('.', from)) {
            path = key.substr(0, dot);
            if (!is_open(path))
                out += (indent.empty() ? "\n" : "") + indent + std::string{key.substr(from, dot - from)} + ":\n";
            indent += "  ";
            from = dot + 1;
        }
        open_ = std::string{path};
        return indent;
    }

private:
    [[nodiscard]] bool is_open(std::string_view path) const {
        const std::string_view open{open_};
        return open == path || (open.substr(0, path.size()) == path && open.substr(path.size(), 1) == ".");
    }
    std::string open_;
};

std::string_view name_of(std::string_view key) { return key.substr(key.rfind('.') + 1); }

std::string origin_of(const LoadedSettings& loaded, const std::string& key) {
    const auto found = loaded.origins.find(key);
    return found == loaded.origins.end() ? "built-in" : found->second;
}

// The path that is in use when the setting is empty; empty for other settings.
std::string resolved(std::string_view key, const Directories& directories) {
    if (key == "state_dir") return directories.state;
    if (key == "cache_dir") return directories.cache;
    if (key == "admin") return directories.admin_socket;
    if (key == "dht.data_dir") return directories.dht_data;
    if (key == "dht.credentials") return directories.dht_credentials;
    return {};
}

void print_line(std::string& out, const std::string& indent, std::string_view name, const std::string& value,
                const std::string& comment) {
    std::string line = indent + std::string{name} + ": " + value;
    line.resize(std::max<std::size_t>(line.size(), 44), ' ');
    out += line + " # " + comment + "\n";
}

}  // namespace

std::string print_effective(LoadedSettings loaded, const Directories& directories) {
    std::string out = "# The effective settings of halpd and their origins.\n";
    for (const std::string& file : loaded.files) out += "# file: " + file + "\n";
    Sections sections;
    for (const Setting& setting : setting_table()) {
        const std::string indent = sections.open(setting.key, out);
        const std::string value = yaml_text(setting.value(loaded.settings));
        std::string comment = origin_of(loaded, std::string{setting.key});
        const std::string here = value == "\"\"" ? resolved(setting.key, directories) : std::string{};
        if (!here.empty()) comment += ", here: " + here;
        print_line(out, indent, name_of(setting.key), value, comment);
        if (setting.key != "labels.default.persist" || loaded.settings.node.table.rows.empty()) continue;
        out += "  rows:\n";
        for (auto& [label, allocation] : loaded.settings.node.table.rows) {
            out += "    \"" + label + "\":\n";
            for (const AllocationSetting& row : allocation_table()) {
                const std::string key = "labels.rows." + label + "." + std::string{row.key};
                const bool stated = loaded.origins.count(key) > 0;
                print_line(out, "      ", row.key, yaml_text(row.value(allocation)),
                           stated ? origin_of(loaded, key) : "labels.default");
            }
        }
    }
    if (!loaded.services.empty()) out += "\nservices:\n";
    for (const ServiceSettings& service : loaded.services) {
        const std::string lines = service_lines(service, "    ");
        out += "  - " + lines.substr(4);
    }
    return out;
}

std::string sample_config() {
    std::string out =
        "# halpd reads this file at its start and again on SIGHUP. It has every setting with its default. Remove "
        "the \"#\"\n"
        "# before a setting to change it. `halpd --check-config` finds mistakes. `halpd --print-config` shows the "
        "effective\n"
        "# settings and their origins. Flags (--set gossip.period=5s) and the environment (HALP_GOSSIP_PERIOD=5s) "
        "take\n"
        "# precedence over files. (restart): a reload does not apply the setting.\n\n";
    Settings defaults;
    defaults.node = OverlayOptions::for_profile(defaults.profile);
    Sections sections;
    for (const Setting& setting : setting_table()) {
        const std::string indent = sections.open(setting.key, out);
        const Value value = setting.value(defaults);
        const bool reloads = setting.reload == Reload::applies;
        out += indent + "# " + std::string{setting.help} + (reloads ? "" : " (restart)") + "\n";
        out += indent + "# allowed: " + allowed(value, setting.bounds) + "\n";
        out += indent + "#" + std::string{name_of(setting.key)} + ": " + yaml_text(value) + "\n";
    }
    const auto rows = out.find("limits:\n");
    out.insert(rows == std::string::npos ? out.size() : rows - 1,
               "  # labels with settings of their own; a row inherits from default what it does not set\n"
               "  rows:\n"
               "  #  chat:\n"
               "  #    entries_max: 100\n"
               "  #    persist: false\n");
    out +=
        "\n# services that this node announces; one with a check only while that passes. Read again on SIGHUP.\n"
        "# services:\n"
        "#   - label: chat\n"
        "#     host: 192.0.2.7                 # left out: the address at which others see this node\n"
        "#     port: 5222\n"
        "#     tags: [v=2, blue]\n"
        "#     check:                          # one of tcp, http and command\n"
        "#       tcp: yes                      # the service itself, or HOST:PORT\n"
        "#       http: http://127.0.0.1:8080/health\n"
        "#       command: /usr/local/bin/check-chat\n"
        "#       interval: 10s\n"
        "#       timeout: 2s\n";
    return out;
}

}  // namespace halp::config
