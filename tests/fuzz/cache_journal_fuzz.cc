// Any bytes as the journal of an earlier life: what is understood and written again is understood alike.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "overlay/cache/cache_journal.h"
#include "simulations/world/memory_storage.h"

namespace {

void check(bool holds) {
    if (!holds) std::abort();
}

// Says everything in `replay` to a new journal and reads that.
halp::CacheJournal::Replay again(const halp::CacheJournal::Replay& replay) {
    halp::MemoryStorage storage;
    halp::CacheJournal journal{storage};
    for (const auto& [label, says] : replay.labels) {
        for (const auto& [endpoint, seen] : says.inserted) check(journal.inserted(label, {seen, endpoint}));
        for (const auto& [endpoint, as_of] : says.forgotten) check(journal.forgotten(label, endpoint, as_of));
    }
    check(journal.append().has_value());
    halp::CacheJournal reader{storage};
    return reader.load();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    halp::MemoryStorage storage;
    const std::string_view content(reinterpret_cast<const char*>(data), size);
    check(storage.replace("cache-journal-1", content).has_value());
    halp::CacheJournal journal{storage};
    const halp::CacheJournal::Replay replay = journal.load();
    const halp::CacheJournal::Replay reread = again(replay);
    check(reread.bad.bad_count == 0);
    for (const auto& [label, says] : replay.labels) {
        if (says.inserted.empty()) continue;
        const auto at = reread.labels.find(label);
        check(at != reread.labels.end());
        for (const auto& [endpoint, seen] : says.inserted) {
            // A line may say that a host is gone as of later than it was inserted.
            const auto gone = says.forgotten.find(endpoint);
            if (gone != says.forgotten.end() && gone->second >= seen) continue;
            const auto found = at->second.inserted.find(endpoint);
            check(found != at->second.inserted.end() && found->second == seen);
        }
    }
    return 0;
}
