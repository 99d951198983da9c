// The names of the enumerations among the settings, in the order of the enumerators.
#pragma once

#include <array>
#include <string_view>

#include "config/settings.h"
#include "config/typed_value.h"
#include "overlay/overlay_options.h"

namespace halp::config {

template <>
struct ChoiceNames<Profile> {
    static constexpr std::array<std::string_view, 3> names{"local", "lan", "wan"};
};
template <>
struct ChoiceNames<PartnerRule> {
    static constexpr std::array<std::string_view, 5> names{"random", "oldest", "head", "hybrid", "ranked"};
};
template <>
struct ChoiceNames<Propagation> {
    static constexpr std::array<std::string_view, 4> names{"push", "pull", "push_pull", "swap"};
};
template <>
struct ChoiceNames<LogLevel> {
    static constexpr std::array<std::string_view, 5> names{"trace", "debug", "info", "warn", "error"};
};
template <>
struct ChoiceNames<LogFormat> {
    static constexpr std::array<std::string_view, 2> names{"text", "json"};
};
template <>
struct ChoiceNames<DhtEngine> {
    static constexpr std::array<std::string_view, 2> names{"memory", "lmdb"};
};
template <>
struct ChoiceNames<DumpOutOfRange> {
    static constexpr std::array<std::string_view, 3> names{"load", "ignore", "fatal"};
};
template <>
struct ChoiceNames<DumpEmptyValues> {
    static constexpr std::array<std::string_view, 3> names{"load", "skip", "fatal"};
};
template <>
struct ChoiceNames<DumpBadRecords> {
    static constexpr std::array<std::string_view, 2> names{"skip", "fatal"};
};
template <>
struct ChoiceNames<DhtRange> {
    static constexpr std::array<std::string_view, 2> names{"fixed", "auto"};
};
template <>
struct ChoiceNames<DhtLeave> {
    static constexpr std::array<std::string_view, 3> names{"auto", "hand_over", "keep"};
};
template <>
struct ChoiceNames<DhtDurability> {
    static constexpr std::array<std::string_view, 2> names{"power", "process"};
};

}  // namespace halp::config
