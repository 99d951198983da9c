#include "store/records/channel.h"

#include <algorithm>

namespace halp {

bool Channel::well_formed(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= length_max && std::ranges::all_of(name, allowed);
}

Result<Channel> Channel::parse(std::string_view name) {
    if (!well_formed(name)) {
        return Error{ErrorCode::invalid,
                     "a channel name is 1 to " + std::to_string(length_max) + " letters, digits, \"_\" and \"-\""};
    }
    return Channel{std::string{name}};
}

}  // namespace halp
