// Files of D structs by key, byte for byte those of the originals' ChannelSerializer (wire/contiguous.md):
//
//     std::map<Key, User> users;
//     if (auto written = write_struct_file("users.map", users); !written) return written.error();
//     auto read = read_struct_file<User>("users.map");     // Result<std::map<Key, User>>
//
// A file gets its name when it is complete and on the disk. StructDump does that in a child process, so that the
// caller goes on at once with its own copy.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "overlay/dht/wire/contiguous.h"
#include "store/records/key.h"
#include "store/result.h"

namespace halp {

// The parts that know nothing of the structs. `next` fills in one record after the other, `count` in all.
using NextRecord = std::function<void(Key& key, std::string& value)>;
[[nodiscard]] Result<void> write_record_file(const std::string& path, std::uint64_t count, const NextRecord& next);
using EachRecord = std::function<Result<void>(Key key, std::string_view value)>;
// ErrorCode::not_found: there is no such file. ErrorCode::invalid: it ends too early, or goes on behind its end.
[[nodiscard]] Result<void> read_record_file(const std::string& path, const EachRecord& each);

template <ContiguousStruct T>
[[nodiscard]] Result<void> write_struct_file(const std::string& path, const std::map<Key, T>& structs) {
    auto at = structs.begin();
    return write_record_file(path, structs.size(), [&at](Key& key, std::string& value) {
        key = at->first;
        value = to_contiguous(at->second);
        ++at;
    });
}

template <ContiguousStruct T>
[[nodiscard]] Result<std::map<Key, T>> read_struct_file(const std::string& path) {
    std::map<Key, T> structs;
    const auto read = read_record_file(path, [&](Key key, std::string_view value) -> Result<void> {
        auto one = from_contiguous<T>(value);
        if (!one) return Error{ErrorCode::invalid, path + ", record " + key_text(key) + ": " + one.error().message};
        structs.insert_or_assign(key, std::move(one).value());
        return {};
    });
    if (!read) return read.error();
    return structs;
}

// One dump at a time. For processes with one thread, as a child has only the thread that made it.
class StructDump {
public:
    StructDump() = default;
    ~StructDump();  // waits
    StructDump(const StructDump&) = delete;
    StructDump& operator=(const StructDump&) = delete;

    // False: the one before is still running.
    template <ContiguousStruct T>
    [[nodiscard]] Result<bool> begin(const std::string& path, const std::map<Key, T>& structs) {
        return begin_child(path, [&] { return write_struct_file(path, structs).has_value(); });
    }
    [[nodiscard]] bool running();
    // How the last one ended. An error: the file is as it was before.
    [[nodiscard]] Result<void> wait();

private:
    [[nodiscard]] Result<bool> begin_child(const std::string& path, const std::function<bool()>& write);
    void reap(bool block);

    pid_t child_ = -1;
    bool failed_ = false;
    std::string path_;
};

}  // namespace halp
