// LMDB maps the file `<path>-lock` and writes to it. If the disk has no room for a page of it, or on btrfs for a
// new copy of one, that write ends the process by SIGBUS. So the room is taken before.
#pragma once

#include <string>

namespace halp {

// Makes the file with all its room if it is missing, and takes the room of one that is there. Returns 0 or the
// cause as in errno.
[[nodiscard]] int take_room_of_lock_file(const std::string& path);

}  // namespace halp
