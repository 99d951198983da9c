#include "config/directories.h"

#include <unistd.h>

#include <cstddef>
#include <string_view>

namespace halp::config {
namespace {

std::string variable(const Environ& environ, const std::string& name) {
    const auto found = environ.find(name);
    return found == environ.end() ? std::string{} : found->second;
}

// systemd separates several directories by colons; the first one is used.
std::string first_directory(const std::string& list) { return list.substr(0, list.find(':')); }

std::string expand_home(const std::string& path, const std::string& home) {
    const bool in_home = path == "~" || path.substr(0, 2) == "~/";
    return in_home && !home.empty() ? home + path.substr(1) : path;
}

std::string usual_state(const Environ& environ, bool root) {
    const std::string systemd = first_directory(variable(environ, "STATE_DIRECTORY"));
    if (!systemd.empty()) return systemd;
    if (root) return "/var/lib/halp";
    const std::string xdg = variable(environ, "XDG_STATE_HOME");
    if (!xdg.empty()) return xdg + "/halp";
    const std::string home = variable(environ, "HOME");
    return home.empty() ? "/var/lib/halp" : home + "/.local/state/halp";
}

// XDG_RUNTIME_DIR may be missing in a container; then the socket is in the state directory, which always exists.
std::string usual_socket(const Environ& environ, bool root, const std::string& state) {
    const std::string systemd = first_directory(variable(environ, "RUNTIME_DIRECTORY"));
    if (!systemd.empty()) return systemd + "/halpd.sock";
    if (root) return "/run/halp/halpd.sock";
    const std::string xdg = variable(environ, "XDG_RUNTIME_DIR");
    return xdg.empty() ? state + "/halpd.sock" : xdg + "/halp/halpd.sock";
}

}  // namespace

Environ process_environ() {
    Environ out;
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text{*entry};
        const std::size_t equals = text.find('=');
        if (equals != std::string_view::npos)
            out.emplace(std::string{text.substr(0, equals)}, std::string{text.substr(equals + 1)});
    }
    return out;
}

Directories resolve_directories(const Settings& settings, const Environ& environ, bool root) {
    const std::string home = variable(environ, "HOME");
    const bool service = !variable(environ, "STATE_DIRECTORY").empty();  // then HOME is not a user's
    Directories out;
    out.state = settings.state_dir.empty() ? usual_state(environ, root) : expand_home(settings.state_dir, home);
    out.cache = !settings.cache_dir.empty() ? expand_home(settings.cache_dir, home)
                : home.empty() || service   ? out.state + "/cache"
                                            : home + "/.halp";
    if (settings.admin.empty())
        out.admin_socket = usual_socket(environ, root, out.state);
    else if (settings.admin != "off")
        out.admin_socket = expand_home(settings.admin, home);
    out.log_file = expand_home(settings.log.file, home);
    out.dht_data = settings.dht.data_dir.empty() ? out.state + "/dht" : expand_home(settings.dht.data_dir, home);
    out.dht_credentials = settings.dht.credentials.empty() ? out.dht_data + "/credentials"
                                                           : expand_home(settings.dht.credentials, home);
    out.http_token = expand_home(settings.http.token_file, home);
    out.http_certificate = expand_home(settings.http.certificate, home);
    out.http_key = settings.http.key.empty() ? out.http_certificate : expand_home(settings.http.key, home);
    return out;
}

}  // namespace halp::config
