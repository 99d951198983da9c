// The C interface of records, over the blocking DHT client.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "overlay/dht/libevent/blocking_dht_client.h"
#include "overlay/dht/libevent/dht_files.h"
#include "store/overloaded.h"
#include "tools/libhalp/endpoint_list.h"
#include "tools/libhalp/failure.h"
#include "tools/libhalp/handle.h"
#include "tools/libhalp/include/halp/halp.h"
#include "tools/libhalp/options.h"

struct halp_dht {
    std::unique_ptr<halp::NodeSource> listed;  // outlives the client
    std::unique_ptr<halp::BlockingDhtClient> client;
};

namespace halp::lib {
namespace {

constexpr Duration refusal_patience = std::chrono::milliseconds{400};
constexpr std::size_t nodes_max = 256;

// Found by label, so some may be gone.
class ListedNodes final : public NodeSource {
public:
    explicit ListedNodes(std::vector<Endpoint> nodes) : nodes_(std::move(nodes)) {}
    std::vector<Endpoint> nodes() override { return nodes_; }

private:
    std::vector<Endpoint> nodes_;
};

std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

Result<neo::Credential> credential_of(const halp_dht_options& options) {
    std::string path = options.credentials == nullptr ? variable("HALP_DHT_CLIENT") : options.credentials;
    const bool named = !path.empty();
    if (!named) {
        std::string config = variable("XDG_CONFIG_HOME");
        if (config.empty()) config = variable("HOME") + "/.config";
        path = config + "/halp/dht-client";
        std::error_code unknown;  // reading it tells
        if (!std::filesystem::exists(path, unknown) && !unknown) return neo::Credential{"admin", {}};
    }
    return read_credentials_file(path);
}

// The node tells nobody why it rejects a client; its log does.
Error with_remedy(Error error, const std::string& whom) {
    if (error.message.ends_with(": rejected")) {
        error.code = ErrorCode::refused;
        error.message += ". The node's credentials file must have the line of the client `" + whom +
                         "`; name the client's file with `credentials` or $HALP_DHT_CLIENT (`halp dht keygen`).";
    }
    return error;
}

Result<std::vector<Endpoint>> find_nodes(::halp_handle* handle, const char* text) {
    const auto label = Label::parse(text);
    if (!label || label->lists_names()) return Error{ErrorCode::invalid, "The label of the nodes lists no hosts."};
    auto page = handle->handle->backend().lookup(*label, {0, nodes_max, false});
    if (!page) return page.error();
    std::vector<Endpoint> nodes;
    for (const Host& host : page->hosts) nodes.push_back(host.endpoint);
    const auto own = handle->handle->backend().own_dht_node();
    if (own && label->text() == dht_label && std::find(nodes.begin(), nodes.end(), *own) == nodes.end())
        nodes.push_back(*own);
    if (nodes.empty())
        return Error{ErrorCode::unreachable, "No DHT node is listed under the label `" + label->text() + "`."};
    return nodes;
}

Result<void> connect(halp_dht& dht, ::halp_handle* handle, const halp_dht_options& options) {
    const std::string listed = variable("HALP_DHT_NODES");
    if (options.nodes != nullptr || !listed.empty()) {
        const auto nodes = options.nodes != nullptr ? parse_endpoint_list(options.nodes, "nodes")
                                                    : parse_endpoint_list(listed, "HALP_DHT_NODES");
        return nodes ? dht.client->connect(*nodes) : nodes.error();
    }
    if (handle == nullptr) return Error{ErrorCode::invalid, "Name the nodes, or give a handle that finds them."};
    auto nodes = find_nodes(handle, options.label == nullptr ? "dht" : options.label);
    if (!nodes) return nodes.error();
    dht.listed = std::make_unique<ListedNodes>(std::move(*nodes));
    return dht.client->connect_source(*dht.listed);
}

template <class Body>
int with_channel(halp_dht* dht, const char* channel, Body body) {
    if (dht == nullptr || channel == nullptr) return fail(HALP_INVALID, "The client or the channel is NULL.");
    return guarded([&]() -> int { return body(*dht->client, Bytes{channel}); });
}

int ended(const Result<void>& result) { return result ? HALP_OK : fail(result.error()); }

// Whether to go on.
bool tell_change(const dht::MirrorNote& note, halp_dht_change change, void* context) {
    const auto tell = [&](int what, Key key, Bytes value) {
        return change(context, what, value_of(key), value.data(), value.size()) == 0;
    };
    return std::visit(overloaded{[&](const dht::Updated& n) { return tell(HALP_DHT_WRITTEN, n.key, n.value); },
                                 [&](const dht::Refreshed& n) { return tell(HALP_DHT_PRESENT, n.key, n.value); },
                                 [&](const dht::Deleted& n) { return tell(HALP_DHT_REMOVED, n.key, {}); },
                                 [&](const dht::UpdatesLost&) { return tell(HALP_DHT_LOST, Key{0}, {}); },
                                 [&](const dht::NodeDisconnected&) { return tell(HALP_DHT_LOST, Key{0}, {}); },
                                 [&](const dht::ChannelRemoved&) { return tell(HALP_DHT_LOST, Key{0}, {}); },
                                 [](const auto&) { return true; }},
                      note);
}

}  // namespace
}  // namespace halp::lib

