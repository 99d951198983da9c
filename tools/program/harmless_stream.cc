#include "tools/program/harmless_stream.h"

#include <cstddef>
#include <streambuf>
#include <string>
#include <string_view>

#include "tools/program/harmless.h"

namespace halp {
namespace {

class HarmlessBuffer final : public std::streambuf {
public:
    explicit HarmlessBuffer(std::streambuf& to) : to_(to) {}

protected:
    int_type overflow(int_type byte) override {
        if (traits_type::eq_int_type(byte, traits_type::eof())) return traits_type::not_eof(byte);
        const char one = traits_type::to_char_type(byte);
        return xsputn(&one, 1) == 1 ? byte : traits_type::eof();
    }
    std::streamsize xsputn(const char* text, std::streamsize size) override {
        waiting_.append(text, static_cast<std::size_t>(size));
        if (waiting_.size() < waiting_max) return size;
        const std::size_t lines = waiting_.rfind('\n');
        return pass(lines == std::string::npos ? waiting_.size() : lines + 1) ? size : 0;
    }
    int sync() override { return pass(waiting_.size()) && to_.pubsync() == 0 ? 0 : -1; }

private:
    static constexpr std::size_t waiting_max = std::size_t{64} << 10;

    bool pass(std::size_t bytes) {
        const std::string shown = harmless_lines(std::string_view{waiting_}.substr(0, bytes));
        waiting_.erase(0, bytes);
        const auto size = static_cast<std::streamsize>(shown.size());
        return to_.sputn(shown.data(), size) == size;
    }

    std::streambuf& to_;
    std::string waiting_;
};

}  // namespace

// Neither is destroyed, because standard streams are flushed when everything else is gone.
std::ostream& make_harmless(std::ostream& stream) {
    auto* const as_it_was = new std::ostream(stream.rdbuf());
    stream.rdbuf(new HarmlessBuffer(*as_it_was->rdbuf()));
    return *as_it_was;
}

}  // namespace halp
