// Acknowledged inserts that wait for their label's file to be rewritten, one line each, appended to numbered files
// of the node's own directory. A file is removed once every label in it has been saved; until then its lines are
// read again at start. What a line means does not depend on when it is read, and reading it twice does no harm.
//
//     chat 1700000000 a.example 80 +     inserted
//     chat 1700000000 a.example 80 -     forgotten, as far as it was known then
//     chat x                             cleared
//
// The sign at the end proves a line whole: a torn one is skipped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/environment.h"
#include "store/cache_format.h"
#include "store/label.h"

namespace halp {

// What the journals say of one label in the end.
struct JournalledLabel {
    std::map<Endpoint, UnixSeconds> inserted;
    std::map<Endpoint, UnixSeconds> forgotten;
};

class CacheJournal {
public:
    static constexpr std::size_t pending_bytes_max = std::size_t{64} << 20;  // in memory, while the disk fails

    explicit CacheJournal(Storage& state) : state_(state) {}

    struct Replay {
        std::map<Label, JournalledLabel> labels;
        CacheFile bad;              // only its bad lines; numbers count over all files
        std::vector<Error> errors;  // files that could not be read; they are kept
    };
    // Reads what an earlier life left; all of it counts as the old part from now on.
    [[nodiscard]] Replay load();

    // False when too much is pending: the line is lost should the process die before its label is saved.
    bool inserted(const Label& label, const CacheLine& line);
    bool forgotten(const Label& label, const Endpoint& endpoint, UnixSeconds as_of);
    bool cleared(const Label& label);

    [[nodiscard]] bool pending() const { return !pending_.empty(); }
    [[nodiscard]] std::size_t pending_bytes() const { return pending_.size(); }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }  // of the current part, on disk
    Result<void> append();                                      // what is pending

    // The current part becomes old: what comes from now on goes to a new file.
    void rotate();
    [[nodiscard]] bool has_old() const { return !old_.empty(); }
    // Everything in the old part has been saved.
    Result<void> remove_old();
    Result<void> remove_all();  // pending lines too

private:
    bool add(const std::string& line);

    Storage& state_;
    std::uint64_t number_ = 1;
    std::vector<std::string> old_;
    std::string pending_;
    std::size_t bytes_ = 0;
    bool torn_ = false;  // the last append failed and may have left a piece
};

}  // namespace halp
