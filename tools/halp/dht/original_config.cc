#include "tools/halp/dht/original_config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "config/settings.h"
#include "config/typed_value.h"
#include "config/units.h"
#include "overlay/dht/wire/config_lines.h"
#include "store/edit_distance.h"
#include "store/endpoint.h"

namespace halp::cli {
namespace {

Error wrong(std::size_t line, const std::string& what) {
    return {ErrorCode::invalid, "line " + std::to_string(line) + ": " + what};
}

Error wrong(const IniEntry& entry, const std::string& what) {
    return wrong(entry.line, "[" + entry.section + "] " + entry.key + " = `" + entry.value + "`: " + what);
}

// ---- values ----

Result<std::uint64_t> number_in(const IniEntry& entry, std::uint64_t min, std::uint64_t max) {
    std::uint64_t number = 0;
    const char* end = entry.value.data() + entry.value.size();
    const auto [at, failed] = std::from_chars(entry.value.data(), end, number);
    if (failed == std::errc{} && at == end && number >= min && number <= max) return number;
    return wrong(entry, "write a whole number from " + std::to_string(min) + " to " + std::to_string(max));
}

Result<bool> flag_in(const IniEntry& entry) {
    for (const char* yes : {"true", "yes", "on", "1"})
        if (entry.value == yes) return true;
    for (const char* no : {"false", "no", "off", "0"})
        if (entry.value == no) return false;
    return wrong(entry, "write true or false");
}

// 16 digits, the same without the 0x that the original allows.
Result<std::string> place_in(const IniEntry& entry) {
    std::string_view digits = entry.value;
    if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
    const bool well = digits.size() == 16 && digits.find_first_not_of("0123456789abcdefABCDEF") == digits.npos;
    if (!well) return wrong(entry, "write 16 hexadecimal digits, with or without 0x in front");
    return std::string(digits);
}

// ---- the translation ----

struct Line {
    std::string key, value;  // of our YAML
    std::string about;
};

// What has been read so far.
struct Translation {
    bool skip_unknown = false;
    std::string address, first, last, data_dir;
    std::optional<std::uint64_t> port;
    std::vector<Line> lines;
    std::vector<std::string> comments;
    std::string log_level, log_file;
    bool statistics = false;
    std::vector<std::string> dump_words;  // arguments of `halp dht dump`
    std::size_t settings = 0;

