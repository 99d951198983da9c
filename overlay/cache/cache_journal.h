// Acknowledged inserts whose label's file is not rewritten yet. They are lines in numbered files of the node's own
// directory (overlay/cache/README.md draws them). A file is removed once every label in it has been saved; until
// then its lines are read again at start. Reading a line twice does no harm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/environment.h"
#include "store/cache_format.h"
#include "store/label.h"

namespace halp {

// What all lines of all journals together say about one label.
struct JournalledLabel {
    std::map<Endpoint, UnixSeconds> inserted;
    std::map<Endpoint, UnixSeconds> forgotten;
    std::map<Endpoint, std::string> swarms;  // in which each inserted one was; none: not known
};

class CacheJournal {
public:
    static constexpr std::size_t pending_bytes_max = std::size_t{64} << 20;  // kept in memory while the disk fails

    explicit CacheJournal(Storage& state, std::string swarm = {}) : state_(state), swarm_(std::move(swarm)) {}

    struct Replay {
        std::map<Label, JournalledLabel> labels;
        CacheFile bad;              // bad lines only, numbered through all files
        std::vector<Error> errors;  // files that could not be read; they are kept
    };
    // Reads what an earlier run of the program left. All of it belongs to the old part from now on.
    [[nodiscard]] Replay load();

    // False when too much is pending. Then the line is lost if the process dies before the label is saved.
    bool inserted(const Label& label, const CacheLine& line);
    bool forgotten(const Label& label, const Endpoint& endpoint, UnixSeconds as_of);
    bool cleared(const Label& label);

    [[nodiscard]] bool pending() const { return !pending_.empty(); }
    [[nodiscard]] std::size_t pending_bytes() const { return pending_.size(); }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }  // of the current part, on disk
    Result<void> append();                                      // writes what is pending

    // The current part becomes old. Further lines go to a new file.
    void rotate();
    [[nodiscard]] bool has_old() const { return !old_.empty(); }
    // To be called when everything in the old part has been saved.
    Result<void> remove_old();
    Result<void> remove_all();  // pending lines too

private:
    bool add(const std::string& line);

    Storage& state_;
    std::string swarm_;  // of this node
    std::uint64_t number_ = 1;
    std::vector<std::string> old_;
    std::string pending_;
    std::size_t bytes_ = 0;
    bool torn_ = false;  // the last append failed and may have left a part of a line
};

}  // namespace halp
