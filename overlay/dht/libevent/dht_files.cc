#include "overlay/dht/libevent/dht_files.h"

#include <utility>

#include "overlay/dht/client/nodes_file.h"
#include "store/files/named_file.h"

namespace halp {
namespace {

Error bad_content(const std::string& path, const Error& error) {
    return {ErrorCode::invalid, path + ": " + error.message};
}

Result<NamedText> open_small_file(const std::string& path, std::size_t bytes_max) {
    auto read = read_named_file(path, bytes_max, Pipes::awaited);
    if (!read) return Error{ErrorCode::invalid, "`" + path + "` " + read.error().message + "."};
    return read;
}

}  // namespace

Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max) {
    auto read = open_small_file(path, bytes_max);
    if (!read) return read.error();
    return std::move(read->text);
}

Result<std::vector<Endpoint>> read_nodes_file(const std::string& path) {
    const auto text = read_small_file(path, nodes_file_bytes_max);
    if (!text) return text.error();
    auto nodes = parse_nodes_file(*text);
    if (!nodes) return bad_content(path, nodes.error());
    if (nodes->empty()) return Error{ErrorCode::invalid, path + " names no node."};
    return nodes;
}

Result<neo::Credential> read_credentials_file(const std::string& path, std::string* warning) {
    const auto file = open_small_file(path, neo::credentials_bytes_max);
    if (!file) return file.error();
    if (warning) *warning = readable_by_others(path, file->access);
    auto credential = neo::parse_client_credential(file->text);
    if (!credential) return bad_content(path, credential.error());
    return credential;
}

}  // namespace halp
