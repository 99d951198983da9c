// Any bytes as a dump, in pieces of any size. The result does not depend on the pieces, and the records can be
// written and read again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/records/tcm_dump.h"

namespace {

using Records = std::vector<std::pair<halp::Key, std::string>>;

void check(bool holds) {
    if (!holds) std::abort();
}

std::pair<halp::TcmFault, halp::TcmCounts> read(std::string_view bytes, std::size_t piece, Records& records) {
    halp::TcmRules rules;
    rules.value_bytes_max = 1000;
    halp::TcmReader reader(rules, [&](halp::Key key, std::string_view value) { records.emplace_back(key, value); });
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
        (void)reader.feed(bytes.substr(0, piece));
    return {reader.finish(), reader.counts()};
}

}  // namespace

// The first byte is the size of the pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    Records records, by_pieces, again;
    const auto whole = read(bytes, bytes.size() + 1, records);
    const auto pieces = read(bytes, data[0] + 1U, by_pieces);
    check(whole == pieces && records == by_pieces && records.size() == whole.second.loaded);

    std::string dump;
    halp::TcmWriter writer;
    writer.begin(dump);
    for (const auto& [key, value] : records) writer.record(key, value, dump);
    writer.end(dump);
    const auto reread = read(dump, dump.size(), again);
    check(reread.first == halp::TcmFault::none && again == records && dump.size() % 512 == 0);
    return 0;
}
