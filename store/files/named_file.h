// Opens and reads a file that a user names. Nobody can make a program wait by what he puts at that name: only plain
// files are opened, and a pipe only where a program says so, with a limit of time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "store/files/file_access.h"
#include "store/files/file_handle.h"
#include "store/result.h"
#include "store/time.h"

namespace halp {

// `awaited`: a pipe is taken, and its first byte is awaited for this long. Later reads of it block.
enum class Pipes : std::uint8_t { refused, awaited };
inline constexpr Duration pipe_patience = std::chrono::seconds{30};

struct NamedFile {
    FileHandle handle;
    FileAccess access;
    std::uint64_t bytes = 0;  // of a plain file
};

// An error message is what is to be said behind the path: "is a directory: name a file in it". not_found: there is
// nothing of that name. invalid: it is no plain file. timed_out: nobody wrote into the pipe.
[[nodiscard]] Result<NamedFile> open_named_file(const std::string& path, Pipes pipes,
                                                Duration patience = pipe_patience);

struct NamedText {
    std::string text;
    FileAccess access;
};
// Its whole content. `full`: it has more than `bytes_max` bytes; a plain file is not read then.
[[nodiscard]] Result<NamedText> read_named_file(const std::string& path, std::size_t bytes_max, Pipes pipes,
                                                Duration patience = pipe_patience);

}  // namespace halp
