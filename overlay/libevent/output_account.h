// The bytes that nobody has read yet. All worlds of a process share one maximum, whatever they speak. When it is
// reached, the source that has the most gives way, with its longest output.
#pragma once

#include <cstddef>
#include <vector>

namespace halp {

class LibeventStreams;
struct Stream;

class OutputAccount {
public:
    explicit OutputAccount(std::size_t bytes_max) : bytes_max_(bytes_max) {}
    OutputAccount(const OutputAccount&) = delete;
    OutputAccount& operator=(const OutputAccount&) = delete;

    void join(LibeventStreams& streams) { worlds_.push_back(&streams); }
    void leave(LibeventStreams& streams) { std::erase(worlds_, &streams); }

    // Cuts others off until the writer may have so many more bytes. False: the writer itself is to be cut off.
    [[nodiscard]] bool make_room(const Stream& writer, std::size_t bytes);

    [[nodiscard]] std::size_t bytes() const;
    [[nodiscard]] std::size_t bytes_max() const { return bytes_max_; }

private:
    [[nodiscard]] Stream* to_be_cut(const Stream& writer, std::size_t bytes) const;

    std::size_t bytes_max_;
    std::vector<LibeventStreams*> worlds_;
};

}  // namespace halp
