#include "tools/libhalp/daemon_answers.h"

#include <string>

#include "store/tags.h"
#include "tools/libhalp/include/halp/halp.h"
#include "tools/libhalp/json_reader.h"

namespace halp::lib {
namespace {

// What no node of ours would send is left out, so that a host has the tags that halp.h describes or none.
void read_tags(JsonReader& json, std::string& tags) {
    tags.clear();
    json.array([&] {
        std::string tag;
        json.text(tag);
        if (tags.size() <= tags_bytes_max) tags.append(tags.empty() ? 0 : 1, ',').append(tag);
    });
    if (!well_formed_tags(tags)) tags.clear();
}

Host read_host(JsonReader& json) {
    Host host;
    const auto flag = [&](std::uint16_t bit) {
        if (json.truth()) host.flags = static_cast<std::uint16_t>(host.flags | bit);
    };
    json.object([&](std::string_view key) {
        if (key == "host") return json.text(host.endpoint.host);
        if (key == "seen_unix_s") {
            host.seen_unix_s = json.number();
        } else if (key == "port") {
            const std::int64_t port = json.number();
            host.endpoint.port = port > 0 && port <= 0xffff ? static_cast<std::uint16_t>(port) : 0;
        } else if (key == "own") {
            flag(HALP_OWN);
        } else if (key == "proved") {
            flag(HALP_PROVED);
        } else if (key == "claimed") {
            flag(HALP_CLAIMED);
        } else if (key == "remembered") {
            flag(HALP_REMEMBERED);
        } else if (key == "tags") {
            read_tags(json, host.tags);
        } else {
            json.skip();
        }
    });
    return host;
}

// A host with a NUL would end early in C.
bool usable(const Host& host) { return host.endpoint.port != 0 && Endpoint::well_formed_host(host.endpoint.host); }

ErrorCode code_of_status(int status) {
    switch (status) {
        case 400:
            return ErrorCode::invalid;
        case 401:
        case 403:
            return ErrorCode::refused;
        case 404:
        case 409:
            return ErrorCode::not_found;
        case 413:
            return ErrorCode::full;
        case 503:
            return ErrorCode::busy;
        default:
            return ErrorCode::io;
    }
}

}  // namespace

std::optional<HostPage> read_hosts(std::string_view text) {
    JsonReader json{text};
    HostPage page;
    bool any = false;
    json.object([&](std::string_view key) {
        if (key == "total") {
            page.total = static_cast<std::uint64_t>(json.number());
        } else if (key == "entries") {
            any = true;
            json.array([&] {
                Host host = read_host(json);
                if (usable(host) && page.hosts.size() < hosts_per_answer_max) page.hosts.push_back(std::move(host));
            });
        } else {
            json.skip();
        }
    });
    if (!any || !json.finished()) return std::nullopt;
    return page;
}

std::optional<HostPage> read_labels(std::string_view text) {
    JsonReader json{text};
    HostPage page;
    bool any = false;
    const auto one = [&] {
        Host host;
        json.object([&](std::string_view key) {
            if (key == "label") return json.text(host.endpoint.host);
            if (key == "seen_unix_s")
                host.seen_unix_s = json.number();
            else
                json.skip();
        });
        if (!host.endpoint.host.empty() && host.endpoint.host.find('\0') == std::string::npos &&
            page.hosts.size() < hosts_per_answer_max)
            page.hosts.push_back(std::move(host));
    };
    json.object([&](std::string_view key) {
        if (key != "names") return json.skip();
        any = true;
        json.array(one);
    });
    if (!any || !json.finished()) return std::nullopt;
    page.total = page.hosts.size();
    return page;
}

std::optional<Host> read_event_host(std::string_view text) {
    JsonReader json{text};
    Host host = read_host(json);
    if (!json.finished() || !usable(host)) return std::nullopt;
    return host;
}

std::optional<Endpoint> read_dht_node(std::string_view text) {
    JsonReader json{text};
    std::string listening;
    json.object([&](std::string_view key) {
        if (key != "dht") return json.skip();
        json.object([&](std::string_view member) {
            if (member != "listening") return json.skip();
            json.text(listening);
        });
    });
    auto node = Endpoint::parse(listening);
    if (!json.finished() || !node) return std::nullopt;
    if (node->host == "::") node->host = "::1";
    if (node->host == "0.0.0.0") node->host = "127.0.0.1";
    return *node;
}

Error read_failure(int status, std::string_view text) {
    JsonReader json{text};
    std::string sentence, code;
    json.object([&](std::string_view key) {
        if (key != "error") return json.skip();
        json.object([&](std::string_view member) {
            if (member == "message") return json.text(sentence);
            if (member == "code") return json.text(code);
            json.skip();
        });
    });
    if (!json.finished() || sentence.empty())
        sentence = "the daemon answered with status " + std::to_string(status);
    return {code == "full" ? ErrorCode::full : code_of_status(status), sentence};
}

}  // namespace halp::lib
