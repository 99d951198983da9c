// The cache directory as the original's tools use it, through the interface Storage. Every change reads the file
// again under the writer's lock, so that changes of other processes are not lost.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "overlay/environment.h"
#include "store/cache_format.h"
#include "tools/halp/output/listing.h"

namespace halp::cli {

class LocalCache {
public:
    // `complain` is called for every bad line, with file and line number.
    LocalCache(Storage& storage, std::function<void(const std::string&)> complain)
        : storage_(storage), complain_(std::move(complain)) {}

    [[nodiscard]] Result<CacheFile> load(const Label& label);  // empty when there is none
    // Merges: of two times of the same host or name the later one is kept.
    [[nodiscard]] Result<void> merge(const Label& label, const CacheFile& news);
    // Adds the label to `labels` and to its parent labels, as servers do.
    [[nodiscard]] Result<void> mention(const Label& label, UnixSeconds now);
    [[nodiscard]] Result<bool> clear(const Label& label);  // false: there was nothing
    [[nodiscard]] Result<std::size_t> clear_all();         // how many labels; files of others stay

private:
    Storage& storage_;
    std::function<void(const std::string&)> complain_;
};

// Times ahead of `now` are shown as now.
[[nodiscard]] Listing listing_of(const Label& label, const CacheFile& file, UnixSeconds now);

}  // namespace halp::cli
