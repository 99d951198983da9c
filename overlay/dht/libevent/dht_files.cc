#include "overlay/dht/libevent/dht_files.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "overlay/dht/client/nodes_file.h"

namespace halp {
namespace {

Error unreadable(const std::string& path, int why) {
    if (why == EISDIR) return {ErrorCode::invalid, "`" + path + "` is a directory: name a file in it."};
    return {ErrorCode::invalid, "`" + path + "` cannot be read: " + std::strerror(why) + "."};
}

Error bad_content(const std::string& path, const Error& error) {
    return {ErrorCode::invalid, path + ": " + error.message};
}

}  // namespace

Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return unreadable(path, errno);
    std::string text;
    std::array<char, 16384> part;
    ssize_t got = 0;
    do {
        got = ::read(fd, part.data(), std::min(part.size(), bytes_max + 1 - text.size()));
        if (got > 0) text.append(part.data(), static_cast<std::size_t>(got));
    } while ((got > 0 && text.size() <= bytes_max) || (got < 0 && errno == EINTR));
    const int why = errno;
    ::close(fd);
    if (got < 0) return unreadable(path, why);
    if (text.size() > bytes_max)
        return Error{ErrorCode::invalid, "`" + path + "` has more than " + std::to_string(bytes_max) + " bytes."};
    return text;
}

Result<std::vector<Endpoint>> read_nodes_file(const std::string& path) {
    const auto text = read_small_file(path, nodes_file_bytes_max);
    if (!text) return text.error();
    auto nodes = parse_nodes_file(*text);
    if (!nodes) return bad_content(path, nodes.error());
    if (nodes->empty()) return Error{ErrorCode::invalid, path + " names no node."};
    return nodes;
}

Result<neo::Credential> read_credentials_file(const std::string& path) {
    const auto text = read_small_file(path, neo::credentials_bytes_max);
    if (!text) return text.error();
    auto credential = neo::parse_client_credential(*text);
    if (!credential) return bad_content(path, credential.error());
    return credential;
}

}  // namespace halp
