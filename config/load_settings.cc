#include "config/load_settings.h"

#include <dirent.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "config/setting_table.h"
#include "config/yaml_reader.h"
#include "store/files/file_access.h"

namespace halp::config {
namespace {

constexpr std::size_t problems_max = 20;
constexpr std::string_view service_prefix = "services.";

// One value from one source, not checked yet.
struct Assignment {
    std::string key;
    ValueText text;
    bool empty = false;
    std::string origin;       // "/etc/halp/halpd.yaml:3", "--listen"
    std::string key_place;    // begins messages about the key
    std::string value_place;  // begins messages about the value
};

std::string place_text(const std::string& file, const Place& place) {
    return file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

bool is_section(std::string_view key) {
    if (key == "labels.rows") return true;
    const std::string prefix = std::string{key} + ".";
    const auto& table = setting_table();
    return std::any_of(table.begin(), table.end(),
                       [&](const Setting& s) { return s.key.substr(0, prefix.size()) == prefix; });
}

class Loader {
public:
    explicit Loader(const SettingSources& sources) : sources_(sources) {}

    LoadedSettings load() {
        read_files();
        read_environment();
        for (const FlagValue& flag : sources_.flags)
            take({flag.key, flag.text, false, flag.flag, flag.flag, flag.flag});
        choose_profile();
        for (const Assignment& one : assignments_) apply(one);
        apply_label_rows();
        apply_services();
        enable_dht();
        out_.settings.dns.listen_stated = out_.origins.count("dns.listen") > 0;
        place_dht();
        place_legacy();
        check_together();
        return std::move(out_);
    }

private:
    void problem(const std::string& place, const std::string& message) { problem(place + ": " + message); }
    void problem(const std::string& sentence) {
        if (out_.problems.size() < problems_max)
            out_.problems.push_back(sentence);
        else if (out_.problems.size() == problems_max)
            out_.problems.push_back("and more");
    }

    void read_files() {
        if (sources_.only_file) return read_file(*sources_.only_file, true);
        read_file(sources_.system_dir + "/halpd.yaml", false);
        for (const std::string& path : files_of(sources_.system_dir + "/conf.d")) read_file(path, true);
        if (sources_.root) return;
        const auto variable = [&](const char* name) {
            const auto found = sources_.environ.find(name);
            return found == sources_.environ.end() ? std::string{} : found->second;
        };
        const std::string home = variable("HOME");
        std::string config_home = variable("XDG_CONFIG_HOME");
        if (config_home.empty() && !home.empty()) config_home = home + "/.config";
        if (!config_home.empty()) read_file(config_home + "/halp/halpd.yaml", false);
    }

    // The *.yaml files of a directory in the order of their names; none when there is no such directory.
    static std::vector<std::string> files_of(const std::string& directory) {
        const std::unique_ptr<DIR, int (*)(DIR*)> handle{opendir(directory.c_str()), closedir};
        std::vector<std::string> paths;
        if (!handle) return paths;
        while (const dirent* entry = readdir(handle.get())) {
            const std::string_view name{entry->d_name};
            constexpr std::string_view ending = ".yaml";
            const bool yaml = name.size() > ending.size() && name.substr(name.size() - ending.size()) == ending;
            if (yaml && name.front() != '.') paths.push_back(directory + "/" + std::string{name});
        }
        std::sort(paths.begin(), paths.end());
        return paths;
    }

    void read_file(const std::string& path, bool required) {
        const Result<NamedText> content = open_config_file(path);
        if (!content) {
            if (required || content.error().code != ErrorCode::not_found) problem(content.error().message);
            return;
        }
        out_.files.push_back(path);
        said_services_are_a_list_ = false;
        const std::string warning = changeable_by_others(path, content->access);
        if (!warning.empty()) out_.warnings.push_back(warning);
        YamlDocument document = read_yaml(content->text);
        for (const YamlProblem& wrong : document.problems) problem(place_text(path, wrong.place), wrong.message);
        const auto of_service = [](const auto& one) { return one.key.starts_with(service_prefix); };
        if (std::ranges::any_of(document.entries, of_service)) services_.clear();  // a list replaces a list
        std::map<std::string, Place> seen;
        for (YamlEntry& entry : document.entries) {
            const auto [first, fresh] = seen.emplace(entry.key, entry.key_place);
            const std::string key_place = place_text(path, entry.key_place);
            if (!fresh && document.problems.empty()) {  // "gossip: {period: 1s}" and "gossip.period: 2s"
                problem(key_place, entry.key + " is set twice in this file, first in line " +
                                       std::to_string(first->second.line));
                continue;
            }
            take({entry.key, std::move(entry.text), entry.empty, path + ":" + std::to_string(entry.key_place.line),
                  key_place, place_text(path, entry.value_place)});
        }
    }

    void read_environment() {
        for (const Setting& setting : setting_table()) {
            const std::string name = environment_name(setting.key);
            const auto found = sources_.environ.find(name);
            if (found == sources_.environ.end()) continue;
            take({std::string{setting.key}, {{found->second}, false}, false, name, name, name});
        }
        // Only a warning: variables of other programs may begin with HALP_ as well.
        static const std::set<std::string_view> client_variables{"HALP_SOCKET", "HALP_COLOR", "HALP_DHT_NODES",
                                                                 "HALP_DHT_CLIENT"};
        for (const auto& [name, value] : sources_.environ) {
            if (name.substr(0, 5) != "HALP_" || client_variables.contains(name)) continue;
            const auto& table = setting_table();
            const auto is_this = [&, &wanted = name](const Setting& s) {
                return environment_name(s.key) == wanted;
            };
            if (std::none_of(table.begin(), table.end(), is_this))
                out_.warnings.push_back("the environment variable " + name + " is not a setting; it is ignored");
        }
    }

    static std::string remedy_for_section(const Assignment& one) {
        if (!one.value_place.starts_with("--")) return "write its settings below it, indented";
        const auto inside = [&](const Setting& s) { return s.key.starts_with(one.key + "."); };
        const auto first = std::ranges::find_if(setting_table(), inside);
        return first == setting_table().end() ? "halpd --print-config shows its settings"
                                              : "give one of its settings, such as " + std::string{first->key};
    }

    // Keeps an assignment to a setting. Reports any other key with the setting that was most likely meant.
    void take(Assignment one) {
        if (find_setting(one.key) != nullptr) return assignments_.push_back(std::move(one));
        if (const auto row = find_label_row(one.key)) {
            const Result<Label> label = Label::parse(row->label);
            if (!label) return problem(one.key_place, row->label + " is not a label: " + label.error().message);
            return rows_.push_back(std::move(one));
        }
        if (one.key.starts_with(service_prefix)) return take_service(std::move(one));
        if (one.key == "services") return take_services_whole(one);
        if (is_section(one.key)) {
            if (!one.empty) problem(one.value_place, one.key + " is a section: " + remedy_for_section(one));
            return;
        }
        const std::string nearest = nearest_key(one.key);
        const std::string hint =
            nearest.empty() ? "halpd --print-config lists all settings" : "did you mean " + nearest + "?";
        problem(one.key_place, one.key.substr(0, 128) + " is not a setting; " + hint);
    }

    // "services.0.check.tcp"
    static std::string_view service_field(const std::string& key) {
        const std::size_t dot = key.find('.', service_prefix.size());
        return dot == std::string::npos ? std::string_view{} : std::string_view{key}.substr(dot + 1);
    }

    void take_service(Assignment one) {
        const std::vector<std::string> fields = service_fields();
        const std::string field{service_field(one.key)};
        const std::size_t dot = one.key.find_first_not_of("0123456789", service_prefix.size());
        const bool in_list = dot > service_prefix.size() && dot == one.key.find('.', service_prefix.size());
        if (field.empty() || !in_list) return say_services_are_a_list(one.key_place);
        if (std::ranges::find(fields, field) != fields.end()) return services_.push_back(std::move(one));
        const bool check_alone = field == "check" && one.empty;
        if (check_alone) return;
        const std::string nearest = nearest_of(fields, field);
        problem(one.key_place,
                field.substr(0, 128) + " is no field of a service; " +
                    (nearest.empty() ? "they are " + joined_keys(fields) : "did you mean " + nearest + "?"));
    }

    // "services: word", and lists without a service: one without anything announces none.
    void take_services_whole(const Assignment& one) {
        if (one.empty) return;
        if (one.text.is_list && one.text.items.empty()) return services_.clear();
        say_services_are_a_list(one.value_place);
    }

    // Once a file, however many keys stand where the list should.
    void say_services_are_a_list(const std::string& place) {
        if (std::exchange(said_services_are_a_list_, true)) return;
        problem(place, "services must be a list, with lines below it such as \"  - {label: chat, port: 5222}\"");
    }

    void apply_services() {
        std::vector<std::string> order;
        std::map<std::string, std::pair<ServiceSettings, std::string>> by_name;  // with the first place
        bool all_good = true;
        for (const Assignment& one : services_) {
            const std::string name = one.key.substr(0, one.key.find('.', service_prefix.size()));
            const auto [found, fresh] = by_name.try_emplace(name, ServiceSettings{}, one.key_place);
            if (fresh) order.push_back(name);
            const std::string field{service_field(one.key)};
            Result<void> done;
            if (one.empty)
                done = Error{ErrorCode::invalid, "has no value"};
            else
                done = assign_service(found->second.first, field, one.text);
            if (!done) problem(one.value_place, field + ": " + done.error().message);
            all_good = all_good && done.has_value();
        }
        if (!all_good) return;
        std::set<std::string> seen;
        for (const std::string& name : order) {
            const auto& [service, place] = by_name.at(name);
            std::string wrong = service_problem(service);
            if (wrong.empty() &&
                !seen.insert(service.label + " " + service.host + " " + std::to_string(service.port)).second)
                wrong = "the same label, host and port stand in an earlier service";
            if (!wrong.empty()) problem(place, wrong);
            out_.services.push_back(service);
        }
    }

    // The last assignment wins. The profile sets the defaults, so it is known before any other setting is applied.
    void choose_profile() {
        Settings chosen;
        const Setting* profile = find_setting("profile");
        for (const Assignment& one : assignments_)
            // A wrong name is reported where all settings are applied.
            if (one.key == "profile" && !one.empty) static_cast<void>(assign(*profile, chosen, one.text));
        const std::string origin = "profile " + plain_text(profile->value(chosen));
        out_.settings.node = OverlayOptions::for_profile(chosen.profile);
        Settings built_in;
        for (const Setting& setting : setting_table())
            if (plain_text(setting.value(out_.settings)) != plain_text(setting.value(built_in)))
                out_.origins[std::string{setting.key}] = origin;
    }

    void apply(const Assignment& one) {
        const Setting* setting = find_setting(one.key);
        assign_to(*setting, out_.settings, one);
    }

    // A row starts as a copy of labels.default, so rows are applied after it.
    void apply_label_rows() {
        for (const Assignment& one : rows_) {
            const std::optional<LabelRowKey> row = find_label_row(one.key);
            auto& rows = out_.settings.node.table.rows;
            Allocation& allocation = rows.try_emplace(row->label, out_.settings.node.table.fallback).first->second;
            assign_to(*row->setting, allocation, one);
        }
    }

    // Any other setting of the section turns dht.enabled on, unless dht.enabled is set itself.
    void enable_dht() {
        if (out_.origins.count("dht.enabled") > 0) return;
        const auto stated = out_.origins.lower_bound("dht.");
        if (stated == out_.origins.end() || !stated->first.starts_with("dht.")) return;
        out_.settings.dht.enabled = true;
        out_.origins["dht.enabled"] = stated->second;
    }

    // Derives dht.listen, dht.legacy and dht.legacy_listen from dht.test_client and dht.port.
    void place_dht() {
        DhtSettings& dht = out_.settings.dht;
        const bool stated = out_.origins.count("dht.listen") > 0;
        const auto follow = [&](const char* key) {
            if (!stated) out_.origins["dht.listen"] = out_.origins[key];
        };
        if (dht.test_client && !stated) {
            dht.listen.host = "127.0.0.1";
            follow("dht.test_client");
        }
        if (dht.port == 0) return;
        const auto neo = static_cast<std::uint16_t>(dht.port + DhtSettings::neo_above_legacy);
        if (stated && dht.listen.port != 0 && dht.listen.port != neo)
            problem(out_.origins["dht.port"], "dht.port sets the neo port to " + std::to_string(neo) +
                                                  ", dht.listen on " + std::to_string(dht.listen.port) +
                                                  ": leave one of the two out");
        dht.listen.port = neo;
        follow("dht.port");
    }

    // Beyond loopback everybody on the way could read along, and change what is sent.
    void check_http() {
        HttpSettings& http = out_.settings.http;
        http.listen_stated = out_.origins.count("http.listen") > 0;
        if (!http.enabled) return;
        if (http.certificate.empty() && !http.key.empty())
            problem(out_.origins["http.key"], "http.key is set and http.certificate is not: set both or none");
        const std::string& host = http.listen.host;
        const bool loopback = host == "localhost" || host == "::1" || host.starts_with("127.");
        if (http.certificate.empty() && !loopback)
            problem(out_.origins["http.listen"],
                    "http.listen: " + http.listen.text() +
                        " is beyond loopback and needs TLS: set http.certificate and http.key, or listen on "
                        "127.0.0.1 and reach it through ssh -L");
        at_most_or_lowered("http.streams_max", http.streams_max, "http.connections_max", http.connections_max);
    }

    void place_legacy() {
        DhtSettings& dht = out_.settings.dht;
        const bool stated = out_.origins.count("dht.legacy_listen") > 0;
        const char* const from = stated ? "dht.legacy_listen" : "dht.port";
        if (out_.origins.count("dht.legacy") == 0 && (stated || dht.port != 0)) {
            dht.legacy = true;
            out_.origins["dht.legacy"] = out_.origins[from];
        }
        if (dht.port == 0) return;
        if (stated && dht.legacy_listen.port != 0 && dht.legacy_listen.port != dht.port)
            problem(out_.origins["dht.port"],
                    "dht.port sets the legacy port to " + std::to_string(dht.port) + ", dht.legacy_listen to " +
                        std::to_string(dht.legacy_listen.port) + ": leave one of the two out");
        dht.legacy_listen.port = static_cast<std::uint16_t>(dht.port);
        if (!stated) out_.origins["dht.legacy_listen"] = out_.origins["dht.port"];
    }

    template <class Row, class Owner>
    void assign_to(const Row& row, Owner& owner, const Assignment& one) {
        if (one.empty) return problem(one.value_place, one.key + " has no value; allowed: " + allowed(row, owner));
        const Result<void> done = assign(row, owner, one.text);
        const std::string name = one.value_place.starts_with("--") ? "" : one.key + ": ";  // the flag says it
        if (!done) return problem(one.value_place, name + done.error().message);
        out_.origins[one.key] = one.origin;
    }

    // Rules between several settings.
    void check_together() {
        OverlayOptions& node = out_.settings.node;
        at_most("view.swapper", node.view.swapper, "view.fresh_max", node.view.fresh_max);
        check_hash_range();
        check_zone();
        check_range_found();
        check_http();
        at_most_or_lowered("text.sessions_per_source_max", node.text.sessions_per_source_max, "text.sessions_max",
                           node.text.sessions_max);
        ConnectionSettings& connections = out_.settings.connections;
        at_most_or_lowered("limits.connections_per_source_max", connections.connections_per_source_max,
                           "limits.connections_max", connections.connections_max);
        at_most_or_lowered("limits.admin_streams_max", connections.admin_streams_max,
                           "limits.admin_connections_max", connections.admin_connections_max);
        at_most_or_lowered("dht.message_bytes_max", out_.settings.dht.message_bytes_max, "limits.input_bytes_max",
                           connections.input_bytes_max);
        at_most_or_lowered("dht.message_bytes_max", out_.settings.dht.message_bytes_max, "limits.output_bytes_max",
                           connections.output_bytes_max);
    }

    void check_zone() {
        const std::string& zone = out_.settings.dns.zone;
        const auto fits = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                   c == '_';
        };
        std::size_t part = 0;
        bool good = true;
        for (const char c : zone + ".") {
            good = good && (c == '.' ? part > 0 && part < 64 : fits(c));
            part = c == '.' ? 0 : part + 1;
        }
        if (!good)
            problem(out_.origins["dns.zone"],
                    "dns.zone: " + quoted(zone) +
                        " is no domain; allowed: letters, digits, - and _, with single dots "
                        "between parts of at most 63, such as halp or halp.example");
    }

    // A part that nobody has set follows the whole.
    void at_most_or_lowered(const char* part, std::size_t& part_value, const char* whole, std::size_t whole_value) {
        if (out_.origins.count(part) > 0) return at_most(part, part_value, whole, whole_value);
        part_value = std::min(part_value, whole_value);
    }

    void at_most(const char* part, std::size_t part_value, const char* whole, std::size_t whole_value) {
        if (part_value <= whole_value) return;
        const auto origin = out_.origins.find(part);
        problem(origin == out_.origins.end() ? "built-in" : origin->second,
                std::string{part} + " (" + std::to_string(part_value) + ") is above " + whole + " (" +
                    std::to_string(whole_value) + ")");
    }

    // Nodes reach each other by the legacy protocol, whose port is that of neo less 100.
    void check_range_found() {
        const DhtSettings& dht = out_.settings.dht;
        const bool hands_over = dht.range == DhtRange::automatic || dht.leave == DhtLeave::hand_over;
        if (!dht.enabled || !hands_over) return;
        const char* const wants = dht.range == DhtRange::automatic ? "dht.range" : "dht.leave";
        if (dht.threads > 1)
            problem(out_.origins["dht.threads"],
                    std::string{wants} + ": " + (dht.range == DhtRange::automatic ? "auto" : "hand_over") +
                        " needs dht.threads: 1, with which alone a node redistributes");
        if (dht.port == 0)
            problem(out_.origins[wants],
                    std::string{wants} + ": " + (dht.range == DhtRange::automatic ? "auto" : "hand_over") +
                        " needs dht.port: parts of a range change hands by the legacy protocol");
        for (const char* bound : {"dht.range_min", "dht.range_max"})
            if (dht.range == DhtRange::automatic && out_.origins.count(bound) > 0)
                problem(out_.origins[bound],
                        std::string{bound} + " and dht.range: auto exclude each other: leave one of the two out");
        const bool here_only = dht.legacy_listen.host == "127.0.0.1" || dht.legacy_listen.host == "::1";
        if (here_only && (dht.listen.wildcard() || dht.listen.host != dht.legacy_listen.host))
            out_.warnings.emplace_back(
                "dht.legacy_listen is on loopback: nodes of other machines can neither take a part of the range of "
                "this "
                "node nor give one");
    }

    void check_hash_range() {
        const DhtSettings& dht = out_.settings.dht;
        const bool empty_range = dht.range_min == ~std::uint64_t{0} && dht.range_max == 0;
        if (empty_range) {
            out_.warnings.emplace_back("dht.range_min and dht.range_max are the empty range: no key is served");
        } else if (dht.range_min > dht.range_max) {
            const auto origin = out_.origins.find("dht.range_min");
            problem(origin == out_.origins.end() ? out_.origins["dht.range_max"] : origin->second,
                    "dht.range_min is above dht.range_max");
        }
    }

    const SettingSources& sources_;
    LoadedSettings out_;
    std::vector<Assignment> assignments_, rows_, services_;
    bool said_services_are_a_list_ = false;  // of the file that is read
};

}  // namespace

LoadedSettings load_settings(const SettingSources& sources) { return Loader{sources}.load(); }

Result<FlagValue> parse_set_flag(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
        return Error{ErrorCode::invalid, "--set takes KEY=VALUE, for example --set gossip.period=5s"};
    return FlagValue{"--set " + text.substr(0, equals), text.substr(0, equals), {{text.substr(equals + 1)}, false}};
}

}  // namespace halp::config
