// D's contiguous structs, byte for byte (contiguous.md): the bytes that programs of the original write when they
// store a struct. This codec is for records shared with such programs; records that only C++ programs use do not
// need it. A type describes itself once, with its fields in the order of the D struct:
//
//   struct User {
//       std::string name;
//       std::uint64_t id = 0;
//       std::array<std::uint64_t, 7> totals{};
//       static constexpr auto fields = std::tuple{&User::name, &User::id, &User::totals};
//   };
//   std::string value = to_contiguous(user);
//   Result<User> user = from_contiguous<User>(value);
//
//   C++                                          D
//   bool, integers, float, double                bool, (u)byte short int long, char wchar dchar, float, double
//   an enum with a stated underlying type        an enum of that type (`: int` where the D enum states none)
//   std::array<E, n>, n > 0                      E[n]
//   std::string, std::vector<E>                  char[] (string), E[]
//   a struct that describes itself               a struct, neither packed nor with an align of its own
//
// Versions. A struct with `static constexpr std::uint8_t struct_version = 2` is written with that number in front.
// It may also have `using Previous = UserV1;`, a struct whose number is one less. Then older bytes are read as
// Previous (which may have a Previous itself) and converted by `static User from(UserV1)`, which returns a User or
// a Result<User>, or by a constructor that takes a UserV1. Only the number of the outermost struct is written;
// inner structs have none.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "overlay/dht/wire/neo_wire.h"
#include "overlay/environment.h"
#include "store/result.h"

namespace halp {

template <class T>
concept ContiguousStruct = requires {
    std::tuple_size<std::remove_cv_t<decltype(T::fields)>>::value;
};

namespace contiguous {

inline constexpr std::size_t length_bytes = 8;  // in front of the contents of a dynamic array
inline constexpr std::size_t slice_bytes = 16;  // a dynamic array's place in its struct: length and pointer

// ---- kinds of types ----

template <class T>
concept FixedEnum = std::is_enum_v<T> && requires {
    T{std::underlying_type_t<T>{}};
};
// Without wchar_t, which has four bytes here and two in D, and without long double, whose padding is unspecified.
template <class T>
concept Plain = (std::integral<T> && !std::same_as<T, wchar_t>) || std::same_as<T, float> ||
                std::same_as<T, double> || FixedEnum<T>;

template <class T>
struct StaticArray : std::false_type {};
template <class E, std::size_t n>
struct StaticArray<std::array<E, n>> : std::true_type {};

template <class T>
struct DynamicArray : std::false_type {};
template <>
struct DynamicArray<std::string> : std::true_type {};
template <class E, class A>
struct DynamicArray<std::vector<E, A>> : std::true_type {};

template <class T>
concept Static = StaticArray<T>::value;
template <class T>
concept Dynamic = DynamicArray<T>::value;
template <class T>
using ElementOf = typename T::value_type;

template <class Pointer>
struct MemberType;
template <class Owner, class Field>
struct MemberType<Field Owner::*> {
    using type = Field;
};
template <class Pointer>
using MemberOf = typename MemberType<Pointer>::type;

// Whether the type can be written. A struct that contains itself through a dynamic array is refused, because then
// the bytes alone would decide how deep the decoder recurses.
template <class T, class... Around>
constexpr bool serialisable() {
    if constexpr (Plain<T>) {
        return true;
    } else if constexpr (Static<T>) {
        return std::tuple_size_v<T> > 0 && serialisable<ElementOf<T>, Around...>();
    } else if constexpr (Dynamic<T>) {
        return serialisable<ElementOf<T>, Around...>();
    } else if constexpr ((std::same_as<T, Around> || ...)) {
        return false;
    } else if constexpr (ContiguousStruct<T>) {
        return std::apply(
            [](auto... field) {
                return sizeof...(field) > 0 && (serialisable<MemberOf<decltype(field)>, T, Around...>() && ...);
            },
            T::fields);
    } else {
        return false;
    }
}

// ---- the layout of D ----

struct Shape {
    std::size_t bytes = 0;
    std::size_t alignment = 1;
    std::size_t arrays = 0;  // number of dynamic arrays in the struct

