#include "tools/halpd/halpd_pages.h"

#include <algorithm>
#include <variant>

#include "config/setting_table.h"
#include "tools/halpd/activation.h"
#include "tools/halpd/command_line.h"
#include "tools/program/completion.h"
#include "tools/program/manual_page.h"

namespace halp {
namespace {

config::Settings default_settings() {
    config::Settings defaults;
    defaults.node = OverlayOptions::for_profile(defaults.profile);
    return defaults;
}

// ---- halpd(8) ----

void add_signals(ManualPage& page) {
    page.section("Signals");
    page.item("TERM, INT, QUIT",
              "leave the swarm, write everything and exit with 0; a second one exits at once with 130");
    page.item("HUP",
              "read the configuration again and open the log again; what is wrong leaves the old one in force");
    page.item("USR1", "write statistics to the log");
    page.item("USR2", "turn debug messages on and off");
}

void add_service(ManualPage& page) {
    page.section("As a service");
    page.paragraph(
        "halpd.service runs one daemon as the user halp. `halpd@NAME.service` runs a further one with the "
        "configuration /etc/halp/NAME.yaml, the state directory /var/lib/halp/instances/NAME and the admin socket "
        "/run/halp/instances/NAME/halpd.sock; give it a port of its own.");
    page.paragraph(
        "With halpd.socket and halpd-admin.socket systemd opens the sockets, and the first connection starts the "
        "daemon. It takes a socket by its name (FileDescriptorName=), and `listen` and `admin` are then not used:");
    for (const SocketName& name : socket_names()) page.item(name.name, name.help);
    page.paragraph("Who is in the group halp may use the admin socket, that is, do everything.");
    page.section("HTTP");
    page.paragraph(
        "On http://127.0.0.1:3480/ the daemon shows itself to browsers, and has /metrics for Prometheus and "
        "/openapi.json. Who reaches the port may read. To change something, a program sends `Authorization: Bearer "
        "TOKEN`; the file `http.token_file` holds the token. Beyond loopback it is served only with a certificate "
        "(`http.certificate`, `http.key`). When another program has the usual port, the daemon goes on without; "
        "`halp status` says so.");
    page.section("Files");
    page.item("/etc/halp/halpd.yaml, /etc/halp/conf.d/*.yaml", "the configuration, halpd.yaml(5)");
    page.item("/var/lib/halp",
              "state and host cache of the system's daemon; ~/.local/state/halp and ~/.halp of a user's");
    page.item("/run/halp/halpd.sock", "the admin socket; $XDG_RUNTIME_DIR/halp/halpd.sock of a user's daemon");
}

void add_dns(ManualPage& page) {
    page.section("DNS");
    page.paragraph(
        "The daemon answers DNS on 127.0.0.1:3453 (dns.listen): SRV of `_chat._tcp.halp`, A and AAAA of "
        "`chat.halp`, TXT with "
        "tags, PTR of the labels below. `room1.chat.halp` is the label chat/room1. Unless dns.listen is set, a "
        "port that is "
        "in use is no error; `halp status --json` and `halp doctor` say so.");
    page.lines("dig @127.0.0.1 -p 3453 SRV _chat._tcp.halp");
    page.paragraph("unbound needs both of the first two lines, else it answers SERVFAIL and asks nobody:");
    page.lines(
        "server:\n    do-not-query-localhost: no\n    domain-insecure: \"halp\"\nstub-zone:\n    name: \"halp\"\n"
        "    stub-addr: 127.0.0.1@3453");
    page.paragraph("dnsmasq:");
    page.lines("server=/halp/127.0.0.1#3453");
    page.paragraph("systemd-resolved, a file in /etc/systemd/resolved.conf.d:");
    page.lines("[Resolve]\nDNS=127.0.0.1:3453\nDomains=~halp");
}

std::string manual(const ArgumentsText& program, const std::string& version) {
    ManualPage page("halpd", 8, "node of HALP, the Host Address List Protocol", version);
    page.section("Synopsis");
    page.paragraph("`halpd` [OPTION...]");
    page.section("Description");
    page.paragraph(program.about);
    page.section("Options");
    page.arguments(program);
    page.section("Examples");
    page.lines(program.footer);
    add_signals(page);
    add_service(page);
    add_dns(page);
    page.section("Exit status");
    page.item("0", "well");
    page.item("1", "failed, or not everything was saved; a sentence says why");
    page.item("2", "usage");
    page.item("3", "no other node took the range of this DHT node; it is kept on disk");
    page.item("78", "the configuration is wrong; sentences name the places");
    page.item("130", "a second signal cut the leave short");
    page.section("See also");
    page.paragraph("halp(1), halpd.yaml(5)");
    return page.text();
}

// ---- halpd.yaml(5) ----

void add_setting(ManualPage& page, const config::Setting& setting, config::Settings& defaults) {
    const config::Value value = setting.value(defaults);
    page.item(std::string{setting.key},
              std::string{setting.help} + "\nAllowed: " + config::allowed(value, setting.bounds) +
                  ".\nDefault: " + config::yaml_text(value) + "." +
                  (setting.reload == config::Reload::applies ? "" : "\nA reload does not apply it.") +
                  "\nEnvironment: " + config::environment_name(setting.key) + ".");
}

void add_rows(ManualPage& page) {
    page.section("Labels of their own");
    page.paragraph(
        "Below `labels.rows` a label may have settings of its own. What it does not set comes from "
        "`labels.default`.");
    for (const config::AllocationSetting& row : config::allocation_table())
        page.item("labels.rows.LABEL." + std::string{row.key}, std::string{row.help});
}

void add_services(ManualPage& page) {
    page.section("Services");
    page.paragraph(
        "`services` is a list of hosts that this node announces. One with a check is announced while the check "
        "passes and "
        "withdrawn while it fails. Of several files the last one with a list counts. SIGHUP reads it again; a "
        "service "
        "that stays as it is keeps its state.");
    page.item("label, port", "what is announced");
    page.item("host", "left out: the address at which others see this node, also when that changes");
    page.item("tags", "a list of words such as v=2, of at most 256 bytes together");
    page.item("check.tcp", "a numeric HOST:PORT that must take a connection; `yes`: the service itself");
    page.item("check.http", "an address such as http://127.0.0.1:8080/health, which must answer with 2xx or 3xx");
    page.item("check.command",
              "a command for /bin/sh, which must end with 0. It runs as the user of the daemon, in a process group "
              "that is "
              "killed when it ends or takes too long; the first line of its output is shown when it fails");
    page.item("check.interval, check.timeout", "time between two checks (10s), and of one (2s)");
    page.lines(
        "services:\n  - label: chat\n    port: 5222\n    tags: [v=2]\n    check: {tcp: yes, interval: 5s}\n"
        "  - label: web\n    host: 192.0.2.7\n    port: 80\n    check: {http: http://127.0.0.1/health}");
}

std::string settings_manual(const std::string& version) {
    ManualPage page("halpd.yaml", 5, "configuration of halpd", version);
    page.section("Description");
    page.paragraph(
        "YAML. Later sources win: built-in values, /etc/halp/halpd.yaml, /etc/halp/conf.d/*.yaml, the user's "
        "~/.config/halp/halpd.yaml (not as root), HALP_* in the environment, and flags (`--set KEY=VALUE`). "
        "`halpd --check-config` says what is wrong with a file, `halpd --print-config` shows what is in force and "
        "where it comes from. An unknown key is an error. SIGHUP reads the files again.");
    page.paragraph(
        "A key such as gossip.period is written as the section `gossip:` with `period:` in it. Defaults "
        "are those of the profile lan.");
    page.section("Settings");
    config::Settings defaults = default_settings();
    for (const config::Setting& setting : config::setting_table()) add_setting(page, setting, defaults);
    add_rows(page);
    add_services(page);
    page.section("Example");
    page.lines(
        "profile: wan\njoin:\n  - seed.example.org:3451\nadvertise: my.example.org:3451\nlabels:\n  rows:\n"
        "    chat:\n      entries_max: 100");
    page.section("See also");
    page.paragraph("halpd(8), halp(1)");
    return page.text();
}

// ---- completions ----

std::vector<std::string> words_of_setting(const std::string& key) {
    config::Settings defaults = default_settings();
    const config::Setting* const setting = config::find_setting(key);
    if (setting == nullptr) return {};
    const config::Value value = setting->value(defaults);
    const auto* const choice = std::get_if<config::Choice>(&value);
    return choice == nullptr ? std::vector<std::string>{}
                             : std::vector<std::string>(choice->names.begin(), choice->names.end());
}

ArgumentsText with_settings(ArgumentsText program) {
    for (ArgumentText& argument : program.arguments) {
        const std::string& name = argument.names.back();
        if (name == "--profile") argument.choices = words_of_setting("profile");
        if (name == "--log-level") argument.choices = words_of_setting("log.level");
        if (name == "--log-format") argument.choices = words_of_setting("log.format");
        if (name != "--set") continue;
        for (const config::Setting& setting : config::setting_table())
            argument.choices.push_back(std::string{setting.key} + "=");
    }
    return program;
}

}  // namespace

std::vector<Page> halpd_pages(const std::string& version) {
    const ArgumentsText program = command_line_text();
    std::vector<Page> pages = completions_of(with_settings(program));
    pages.push_back({"man8/halpd.8", manual(program, version)});
    pages.push_back({"man5/halpd.yaml.5", settings_manual(version)});
    return pages;
}

}  // namespace halp