using namespace halp::lib;

int halp_dht_open(halp_dht** out, halp_handle* handle, const halp_dht_options* options) {
    if (out == nullptr) return fail(HALP_INVALID, "The place of the client is NULL.");
    *out = nullptr;
    return guarded([&]() -> int {
        halp_dht_options given = HALP_DHT_OPTIONS_INIT;
        if (!take_options(options, given))
            return fail(HALP_INVALID, "The size of halp_dht_options is wrong: use HALP_DHT_OPTIONS_INIT.");
        auto credential = credential_of(given);
        if (!credential) return fail(credential.error());
        halp::BlockingDhtOptions chosen;
        const std::string whom = credential->name;
        chosen.client.credential = std::move(*credential);
        chosen.refusal_patience = refusal_patience;
        if (given.timeout_ms > 0) chosen.timeout = std::chrono::milliseconds{given.timeout_ms};
        auto dht = std::make_unique<halp_dht>();
        dht->client = std::make_unique<halp::BlockingDhtClient>(std::move(chosen));
        if (auto connected = connect(*dht, handle, given); !connected)
            return fail(with_remedy(connected.error(), whom));
        *out = dht.release();
        return HALP_OK;
    });
}

int halp_dht_close(halp_dht* dht) {
    return guarded([&]() -> int {
        delete dht;
        return HALP_OK;
    });
}

int halp_dht_put(halp_dht* dht, const char* channel, uint64_t key, const void* value, size_t size) {
    if (value == nullptr && size > 0) return fail(HALP_INVALID, "The value is NULL.");
    return with_channel(dht, channel, [&](auto& client, halp::Bytes name) {
        return ended(client.put(name, halp::Key{key}, {static_cast<const char*>(value), size}));
    });
}

int halp_dht_get(halp_dht* dht, const char* channel, uint64_t key, void** value, size_t* size) {
    if (value == nullptr || size == nullptr)
        return fail(HALP_INVALID, "The place of the value or of its size is NULL.");
    *value = nullptr;
    *size = 0;
    return with_channel(dht, channel, [&](auto& client, halp::Bytes name) -> int {
        const auto found = client.get(name, halp::Key{key});
        if (!found) return fail(found.error());
        if (!*found) return fail(HALP_NOT_FOUND, "There is no record of this key.");
        *value = std::malloc((*found)->size() + 1);
        if (*value == nullptr) return out_of_memory();
        std::memcpy(*value, (*found)->c_str(), (*found)->size() + 1);
        *size = (*found)->size();
        return HALP_OK;
    });
}

int halp_dht_exists(halp_dht* dht, const char* channel, uint64_t key) {
    return with_channel(dht, channel, [&](auto& client, halp::Bytes name) -> int {
        const auto there = client.exists(name, halp::Key{key});
        return there ? static_cast<int>(*there) : fail(there.error());
    });
}

int halp_dht_remove(halp_dht* dht, const char* channel, uint64_t key) {
    return with_channel(dht, channel, [&](auto& client, halp::Bytes name) -> int {
        const auto removed = client.remove(name, halp::Key{key});
        return removed ? static_cast<int>(*removed) : fail(removed.error());
    });
}

int halp_dht_scan(halp_dht* dht, const char* channel, halp_dht_record record, void* context) {
    if (record == nullptr) return fail(HALP_INVALID, "The callback is NULL.");
    return with_channel(dht, channel, [&](auto& client, halp::Bytes name) {
        bool enough = false;
        const auto scanned = client.get_all(name, {}, [&](halp::Key key, halp::Bytes value) {
            enough = record(context, value_of(key), value.data(), value.size()) != 0;
            return !enough;
        });
        return enough ? HALP_OK : ended(scanned);
    });
}

int halp_dht_mirror(halp_dht* dht, const char* channel, int span_ms, halp_dht_change change, void* context) {
    if (change == nullptr) return fail(HALP_INVALID, "The callback is NULL.");
    return with_channel(dht, channel, [&](auto& client, halp::Bytes name) {
        std::optional<halp::Duration> span;
        if (span_ms >= 0) span = std::chrono::milliseconds{span_ms};
        return ended(
            client.mirror(name, {}, span, [&](const auto& note) { return tell_change(note, change, context); }));
    });
}
