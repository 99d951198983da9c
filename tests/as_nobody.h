// Permissions do not bind root: a test about them runs as nobody meanwhile.
#pragma once

#include <unistd.h>

namespace halp::testing_rights {

inline constexpr uid_t nobody = 65534;

class AsNobody {
public:
    AsNobody() : was_root_(::geteuid() == 0) {
        if (was_root_ && ::seteuid(nobody) != 0) was_root_ = false;
    }
    ~AsNobody() {
        if (was_root_ && ::seteuid(0) != 0) ::_exit(1);
    }
    AsNobody(const AsNobody&) = delete;
    AsNobody& operator=(const AsNobody&) = delete;

private:
    bool was_root_;
};

}  // namespace halp::testing_rights