    // The minimum size of any value, dynamic contents included.
    [[nodiscard]] constexpr std::size_t bytes_min() const { return bytes + length_bytes * arrays; }
};

constexpr std::size_t round_up(std::size_t bytes, std::size_t alignment) {
    return (bytes + alignment - 1) / alignment * alignment;
}

constexpr Shape followed_by(Shape fields, Shape next) {
    return {round_up(fields.bytes, next.alignment) + next.bytes, std::max(fields.alignment, next.alignment),
            fields.arrays + next.arrays};
}

template <class T>
constexpr Shape shape_of() {
    if constexpr (Plain<T>) {
        return {sizeof(T), sizeof(T), 0};
    } else if constexpr (Dynamic<T>) {
        return {slice_bytes, 8, 1};
    } else if constexpr (Static<T>) {
        constexpr Shape element = shape_of<ElementOf<T>>();
        constexpr std::size_t count = std::tuple_size_v<T>;
        return {count * element.bytes, element.alignment, count * element.arrays};
    } else {
        Shape shape;
        std::apply(
            [&](auto... field) { ((shape = followed_by(shape, shape_of<MemberOf<decltype(field)>>())), ...); },
            T::fields);
        shape.bytes = round_up(shape.bytes, shape.alignment);
        return shape;
    }
}

// Calls visit(number from 1, pointer to the member, its offset) -> bool for each member until one call returns
// false.
template <class T, class Visit>
bool all_fields(Visit visit) {
    std::size_t number = 0;
    std::size_t behind = 0;
    const auto next = [&](auto field) {
        constexpr Shape shape = shape_of<MemberOf<decltype(field)>>();
        const std::size_t offset = round_up(behind, shape.alignment);
        behind = offset + shape.bytes;
        return visit(++number, field, offset);
    };
    return std::apply([&](auto... field) { return (next(field) && ...); }, T::fields);
}

// ---- encoding: the struct, then the contents of its dynamic arrays ----

template <std::size_t size>
using Word = std::conditional_t<
    size == 1, std::uint8_t,
    std::conditional_t<size == 2, std::uint16_t, std::conditional_t<size == 4, std::uint32_t, std::uint64_t>>>;

// `at` has room for the shape and holds zeros.
template <class T>
void put_in_place(const T& value, char* at) {
    if constexpr (Plain<T>) {
        neo::store_number(at, std::bit_cast<Word<sizeof(T)>>(value));
    } else if constexpr (Static<T>) {
        for (const auto& element : value) {
            put_in_place(element, at);
            at += shape_of<ElementOf<T>>().bytes;
        }
    } else if constexpr (ContiguousStruct<T>) {
        all_fields<T>([&](std::size_t, auto field, std::size_t offset) {
            put_in_place(value.*field, at + offset);
            return true;
        });
    }
}

template <class T>
void put_behind(const T& value, std::string& out);

template <class T>
void put_elements(const T& array, std::string& out) {
    using Element = ElementOf<T>;
    constexpr std::size_t bytes = shape_of<Element>().bytes;
    if constexpr (!Dynamic<Element>) {  // an array of dynamic arrays consists of their contents only
        std::size_t at = out.size();
        out.append(array.size() * bytes, '\0');
        for (std::size_t i = 0; i < array.size(); ++i, at += bytes) put_in_place<Element>(array[i], &out[at]);
    }
    if constexpr (shape_of<Element>().arrays > 0)
        for (const Element& element : array) put_behind(element, out);
}

template <class T>
void put_behind(const T& value, std::string& out) {
    if constexpr (shape_of<T>().arrays == 0) {
        return;
    } else if constexpr (Dynamic<T>) {
        neo::FieldWriter{out}.number<std::uint64_t>(value.size());
        put_elements(value, out);
    } else if constexpr (Static<T>) {
        for (const auto& element : value) put_behind(element, out);
    } else {
        all_fields<T>([&](std::size_t, auto field, std::size_t) {
            put_behind(value.*field, out);
            return true;
        });
    }
}

// ---- decoding ----

// The unread bytes. After the first failure also its cause and its place, which is built from the innermost field
// outward.
class Reader {
public:
    explicit Reader(Bytes bytes) : left_(bytes) {}

    // Takes the bytes of the struct itself.
    [[nodiscard]] bool take_struct(std::size_t bytes, Bytes& taken);
    // Takes the length of an array and checks that the unread bytes have room for it: an element takes at least
    // `bytes_min`.
    [[nodiscard]] bool take_length(std::size_t bytes_min, std::size_t& length);
    // `bytes` must not exceed what take_length has checked.
    [[nodiscard]] Bytes take(std::size_t bytes);

    bool in_field(bool read, std::size_t number);
    bool in_element(bool read, std::size_t index);

