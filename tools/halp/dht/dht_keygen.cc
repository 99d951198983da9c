// `halp dht keygen`: a key for a client of DHT nodes, in the file that the client reads.
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

#include "overlay/dht/wire/neo_credentials.h"
#include "store/files/file_error.h"
#include "store/files/named_file.h"
#include "store/files/new_file.h"
#include "tools/halp/dht/dht_verbs.h"
#include "tools/program/json.h"

namespace halp::cli {
namespace {

// 128 random bytes as hexadecimal digits.
Result<std::string> draw_key() {
    neo::Secret secret{};
    for (std::size_t got = 0; got < secret.size();) {
        const ssize_t more = ::getrandom(secret.data() + got, secret.size() - got, 0);
        if (more < 0 && errno == EINTR) continue;
        if (more < 0)
            return Error{ErrorCode::io, std::string{"the system has no random bytes: "} + std::strerror(errno)};
        got += static_cast<std::size_t>(more);
    }
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char byte : secret) {
        const auto bits = static_cast<unsigned char>(byte);
        text += digits[bits >> 4U];
        text += digits[bits & 15U];
    }
    return text;
}

// The node's file must be one that the node takes, also with the new line.
Result<std::string> text_of_node_file(const std::string& path, const std::string& client) {
    auto file = read_named_file(path, neo::credentials_bytes_max - 1024, Pipes::refused);
    if (!file && file.error().code == ErrorCode::not_found) return std::string{};
    if (!file) return Error{ErrorCode::invalid, "--add-to: " + path + " " + file.error().message + "."};
    const auto known = neo::Credentials::parse(file->text);
    if (!known) return Error{ErrorCode::invalid, "--add-to: " + path + ": " + known.error().message + "."};
    if (known->find(client))
        return Error{ErrorCode::refused,
                     path + " has a key of `" + client +
                         "`: take its line out first, or choose another name. Nothing was made."};
    return std::move(file->text);
}

Result<void> write_key(const std::string& path, const std::string& line) {
    auto file = NewFile::make(path, ".part");
    if (!file) return file.error();
    if (auto written = file->write(line); !written) return written;
    return file->finish(0600, NewFile::Present::kept);
}

// In place, so that owner and mode of the node's file stay as they are. One write of a line is whole or absent.
Result<void> append_key(const std::string& path, const std::string& before, const std::string& line) {
    if (before.empty() && !std::filesystem::exists(path)) return write_key(path, line);
    const FileHandle file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (!file) return file_error("write", path, errno);
    const std::string added = (before.empty() || before.ends_with('\n') ? "" : "\n") + line;
    errno = ENOSPC;  // of a short write
    if (::write(file.get(), added.data(), added.size()) != static_cast<ssize_t>(added.size()) ||
        ::fsync(file.get()) != 0)
        return file_error("write", path, errno);
    return {};
}

// The directory of the user's own file may be missing.
void make_directory_of(const std::string& path) {
    const std::filesystem::path directory = std::filesystem::path(path).parent_path();
    std::error_code failed;  // what fails here fails again when the file is made
    if (directory.empty() || !std::filesystem::create_directories(directory, failed)) return;
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, failed);
}

void say_what_is_next(const DhtTool& tool, const std::string& path, bool usual) {
    const OperatorCommand& typed = tool.command.dht.operating;
    if (!usual) tool.console.say("`halp dht` takes it by --credentials " + path + " or $HALP_DHT_CLIENT.");
    if (typed.add_to.empty())
        tool.console.say("A node takes this client when its credentials file (dht.credentials) has the same line.");
    else
        tool.console.say(typed.add_to +
                         " has the line, too; a running halpd reads it at `halp dht credentials "
                         "--reload` or at a HUP.");
}

}  // namespace

ExitCode run_dht_keygen(const DhtTool& tool) {
    const OperatorCommand& typed = tool.command.dht.operating;
    if (!neo::well_formed_client_name(typed.client) || typed.client.find(':') != std::string::npos ||
        typed.client.starts_with('#'))
        return tool.console.fail(
            ExitCode::usage,
            "NAME: a client's name has 1 to 100 printable ASCII characters, without blanks and "
            "`:`, and does not begin with #.");
    const std::string path = typed.file.empty() ? usual_client_file(tool) : typed.file;
    std::string before;
    if (!typed.add_to.empty()) {
        auto text = text_of_node_file(typed.add_to, typed.client);
        if (!text) return tool.console.fail(text.error());
        before = *std::move(text);
    }
    const auto key = draw_key();
    if (!key) return tool.console.fail(ExitCode::failed, key.error().message);
    const std::string line = typed.client + ":" + *key + "\n";
    if (typed.file.empty()) make_directory_of(path);
    if (const auto made = write_key(path, line); !made)
        return tool.console.fail(made.error().code == ErrorCode::refused ? ExitCode::refused : ExitCode::failed,
                                 made.error().message + ".");
    if (!typed.add_to.empty())
        if (const auto added = append_key(typed.add_to, before, line); !added)
            return tool.console.fail(ExitCode::failed, added.error().message + ". The key is in " + path +
                                                           ": add its line there yourself, or remove the file.");
    if (tool.console.style().json) {
        Json object = Json::object({{"schema_version", 1}, {"client", typed.client}, {"file", path}});
        if (!typed.add_to.empty()) object.set("added_to", typed.add_to);
        tool.console.line(object.line());
    } else {
        tool.console.line(path);
    }
    say_what_is_next(tool, path, typed.file.empty());
    return ExitCode::ok;
}

}  // namespace halp::cli
