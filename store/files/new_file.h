// A file that gets its name when it is complete and on the disk. Until then it lies beside that name, so nobody
// reads half of it, and what was there before stays when anything fails.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "store/files/file_handle.h"
#include "store/result.h"

namespace halp {

class NewFile {
public:
    enum class Present : std::uint8_t { replaced, kept };
    // Whether finish() syncs the directory. Who names many files in one directory does that once, by
    // sync_directory.
    enum class Name : std::uint8_t { synced, later };

    // Opens the file beside `path`. Its name ends in `suffix`, so that one that a killed process has left is known.
    // Errors are sentences that name `path`.
    [[nodiscard]] static Result<NewFile> make(const std::string& path, std::string_view suffix = ".dumping");
    NewFile(NewFile&& other) noexcept;
    NewFile& operator=(NewFile&&) = delete;
    ~NewFile();  // without a name it is removed

    [[nodiscard]] Result<void> write(std::string_view bytes);
    // To be called at the end: syncs the file, names it, and syncs its directory. `kept`: it is an error (refused)
    // when there is something of that name.
    [[nodiscard]] Result<void> finish(mode_t mode, Present present = Present::replaced, Name name = Name::synced);

private:
    NewFile(FileHandle file, std::string path, std::string beside)
        : file_(std::move(file)), path_(std::move(path)), beside_(std::move(beside)) {}
    [[nodiscard]] Error failure() const;
    [[nodiscard]] Result<void> name(Present present);

    FileHandle file_;
    std::string path_, beside_;  // beside_ is empty once the file has its name
};

// Names in it that are new or gone are on the disk then.
[[nodiscard]] Result<void> sync_directory(const std::string& path);

}  // namespace halp
