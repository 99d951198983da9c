#include "overlay/libevent/output_account.h"

#include <algorithm>

#include "overlay/libevent/streams.h"

namespace halp {

std::size_t OutputAccount::bytes() const {
    std::size_t sum = 0;
    for (const LibeventStreams* world : worlds_) sum += world->unsent_by_all();
    return sum;
}

bool OutputAccount::make_room(const Stream& writer, std::size_t bytes) {
    while (this->bytes() + bytes > bytes_max_) {
        Stream* most = to_be_cut(writer, bytes);
        if (!most) return false;
        most->owner->cut_off(*most);
    }
    return true;
}

// Nothing when it is the writer. Looking at all streams is bearable: what goes is the longest output of the source
// that has the most.
Stream* OutputAccount::to_be_cut(const Stream& writer, std::size_t bytes) const {
    UnsentBySource by_source;
    if (writer.accepted) by_source[writer.source] = bytes;
    for (const LibeventStreams* world : worlds_) world->add_unsent(by_source);
    if (by_source.empty()) return nullptr;
    const SourceKey fullest =
        std::ranges::max_element(by_source, {}, [](const auto& entry) { return entry.second; })->first;
    Stream* most = nullptr;
    for (LibeventStreams* world : worlds_) {
        Stream* longest = world->longest_of(fullest);
        if (longest && (!most || longest->unsent() > most->unsent())) most = longest;
    }
    const bool writer_has_more =
        writer.accepted && writer.source == fullest && most && writer.unsent() + bytes >= most->unsent();
    return writer_has_more || most == &writer ? nullptr : most;
}

}  // namespace halp