    // Returns false when bytes are left over.
    [[nodiscard]] bool finished();
    [[nodiscard]] Error error() const;

private:
    Bytes left_;
    std::string where_;
    std::string what_;
};

template <class T>
void get_in_place(T& value, const char* at) {
    if constexpr (std::same_as<T, bool>) {
        value = *at != 0;
    } else if constexpr (std::is_enum_v<T>) {
        std::underlying_type_t<T> number{};
        get_in_place(number, at);
        value = static_cast<T>(number);
    } else if constexpr (Plain<T>) {
        value = std::bit_cast<T>(neo::load_number<Word<sizeof(T)>>(at));
    } else if constexpr (Static<T>) {
        for (auto& element : value) {
            get_in_place(element, at);
            at += shape_of<ElementOf<T>>().bytes;
        }
    } else if constexpr (ContiguousStruct<T>) {
        all_fields<T>([&](std::size_t, auto field, std::size_t offset) {
            get_in_place(value.*field, at + offset);
            return true;
        });
    }
}

template <class T>
bool get_behind(T& value, Reader& reader);

template <class T>
bool each_behind(T& array, Reader& reader) {
    for (std::size_t i = 0; i < array.size(); ++i)
        if (!get_behind(array[i], reader)) return reader.in_element(false, i);
    return true;
}

template <class T>
bool get_elements(T& array, Reader& reader) {
    using Element = ElementOf<T>;
    constexpr Shape shape = shape_of<Element>();
    std::size_t length = 0;
    if (!reader.take_length(Dynamic<Element> ? length_bytes : shape.bytes_min(), length)) return false;
    array.resize(length);
    if constexpr (!Dynamic<Element>) {
        const Bytes raw = reader.take(length * shape.bytes);
        for (std::size_t i = 0; i < length; ++i) {
            if constexpr (std::same_as<Element, bool>)
                array[i] = raw[i] != 0;
            else
                get_in_place(array[i], raw.data() + i * shape.bytes);
        }
    }
    if constexpr (shape.arrays > 0) return each_behind(array, reader);
    return true;
}

template <class T>
bool get_behind(T& value, Reader& reader) {
    if constexpr (shape_of<T>().arrays == 0) {
        return true;
    } else if constexpr (Dynamic<T>) {
        return get_elements(value, reader);
    } else if constexpr (Static<T>) {
        return each_behind(value, reader);
    } else {
        return all_fields<T>([&](std::size_t number, auto field, std::size_t) {
            return reader.in_field(get_behind(value.*field, reader), number);
        });
    }
}

template <class T>
Result<T> get_struct(Bytes bytes) {
    Reader reader{bytes};
    Bytes raw;
    if (!reader.take_struct(shape_of<T>().bytes, raw)) return reader.error();
    T value{};
    get_in_place(value, raw.data());
    if (!get_behind(value, reader) || !reader.finished()) return reader.error();
    return value;
}

// ---- versions ----

template <class T>
concept Versioned = requires {
    T::struct_version;
};
template <class T>
concept HasPrevious = requires {
    typename T::Previous;
};

template <class T>
constexpr void check_declaration() {
    static_assert(
        serialisable<T>(),
        "every field must be of a kind that the head of contiguous.h names, and no struct may hold itself");
    static_assert(std::default_initializable<T>);
    if constexpr (Versioned<T>)
        static_assert(std::same_as<decltype(T::struct_version), const std::uint8_t>, "versions are one byte");
    if constexpr (HasPrevious<T>)
        static_assert(T::struct_version == T::Previous::struct_version + 1, "a version must not be left out");
}

Error version_missing();
Error version_too_new(std::uint8_t version, std::uint8_t known);
Error version_too_old(std::uint8_t version, std::uint8_t known);

template <class T>
Result<T> converted(typename T::Previous previous) {
    if constexpr (requires { T::from(std::move(previous)); })
        return T::from(std::move(previous));
    else
        return T(std::move(previous));
}

}  // namespace contiguous

template <ContiguousStruct T>
[[nodiscard]] std::string to_contiguous(const T& value) {
    contiguous::check_declaration<T>();
    std::string out;
    if constexpr (contiguous::Versioned<T>) out.push_back(static_cast<char>(T::struct_version));
    const std::size_t at = out.size();
    out.append(contiguous::shape_of<T>().bytes, '\0');
    contiguous::put_in_place(value, &out[at]);
    contiguous::put_behind(value, out);
    return out;
}

// Accepts any bytes from strangers. Announced lengths are compared with the present bytes before memory is
// allocated, and nested lengths cannot exceed a constant of the type times the number of bytes. Errors have
// ErrorCode::invalid and name the problem (short, too long, left over) and the field, counted from 1. As in the
// originals, padding and the words in the place of a dynamic array are ignored; both sides write zeros there. Any
// non-zero bool is true.
template <ContiguousStruct T>
[[nodiscard]] Result<T> from_contiguous(Bytes bytes) {
    contiguous::check_declaration<T>();
    if constexpr (!contiguous::Versioned<T>) {
        return contiguous::get_struct<T>(bytes);
    } else {
        if (bytes.empty()) return contiguous::version_missing();
        const auto version = static_cast<std::uint8_t>(bytes.front());
        if (version == T::struct_version) return contiguous::get_struct<T>(bytes.substr(1));
        if (version > T::struct_version) return contiguous::version_too_new(version, T::struct_version);
        if constexpr (contiguous::HasPrevious<T>) {
            auto previous = from_contiguous<typename T::Previous>(bytes);
            if (!previous) return previous.error();
            return contiguous::converted<T>(std::move(previous).value());
        } else {
            return contiguous::version_too_old(version, T::struct_version);
        }
    }
}

}  // namespace halp
