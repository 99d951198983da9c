#include "store/records/channel.h"

#include <algorithm>

namespace halp {

Result<Channel> Channel::parse(std::string_view name) {
    if (!well_formed(name))
        return Error{ErrorCode::invalid, "a channel name has 1 to " + std::to_string(length_max) + " bytes"};
    return Channel{std::string{name}};
}

bool Channel::plain(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return well_formed(name) && std::ranges::all_of(name, allowed);
}

}  // namespace halp
