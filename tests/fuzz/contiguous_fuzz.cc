// Any bytes as a D struct; the first byte chooses its type. An accepted value is written with the same number of
// bytes (except for a struct of an older version). These bytes are read again and written alike.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "overlay/dht/wire/contiguous.h"

namespace {

using namespace halp;

void require(bool holds) {
    if (!holds) std::abort();
}

enum class Kind : std::uint16_t {};

struct Plain {
    bool flag = false;
    std::int64_t large = 0;
    Kind kind{};
    float ratio = 0;
    double precise = 0;
    std::array<std::array<char16_t, 3>, 2> letters{};
    static constexpr auto fields =
        std::tuple{&Plain::flag, &Plain::large, &Plain::kind, &Plain::ratio, &Plain::precise, &Plain::letters};
};

struct User {
    std::string name;
    std::uint64_t id = 0;
    std::array<std::uint64_t, 7> totals{};
    static constexpr auto fields = std::tuple{&User::name, &User::id, &User::totals};
};

struct Inner {
    char letter = 0;
    std::vector<std::string> texts;
    std::vector<bool> flags;
    static constexpr auto fields = std::tuple{&Inner::letter, &Inner::texts, &Inner::flags};
};

struct Arrays {
    std::vector<Inner> many;
    std::array<Inner, 2> two{};
    std::vector<std::vector<std::vector<std::uint16_t>>> cube;
    std::vector<std::array<std::string, 2>> pairs;
    std::vector<Plain> plain;
    static constexpr auto fields =
        std::tuple{&Arrays::many, &Arrays::two, &Arrays::cube, &Arrays::pairs, &Arrays::plain};
};

struct First {
    std::string name;
    static constexpr std::uint8_t struct_version = 0;
    static constexpr auto fields = std::tuple{&First::name};
};
struct Second {
    std::vector<std::string> names;
    static constexpr std::uint8_t struct_version = 1;
    static constexpr auto fields = std::tuple{&Second::names};
    using Previous = First;
    static Second from(First old) { return {{std::move(old.name)}}; }
};
struct Third {
    std::vector<std::string> names;
    std::uint8_t count = 0;
    static constexpr std::uint8_t struct_version = 2;
    static constexpr auto fields = std::tuple{&Third::names, &Third::count};
    using Previous = Second;
    Third() = default;
    explicit Third(Second old) : names(std::move(old.names)), count(static_cast<std::uint8_t>(names.size())) {}
};

template <class T>
void check(Bytes input) {
    const auto value = from_contiguous<T>(input);
    if (!value) return require(!value.error().message.empty());
    const std::string text = to_contiguous(*value);
    if constexpr (!requires { typename T::Previous; }) require(text.size() == input.size());
    const auto again = from_contiguous<T>(text);
    require(again && to_contiguous(*again) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Bytes input{reinterpret_cast<const char*>(data) + 1, size - 1};
    switch (data[0] % 4) {
        case 0:
            check<Plain>(input);
            break;
        case 1:
            check<User>(input);
            break;
        case 2:
            check<Arrays>(input);
            break;
        default:
            check<Third>(input);
    }
    return 0;
}