    void set(std::string key, std::string value, std::string about = {}) {
        lines.push_back({std::move(key), std::move(value), std::move(about)});
    }
};

using Take = Result<void> (*)(Translation&, const IniEntry&);

struct KnownSetting {
    std::string_view section, key;
    Take take;                 // null: there is no counterpart
    std::string_view why_not;  // why there is none
};

Result<void> take_address(Translation& to, const IniEntry& entry) {
    const auto endpoint = Endpoint::make(entry.value, 1);
    if (!endpoint || entry.value.find_first_not_of("0123456789.") != std::string::npos)
        return wrong(entry, "write an IPv4 address of this machine, such as 192.0.2.7");
    to.address = entry.value;
    return {};
}
Result<void> take_port(Translation& to, const IniEntry& entry) {
    const auto port = number_in(entry, 1, 65435);
    if (!port) return port.error();
    to.port = *port;
    return {};
}
Result<void> take_place(Translation& to, const IniEntry& entry) {
    const auto place = place_in(entry);
    if (!place) return place.error();
    (entry.key == "minval" ? to.first : to.last) = *place;
    return {};
}
Result<void> take_data_dir(Translation& to, const IniEntry& entry) {
    if (entry.value.empty()) return wrong(entry, "name the directory of the dumps");
    to.data_dir = entry.value;
    return {};
}
Result<void> take_connections(Translation& to, const IniEntry& entry) {
    const auto number = number_in(entry, 1, 65536);
    if (!number) return number.error();
    to.set("connections_max", std::to_string(*number), "for each of the two protocols, as before");
    return {};
}
Result<void> take_flush(Translation& to, const IniEntry& entry) {
    const auto number = number_in(entry, 0, 60'000);
    if (!number) return number.error();
    to.set("legacy_flush_interval", std::to_string(*number) + "ms");
    return {};
}
Result<void> take_size_limit(Translation& to, const IniEntry& entry) {
    constexpr std::uint64_t least = std::uint64_t{1} << 20, most = std::uint64_t{1} << 40;
    const auto number = number_in(entry, 0, ~std::uint64_t{0});
    if (!number) return number.error();
    if (*number == 0) return {};  // none
    const std::uint64_t limit = std::clamp(*number, least, most);
    to.set("bytes_max", std::to_string(limit),
           "of values and 36 bytes a record; it counts for neo, too" +
               std::string(limit == *number ? "" : " (1MiB to 1024GiB are possible)"));
    return {};
}
Result<void> take_out_of_range(Translation& to, const IniEntry& entry) {
    for (const char* mode : {"load", "fatal", "ignore"})
        if (entry.value == mode) {
            to.set("dump_out_of_range", mode);
            return {};
        }
    return wrong(entry, "write load, fatal or ignore");
}
Result<void> take_out_of_range_max(Translation& to, const IniEntry& entry) {
    const auto number = number_in(entry, 0, 0xffffffff);
    if (!number) return number.error();
    to.set("dump_out_of_range_max", std::to_string(*number));
    return {};
}
Result<void> take_batch_size(Translation& to, const IniEntry& entry) {
    const auto number = number_in(entry, 1024, std::uint64_t{4} << 20);
    if (!number) return number.error();
    to.set("batch_bytes", std::to_string(*number), "of legacy; its Put takes 32 bytes less");
    to.set("dump_value_bytes_max", std::to_string(*number));
    return {};
}
Result<void> check_flag(Translation&, const IniEntry& entry) {
    const auto flag = flag_in(entry);
    return flag ? Result<void>{} : flag.error();
}
Result<void> take_log_level(Translation& to, const IniEntry& entry) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> levels{{{"trace", "trace"},
                                                                                          {"debug", "debug"},
                                                                                          {"verbose", "debug"},
                                                                                          {"info", "info"},
                                                                                          {"warn", "warn"},
                                                                                          {"error", "error"},
                                                                                          {"fatal", "error"},
                                                                                          {"none", "error"}}};
    std::string level = entry.value;
    for (char& c : level) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    for (const auto& [theirs, ours] : levels)
        if (level == theirs) {
            to.log_level = ours;
            return {};
        }
    return wrong(entry, "write trace, info, warn, error, fatal or none");
}
Result<void> take_log_file(Translation& to, const IniEntry& entry) {
    to.log_file = entry.value;
    return {};
}
Result<void> take_dump_address(Translation& to, const IniEntry& entry) { return take_address(to, entry); }
Result<void> take_dump_dir(Translation& to, const IniEntry& entry) { return take_data_dir(to, entry); }
Result<void> take_dump_wait(Translation& to, const IniEntry& entry) {
    const auto number = number_in(entry, 0, 31'536'000);
    if (!number) return number.error();
    const std::string_view option = entry.key == "period_s"     ? "--every"
                                    : entry.key == "min_wait_s" ? "--min-wait"
                                                                : "--retry-wait";
    to.dump_words.push_back(std::string(option) + " " + std::to_string(*number) + "s");
    return {};
}

constexpr std::string_view no_direct_io = "dumps go through the page cache and are synced at the end";

constexpr std::array<KnownSetting, 25> known{{
    {"Server", "address", take_address, {}},
    {"Server", "port", take_port, {}},
    {"Server", "minval", take_place, {}},
    {"Server", "maxval", take_place, {}},
    {"Server", "data_dir", take_data_dir, {}},
    {"Server", "connection_limit", take_connections, {}},
    {"Server", "backlog", nullptr, "the longest backlog that the system allows is asked for (net.core.somaxconn)"},
    {"Server", "unix_socket_path", nullptr,
     "its two commands are `halp dht credentials --reload` and `halp dht credentials`, through the socket "
     "`admin:`"},
    {"Performance", "write_flush_ms", take_flush, {}},
    {"Performance", "redist_memory_limit_mulitplier", nullptr, "it is the limit of a hand-over between originals"},
    {"Options_Memory", "size_limit", take_size_limit, {}},
    {"Options_Memory", "lock_memory", nullptr,
     "memory is not locked; MemorySwapMax=0 in the systemd unit keeps the records out of the swap"},
    {"Options_Memory", "allow_out_of_range", take_out_of_range, {}},
    {"Options_Memory", "abort_after_all_out_of_range", take_out_of_range_max, {}},
    {"Options_Memory", "disable_direct_io", nullptr, no_direct_io},
    {"Options_Memory", "bnum", nullptr, "there are no hash buckets: keys are in order"},
    {"Options_Memory", "batch_size", take_batch_size, {}},
    {"PidLock", "path", nullptr, "the lock of the state directory and that of dht.data_dir take its place"},
    {"Dht", "address", take_dump_address, {}},
    {"Dht", "port", take_port, {}},
    {"Dump", "data_dir", take_dump_dir, {}},
    {"Dump", "period_s", take_dump_wait, {}},
    {"Dump", "min_wait_s", take_dump_wait, {}},
    {"Dump", "retry_wait_s", take_dump_wait, {}},
    {"Dump", "disable_direct_io", nullptr, no_direct_io},
}};

// Sections of the framework of the originals: any setting is known there.
bool of_the_framework(std::string_view section) {
    for (const std::string_view name : {"STATS", "LOG", "VERSION", "TASK", "SCHEDULER"})
        if (section == name || (section.starts_with(name) && section[name.size()] == '.')) return true;
    return false;
}

bool is_flag(const IniEntry& entry) { return entry.key == "lock_memory" || entry.key == "disable_direct_io"; }

// The value on one line, because it becomes a comment.
std::string as_it_was(const IniEntry& entry) {
    std::string value = entry.value;
    std::ranges::replace(value, '\n', ' ');
    return "[" + entry.section + "] " + entry.key + " = " + value + " (line " + std::to_string(entry.line) + ")";
}

Result<void> take_framework(Translation& to, const IniEntry& entry) {
    if (entry.section == "STATS") to.statistics = true;
    const bool root = entry.section == "LOG.Root" || entry.section == "LOG";
    Result<void> taken;
    if (root && entry.key == "level") {
        taken = take_log_level(to, entry);
    } else if (root && (entry.key == "file" || entry.key == "file_name")) {
        taken = take_log_file(to, entry);
    } else {
        const std::string_view why =
            entry.section == "STATS" ? "statistics go to the log (dht.statistics_interval) and to `halp dht stats`"
                                     : "there is one log: log.level, log.format, log.file";
        to.comments.push_back(as_it_was(entry) + ": " + std::string(why));
        return {};
    }
    if (taken) ++to.settings;
    return taken;
}

std::string nearest_setting(const IniEntry& entry) {
    std::string nearest;
    std::size_t least = 4;
    if (entry.key.size() > 64) return nearest;
    for (const KnownSetting& one : known) {
        const std::size_t apart = edit_distance(entry.key, one.key);
        if (one.section != entry.section || apart >= least) continue;
        least = apart;
        nearest = one.key;
    }
    return nearest.empty() ? "" : " Was " + nearest + " meant?";
}

Result<void> refuse(Translation& to, const IniEntry& entry, bool section_known) {
    if (to.skip_unknown) {
        to.comments.push_back(as_it_was(entry) + ": unknown, and left out");
        return {};
    }
    const std::string what = section_known ? "[" + entry.section + "] has no setting `" + entry.key + "`."
                                           : "the section [" + entry.section + "] is none of an original node.";
    return wrong(entry.line,
                 what + (section_known ? nearest_setting(entry) : "") +
                     " Take it out of the file, or leave it out of the translation with --skip-unknown");
}

Result<void> take(Translation& to, const IniEntry& entry) {
    if (of_the_framework(entry.section)) return take_framework(to, entry);
    bool section_known = false;
    for (const KnownSetting& one : known) {
        section_known = section_known || one.section == entry.section;
        if (one.section != entry.section || one.key != entry.key) continue;
        if (is_flag(entry))
            if (auto checked = check_flag(to, entry); !checked) return checked;
        if (!one.take) {
            to.comments.push_back(as_it_was(entry) + ": " + std::string(one.why_not));
            return {};
        }
        ++to.settings;
        return one.take(to, entry);
    }
    return refuse(to, entry, section_known);
}

// ---- writing ----

std::string yaml_line(const std::string& key, const std::string& value, const std::string& about = {}) {
    return "  " + key + ": " + value + (about.empty() ? "" : "  # " + about) + "\n";
}

std::string comments_of(const Translation& from) {
    if (from.comments.empty()) return {};
    std::string text = "\n# Settings of the original that have no counterpart:\n";
    for (const std::string& comment : from.comments) text += "# " + comment + "\n";
    return text;
}

std::string node_yaml(const Translation& from) {
    const auto quoted = [](const std::string& text) { return config::quoted(text); };
    const std::uint64_t port = *from.port;
    std::string text = "# Made by `halp dht import-config` from the configuration of an original DHT node.\n";
    if (!from.log_level.empty() || !from.log_file.empty()) text += "log:\n";
    if (!from.log_level.empty()) text += yaml_line("level", from.log_level);
    if (!from.log_file.empty()) text += yaml_line("file", quoted(from.log_file));
    text += "dht:\n" + yaml_line("port", std::to_string(port), "legacy here, neo 100 above");
    text += yaml_line("listen",
                      quoted(from.address + ":" + std::to_string(port + config::DhtSettings::neo_above_legacy)));
    text += yaml_line("legacy_listen", quoted(from.address + ":" + std::to_string(port)),
                      "whoever reaches it may change every record, as before; legacy: false ends that");
    text += yaml_line("range_min", quoted(from.first)) + yaml_line("range_max", quoted(from.last));
    text += yaml_line("engine", "memory", "lmdb keeps every acknowledged record on the disk");
    text += yaml_line("dumps", "true", "read at the start and written at the end, as before");
    text += yaml_line("data_dir", quoted(from.data_dir.empty() ? "data" : from.data_dir),
                      "a relative path counts from the working directory, as before");
    text += yaml_line("credentials", quoted("etc/credentials"), "the path of the original");
    text += yaml_line("dump_empty_values", "skip", "as before");
    for (const Line& line : from.lines) text += yaml_line(line.key, line.value, line.about);
    if (from.statistics)
        text +=
            yaml_line("statistics_interval", "30s", "as before") + yaml_line("request_times", "true", "as before");
    return text + comments_of(from);
}

std::string dump_yaml(const Translation& from) {
    std::string text =
        "# Made by `halp dht import-config` from the configuration of an original dhtdump. Its place is taken "
        "by\n#\n"
        "#     halp dht dump " +
        (from.data_dir.empty() ? "data" : from.data_dir) + " --partial --node " + from.address + ":" +
        std::to_string(*from.port + config::DhtSettings::neo_above_legacy);
    const bool periodic =
        std::ranges::any_of(from.dump_words, [](const std::string& word) { return word.starts_with("--every"); });
    if (!periodic) text += " --every 4h";
    for (const std::string& word : from.dump_words) text += " " + word;
    return text +
           "\n#\n# (the address of dhtdump's configuration, with the port of neo; in another directory than that "
           "of a "
           "halpd\n# with dht.dumps, which writes its own.)\n" +
           comments_of(from);
}

// What the file lacks. A setting with a wrong value is not missing, and is told of elsewhere.
void add_missing(const std::vector<IniEntry>& entries, bool node, std::vector<Error>& faults) {
    static constexpr std::array<std::string_view, 4> required{"address", "port", "minval", "maxval"};
    const std::string_view section = node ? "Server" : "Dht";
    for (const std::string_view key : std::span(required).first(node ? required.size() : 2)) {
        const auto is_it = [&](const IniEntry& entry) { return entry.section == section && entry.key == key; };
        if (std::ranges::any_of(entries, is_it)) continue;
        faults.push_back({ErrorCode::invalid, "[" + std::string(section) + "] has no `" + std::string(key) +
                                                  "`, which the original requires: add the line"});
    }
}

Result<void> check_range(const Translation& read) {
    const bool none = read.first.find_first_not_of("fF") == std::string::npos &&
                      read.last.find_first_not_of('0') == std::string::npos;
    std::uint64_t first = 0, last = 0;
    std::from_chars(read.first.data(), read.first.data() + read.first.size(), first, 16);
    std::from_chars(read.last.data(), read.last.data() + read.last.size(), last, 16);
    if (first > last && !none) return Error{ErrorCode::invalid, "[Server] minval is above maxval: exchange them"};
    return {};
}

}  // namespace

Result<std::vector<IniEntry>> read_ini(std::string_view text) {
    constexpr std::string_view mark = "\xef\xbb\xbf";
    if (text.starts_with(mark)) text.remove_prefix(mark.size());
    std::vector<IniEntry> entries;
    std::string section;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::string_view line = ConfigLines::trimmed(text.substr(0, text.find('\n')));
        text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
        if (line.empty() || line.front() == '#' || line.front() == ';' || line.starts_with("//")) continue;
        if (line.front() == '[') {
            if (line.back() != ']' || line.size() < 3)
                return wrong(number, "a section is `[NAME]`: close the bracket");
            section = ConfigLines::trimmed(line.substr(1, line.size() - 2));
            continue;
        }
        const std::size_t equals = line.find('=');
        if (section.empty())
            return wrong(number, "it stands before any section: write `[Server]` or another above it");
        if (equals != std::string_view::npos) {
            entries.push_back({section, std::string(ConfigLines::trimmed(line.substr(0, equals))),
                               std::string(ConfigLines::trimmed(line.substr(equals + 1))), number});
        } else if (!entries.empty() && entries.back().section == section) {
            entries.back().value += "\n" + std::string(line);
        } else {
            return wrong(number, "it is neither `[SECTION]` nor `key = value`");
        }
    }
    return entries;
}

Result<ImportedConfig> import_original_config(std::string_view text, bool skip_unknown,
                                              std::vector<Error>* faults) {
    std::vector<Error> found;
    std::vector<Error>& all = faults ? *faults : found;
    const auto entries = read_ini(text);
    if (!entries) all.push_back(entries.error());
    if (!entries) return entries.error();
    Translation read;
    read.skip_unknown = skip_unknown;
    for (const IniEntry& entry : *entries)
        if (auto taken = take(read, entry); !taken) all.push_back(taken.error());
    const auto has = [&](std::string_view section) {
        return std::ranges::any_of(*entries, [&](const IniEntry& entry) { return entry.section == section; });
    };
    const bool node = has("Server") || !has("Dump");
    add_missing(*entries, node, all);
    if (node && all.empty())
        if (auto range = check_range(read); !range) all.push_back(range.error());
    if (!all.empty()) return all.front();
    return ImportedConfig{node ? node_yaml(read) : dump_yaml(read), read.settings, read.comments.size()};
}

}  // namespace halp::cli
