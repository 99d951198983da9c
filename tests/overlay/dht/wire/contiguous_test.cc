// D's contiguous structs: golden bytes written by hand from overlay/dht/wire/contiguous.md, with the offsets of
// the D struct on x86-64.
#include "overlay/dht/wire/contiguous.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "tests/overlay/dht/neo_bytes.h"

namespace halp {
namespace HALP_TEST_FILE {

using neo::bytes;
using neo::hex;

// Expects the bytes of `value`, and that reading them gives a value with the same bytes.
template <class T>
void expect_bytes(const T& value, std::string_view golden) {
    EXPECT_EQ(hex(to_contiguous(value)), hex(bytes(golden)));
    const auto back = from_contiguous<T>(bytes(golden));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(hex(to_contiguous(*back)), hex(bytes(golden)));
}

template <class T>
std::string mistake(std::string_view bytes) {
    const auto value = from_contiguous<T>(bytes);
    EXPECT_FALSE(value);
    if (value) return "";
    EXPECT_EQ(value.error().code, ErrorCode::invalid);
    return value.error().message;
}

// ---- golden bytes ----

struct User {
    std::string name;
    std::uint64_t id = 0;
    std::array<std::uint64_t, 7> totals{};
    static constexpr auto fields = std::tuple{&User::name, &User::id, &User::totals};
    bool operator==(const User&) const = default;
};
constexpr std::string_view hello_bytes =
    "00*16 | 17 00*7 | 01 00*7 00*8 00*8 00*8 00*8 00*8 00*8 | 05 00*7 68 65 6c 6c 6f";

TEST(Contiguous, WritesTheStructOfTheOriginalsTest) {
    const User user{"hello", 23, {1, 0, 0, 0, 0, 0, 0}};
    expect_bytes(user, hello_bytes);
    EXPECT_EQ(*from_contiguous<User>(bytes(hello_bytes)), user);
}

enum class Colour : std::uint16_t { red = 0x0102 };
enum class Mood : int { good = -2 };

struct Mixed {  // 0 flag, 8 large, 16 small, 18 medium, 20 colour, 24 mood, 28 ratio, 32 precise, 40 last; 48 bytes
    bool flag = false;
    std::int64_t large = 0;
    std::int8_t small = 0;
    std::uint16_t medium = 0;
    Colour colour{};
    Mood mood{};
    float ratio = 0;
    double precise = 0;
    char last = 0;
    static constexpr auto fields =
        std::tuple{&Mixed::flag, &Mixed::large, &Mixed::small,   &Mixed::medium, &Mixed::colour,
                   &Mixed::mood, &Mixed::ratio, &Mixed::precise, &Mixed::last};
    bool operator==(const Mixed&) const = default;
};
const Mixed mixed{true, -2, -1, 0x1234, Colour::red, Mood::good, 1.0F, -2.0, 'x'};
constexpr std::string_view mixed_bytes =
    "01 00*7 | fe ff*7 | ff 00 34 12 02 01 00*2 | fe ff ff ff 00 00 80 3f | 00*6 00 c0 | 78 00*7";

TEST(Contiguous, AlignsFieldsAndFillsWithZeros) {
    expect_bytes(mixed, mixed_bytes);
    EXPECT_EQ(*from_contiguous<Mixed>(bytes(mixed_bytes)), mixed);
}

TEST(Contiguous, PassesOverPaddingAndTakesAnyBoolThatIsNotZero) {
    const auto value = from_contiguous<Mixed>(
        bytes("07 ee*7 | fe ff*7 | ff ee 34 12 02 01 ee*2 | fe ff ff ff 00 00 80 3f | 00*6 00 c0 | 78 ee*7"));
    ASSERT_TRUE(value);
    EXPECT_EQ(*value, mixed);
    EXPECT_EQ(hex(to_contiguous(*value)), hex(bytes(mixed_bytes)));
}

struct Small {  // 0 number, 4 letter; 8 bytes
    std::uint32_t number = 0;
    char letter = 0;
    static constexpr auto fields = std::tuple{&Small::number, &Small::letter};
};
struct Holder {  // 0 first, 4 one, 12 two[2], 28 last; 32 bytes
    char first = 0;
    Small one;
    std::array<Small, 2> two{};
    char last = 0;
    static constexpr auto fields = std::tuple{&Holder::first, &Holder::one, &Holder::two, &Holder::last};
};

TEST(Contiguous, KeepsNestedStructsAndStaticArraysInPlace) {
    expect_bytes(Holder{'a', {1, 'b'}, {{{2, 'c'}, {3, 'd'}}}, 'e'},
                 "61 00*3 | 01 00*3 62 00*3 | 02 00*3 63 00*3 03 00*3 64 00*3 | 65 00*3");
}

// Without dynamic arrays, C++ and D lay out a struct alike on the machines that D programs run on.
TEST(Contiguous, TakesAsMuchRoomAsTheCompilersOwnLayout) {
    if (sizeof(void*) != 8 || alignof(std::uint64_t) != 8) GTEST_SKIP() << "another machine";
    EXPECT_EQ(contiguous::shape_of<Mixed>().bytes, sizeof(Mixed));
    EXPECT_EQ(contiguous::shape_of<Small>().bytes, sizeof(Small));
    EXPECT_EQ(contiguous::shape_of<Holder>().bytes, sizeof(Holder));
    EXPECT_EQ(contiguous::shape_of<Holder>().alignment, alignof(Holder));
}

struct Texts {  // 0 number, 8 texts, 24 text; 40 bytes
    std::uint8_t number = 0;
    std::vector<std::string> texts;
    std::string text;
    static constexpr auto fields = std::tuple{&Texts::number, &Texts::texts, &Texts::text};
    bool operator==(const Texts&) const = default;
};

TEST(Contiguous, WritesArraysOfArraysOneInsideTheOther) {
    expect_bytes(Texts{5, {"ab", "", "c"}, "d"},
                 "05 00*7 00*16 00*16 | 03 00*7 | 02 00*7 61 62 | 00*8 | 01 00*7 63 | 01 00*7 64");
    expect_bytes(Texts{5, {}, ""}, "05 00*7 00*16 00*16 | 00*8 | 00*8");
}

struct Grid {
    std::vector<std::vector<std::uint16_t>> rows;
    static constexpr auto fields = std::tuple{&Grid::rows};
};

TEST(Contiguous, WritesElementsOfInnerArraysWithoutAlignment) {
    expect_bytes(Grid{{{1, 2}, {3}}}, "00*16 | 02 00*7 | 02 00*7 01 00 02 00 | 01 00*7 03 00");
}

struct Team {  // 0 users, 16 pair (0 and 16), 48 open; 64 bytes
    std::vector<User> users;
    std::array<std::string, 2> pair;
    std::vector<bool> open;
    static constexpr auto fields = std::tuple{&Team::users, &Team::pair, &Team::open};
    bool operator==(const Team&) const = default;
};

TEST(Contiguous, WritesStructsWithArraysFirstAndTheirArraysBehindAllOfThem) {
    expect_bytes(Team{{{"ab", 1, {}}, {"c", 2, {}}}, {"x", "y"}, {true, false}},
                 "00*16 00*32 00*16 | 02 00*7"
                 "| 00*16 01 00*7 00*56 | 00*16 02 00*7 00*56 | 02 00*7 61 62 | 01 00*7 63"
                 "| 01 00*7 78 | 01 00*7 79 | 02 00*7 01 00");
}

struct Pairs {  // elements are static arrays of dynamic ones: 32 bytes each, then their contents
    std::vector<std::array<std::string, 2>> pairs;
    static constexpr auto fields = std::tuple{&Pairs::pairs};
};

TEST(Contiguous, WritesStaticArraysOfArraysAsAStructWould) {
    expect_bytes(Pairs{{{"a", "b"}, {"c", ""}}},
                 "00*16 | 02 00*7 | 00*32 00*32 | 01 00*7 61 01 00*7 62 01 00*7 63 00*8");
}

struct Deep {  // 0 inner (0 letter, 8 texts), 24 number; 32 bytes
    struct Inner {
        char letter = 0;
        std::string text;
        static constexpr auto fields = std::tuple{&Inner::letter, &Inner::text};
    } inner;
    std::uint8_t number = 0;
    std::array<Inner, 2> more{};
    static constexpr auto fields = std::tuple{&Deep::inner, &Deep::number, &Deep::more};
};

TEST(Contiguous, GoesDepthFirstInTheOrderOfTheFields) {
    expect_bytes(Deep{{'a', "1"}, 7, {{{'b', "2"}, {'c', "3"}}}},
                 "61 00*7 00*16 | 07 00*7 | 62 00*7 00*16 63 00*7 00*16"
                 "| 01 00*7 31 | 01 00*7 32 | 01 00*7 33");
}

TEST(Contiguous, KeepsEveryBitOfANumberThatIsNoNumber) {
    Mixed value;
    value.ratio = std::bit_cast<float>(0x7fa00001U);
    value.precise = std::bit_cast<double>(0xfff8000000000001U);
    const auto back = from_contiguous<Mixed>(to_contiguous(value));
    ASSERT_TRUE(back);
    EXPECT_EQ(std::bit_cast<std::uint32_t>(back->ratio), 0x7fa00001U);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(back->precise), 0xfff8000000000001U);
}

TEST(Contiguous, PassesOverTheWordsThatStandForAnArray) {
    std::string value = bytes(hello_bytes);
    value.replace(0, 16, bytes("05 00*7 10 20 30 40 50 7f 00 00"));
    EXPECT_EQ(from_contiguous<User>(value).value().name, "hello");
}

// ---- versions ----

struct RowV1 {
    std::uint32_t count = 0;
    static constexpr std::uint8_t struct_version = 1;
    static constexpr auto fields = std::tuple{&RowV1::count};
};
struct RowV2 {
    std::uint64_t count = 0;
    std::string name;
    static constexpr std::uint8_t struct_version = 2;
    static constexpr auto fields = std::tuple{&RowV2::count, &RowV2::name};
    using Previous = RowV1;
    static RowV2 from(const RowV1& old) { return {old.count, "row " + std::to_string(old.count)}; }
};
struct RowV3 {
    std::string name;
    std::int64_t count = 0;
    static constexpr std::uint8_t struct_version = 3;
    static constexpr auto fields = std::tuple{&RowV3::name, &RowV3::count};
    using Previous = RowV2;
    RowV3() = default;
    explicit RowV3(RowV2 old) : name(std::move(old.name)), count(static_cast<std::int64_t>(old.count)) {}
};
struct RowV4 {
    std::string name;
    static constexpr std::uint8_t struct_version = 4;
    static constexpr auto fields = std::tuple{&RowV4::name};
    using Previous = RowV3;
    static Result<RowV4> from(RowV3 old) {
        if (old.count == 0) return Error{ErrorCode::invalid, "A row without a count has no successor."};
        return RowV4{std::move(old.name)};
    }
};

TEST(ContiguousVersion, StandsInFrontAsOneByte) {
    expect_bytes(RowV1{7}, "01 | 07 00*3");
    expect_bytes(RowV4{"ab"}, "04 | 00*16 | 02 00*7 61 62");
}

TEST(ContiguousVersion, IsReadFromEveryOlderOneStepByStep) {
    EXPECT_EQ(from_contiguous<RowV4>(bytes("01 07 00*3")).value().name, "row 7");
    EXPECT_EQ(from_contiguous<RowV4>(bytes("02 07 00*7 00*16 01 00*7 61")).value().name, "a");
    EXPECT_EQ(from_contiguous<RowV4>(bytes("03 00*16 07 00*7 01 00*7 62")).value().name, "b");
    EXPECT_EQ(from_contiguous<RowV3>(bytes("01 07 00*3")).value().count, 7);
}

TEST(ContiguousVersion, IsRefusedWhenItIsNotKnownOrCannotBeConverted) {
    EXPECT_EQ(mistake<RowV2>(""), "The struct should begin with its version, and there are no bytes.");
    EXPECT_EQ(mistake<RowV2>(bytes("03 00*4")),
              "The struct has version 3, which is newer than the newest that is known, 2.");
    EXPECT_EQ(mistake<RowV2>(bytes("00 00*4")),
              "The struct has version 0, which is older than the oldest that is known, 1.");
    EXPECT_EQ(mistake<RowV4>(bytes("01 00*4")), "A row without a count has no successor.");
    EXPECT_EQ(mistake<RowV4>(bytes("01 00*3")), "The struct takes 4 bytes, and there are 3.");
}

struct RowHolder {  // 0 row; 4 bytes
    RowV1 row;
    static constexpr auto fields = std::tuple{&RowHolder::row};
};

TEST(ContiguousVersion, OfANestedStructIsNotWritten) { expect_bytes(RowHolder{{7}}, "07 00*3"); }

// ---- refused bytes ----

TEST(Contiguous, SaysWhatIsShortTooLongOrLeftOver) {
    EXPECT_EQ(mistake<User>(""), "The struct takes 80 bytes, and there are 0.");
    const std::string good = bytes(hello_bytes);
    EXPECT_EQ(mistake<User>(good.substr(0, 79)), "The struct takes 80 bytes, and there are 79.");
    EXPECT_EQ(mistake<User>(good.substr(0, 83)),
              "In field 1: The length of the array takes 8 bytes, and there are 3.");
    EXPECT_EQ(mistake<User>(good.substr(0, 92)),
              "In field 1: The array has 5 elements of at least 1 byte, and there are 4 bytes.");
    EXPECT_EQ(mistake<User>(good + "x"), "1 byte too many stand behind the struct.");
    const std::string team = to_contiguous(Team{{{"ab", 1, {}}, {"c", 2, {}}}, {"x", "y"}, {true, false}});
    EXPECT_EQ(mistake<Team>(team.substr(0, 64 + 8 + 160 + 10 + 8)),
              "In field 1[1].1: The array has 1 element of at least 1 byte, and there are 0 bytes.");
    EXPECT_EQ(mistake<Team>(team.substr(0, 64 + 8 + 160 + 19 + 9 + 1)),
              "In field 2[1]: The length of the array takes 8 bytes, and there are 1.");
}

template <class T>
void refuses_every_truncation(const T& value) {
    const std::string good = to_contiguous(value);
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_FALSE(from_contiguous<T>(Bytes(good).substr(0, size))) << size << " of " << hex(good);
    EXPECT_FALSE(from_contiguous<T>(good + '\0'));
}

TEST(Contiguous, RefusesEveryTruncation) {
    refuses_every_truncation(User{"hello", 23, {1}});
    refuses_every_truncation(mixed);
    refuses_every_truncation(Holder{});
    refuses_every_truncation(Texts{5, {"ab", "", "c"}, "d"});
    refuses_every_truncation(Grid{{{1, 2}, {}, {3}}});
    refuses_every_truncation(Team{{{"ab", 1, {}}, {"", 2, {}}}, {"", "y"}, {true, false}});
    refuses_every_truncation(Pairs{{{"a", "b"}, {"c", ""}}});
    refuses_every_truncation(Deep{{'a', "1"}, 7, {}});
    refuses_every_truncation(RowV4{"ab"});
}

// Resizing to any of these would end the process: 2^60 bytes, or a product that wraps to a small number.
TEST(Contiguous, RefusesHugeLengthsBeforeMemoryIsTaken) {
    const std::string team = std::string(64, '\0');
    for (const std::uint64_t length :
         {std::uint64_t{1} << 60, std::numeric_limits<std::uint64_t>::max(), std::uint64_t{1} << 61,
          std::uint64_t{1} << 63, std::numeric_limits<std::uint64_t>::max() / 80 + 1, std::uint64_t{2}}) {
        std::string number(8, '\0');
        neo::store_number(number.data(), length);
        EXPECT_FALSE(from_contiguous<Team>(team + number + std::string(100, '\0'))) << length;
        EXPECT_FALSE(from_contiguous<Grid>(std::string(16, '\0') + number + std::string(8, '\0'))) << length;
        EXPECT_FALSE(from_contiguous<Grid>(bytes("00*16 01 00*7") + number + "xxx")) << length;
        EXPECT_FALSE(from_contiguous<Pairs>(std::string(16, '\0') + number + std::string(40, '\0'))) << length;
    }
}

// Each empty inner array takes eight bytes of length too, so fewer fit than their places alone suggest.
TEST(Contiguous, CountsTheLengthsBehindAgainstWhatIsLeft) {
    EXPECT_EQ(mistake<Pairs>(bytes("00*16 02 00*7 00*64 00*31")),
              "In field 1: The array has 2 elements of at least 48 bytes, and there are 95 bytes.");
    EXPECT_EQ(from_contiguous<Pairs>(bytes("00*16 02 00*7 00*64 00*32")).value().pairs.size(), 2U);
}

// ---- random values ----

class Values {
public:
    explicit Values(std::uint64_t seed) : random_(seed) {}

