#include "tools/program/harmless_stream.h"

#include <cstddef>
#include <memory>
#include <mutex>
#include <streambuf>
#include <string>
#include <string_view>
#include <vector>

#include "tools/program/harmless.h"

namespace halp {
namespace {

class HarmlessBuffer final : public std::streambuf {
public:
    explicit HarmlessBuffer(std::streambuf& to) : to_(to), as_it_was_(&to) {}
    [[nodiscard]] std::ostream& as_it_was() { return as_it_was_; }

protected:
    int_type overflow(int_type byte) override {
        if (traits_type::eq_int_type(byte, traits_type::eof())) return traits_type::not_eof(byte);
        const char one = traits_type::to_char_type(byte);
        return xsputn(&one, 1) == 1 ? byte : traits_type::eof();
    }
    std::streamsize xsputn(const char* text, std::streamsize size) override {
        const std::lock_guard one_at_a_time{mutex_};
        waiting_.append(text, static_cast<std::size_t>(size));
        if (waiting_.size() < waiting_max) return size;
        const std::size_t lines = waiting_.rfind('\n');
        return pass(lines == std::string::npos ? waiting_.size() : lines + 1) ? size : 0;
    }
    int sync() override {
        const std::lock_guard one_at_a_time{mutex_};
        return pass(waiting_.size()) && to_.pubsync() == 0 ? 0 : -1;
    }

private:
    static constexpr std::size_t waiting_max = std::size_t{64} << 10;

    bool pass(std::size_t bytes) {
        const std::string shown = harmless_lines(std::string_view{waiting_}.substr(0, bytes));
        waiting_.erase(0, bytes);
        const auto size = static_cast<std::streamsize>(shown.size());
        return to_.sputn(shown.data(), size) == size;
    }

    std::streambuf& to_;
    std::ostream as_it_was_;
    std::mutex mutex_;  // a standard stream may be written by several threads
    std::string waiting_;
};

}  // namespace

// The buffers are never destroyed, because standard streams are flushed when everything else is gone.
std::ostream& make_harmless(std::ostream& stream) {
    static auto& buffers = *new std::vector<std::unique_ptr<HarmlessBuffer>>;
    buffers.push_back(std::make_unique<HarmlessBuffer>(*stream.rdbuf()));
    stream.rdbuf(buffers.back().get());
    return buffers.back()->as_it_was();
}

}  // namespace halp