    std::uint64_t below(std::uint64_t end) { return random_() % end; }
    template <class T>
    T any() {
        T value{};
        if constexpr (std::is_same_v<T, bool>) {
            value = below(2) == 1;
        } else if constexpr (std::is_enum_v<T>) {
            value = static_cast<T>(any<std::underlying_type_t<T>>());
        } else if constexpr (std::is_floating_point_v<T>) {
            value = static_cast<T>(any<std::int64_t>()) / 3;
        } else if constexpr (std::is_integral_v<T>) {
            value = static_cast<T>(random_());
        } else if constexpr (ContiguousStruct<T>) {
            std::apply([&](auto... field) { ((value.*field = any_like(value.*field)), ...); }, T::fields);
        } else {
            if constexpr (requires { value.resize(1); }) value.resize(below(5));
            for (std::size_t i = 0; i < value.size(); ++i) value[i] = any<typename T::value_type>();
        }
        return value;
    }

private:
    template <class T>
    T any_like(const T&) {
        return any<T>();
    }
    std::mt19937_64 random_;
};

// The same bytes and the same value must come back. Bytes with one changed bit are read without harm or refused.
template <class T>
void comes_back(Values& values) {
    const T value = values.any<T>();
    std::string text = to_contiguous(value);
    const auto back = from_contiguous<T>(text);
    ASSERT_TRUE(back) << back.error().message;
    if constexpr (requires { value == value; }) {
        EXPECT_EQ(*back, value);
    }
    EXPECT_EQ(hex(to_contiguous(*back)), hex(text));
    const std::size_t at = values.below(text.size());
    text[at] = static_cast<char>(text[at] ^ (1 << values.below(8)));
    if (const auto other = from_contiguous<T>(text)) {
        EXPECT_EQ(to_contiguous(*other).size(), text.size());
    }
}

TEST(Contiguous, GivesBackWhateverWasWritten) {
    constexpr std::uint64_t seed = 20261121;
    SCOPED_TRACE(seed);
    Values values{seed};
    for (int round = 0; round < 2000; ++round) {
        comes_back<User>(values);
        comes_back<Mixed>(values);
        comes_back<Holder>(values);
        comes_back<Texts>(values);
        comes_back<Grid>(values);
        comes_back<Team>(values);
        comes_back<Pairs>(values);
        comes_back<Deep>(values);
    }
}

// ---- types that the concept refuses ----

struct Tree {
    std::vector<Tree> children;
    static constexpr auto fields = std::tuple{&Tree::children};
};
struct Pointing {
    int* number = nullptr;
    static constexpr auto fields = std::tuple{&Pointing::number};
};
enum Loose { loose };
struct WithLoose {
    Loose loose{};
    static constexpr auto fields = std::tuple{&WithLoose::loose};
};
struct WithNothing {
    std::array<int, 0> none{};
    static constexpr auto fields = std::tuple{&WithNothing::none};
};
struct Untold {
    int number = 0;
};

TEST(Contiguous, RefusesTypesWhoseBytesWouldNotBeSettled) {
    EXPECT_TRUE(contiguous::serialisable<Team>());
    EXPECT_FALSE(contiguous::serialisable<Tree>());
    EXPECT_FALSE(contiguous::serialisable<Pointing>());
    EXPECT_FALSE(contiguous::serialisable<WithLoose>());
    EXPECT_FALSE(contiguous::serialisable<WithNothing>());
    EXPECT_FALSE(ContiguousStruct<Untold>);
    EXPECT_FALSE(ContiguousStruct<std::string>);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
