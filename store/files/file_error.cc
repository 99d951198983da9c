#include "store/files/file_error.h"

#include <cerrno>
#include <cstring>

namespace halp {

Error file_error(const std::string& attempt, const std::string& path, int why) {
    const std::string what = "cannot " + attempt + " " + path + ": ";
    switch (why) {
        case ENOSPC:
        case EDQUOT:
            return {ErrorCode::full, what + "the disk is full; free some space"};
        case EFBIG:
            return {ErrorCode::full, what + "the file would be larger than this process may write (ulimit -f)"};
        case EROFS:
            return {ErrorCode::io, what + "the file system is read-only; remount it or choose another directory"};
        case EACCES:
        case EPERM:
            return {ErrorCode::io,
                    what + "permission denied; let this user write there or choose another directory"};
        case ENOTDIR:
            return {ErrorCode::io, what + "part of that path is not a directory; choose another directory"};
        case ENOENT:
            return {ErrorCode::not_found, what + "it does not exist; create it or choose another"};
        case EISDIR:
            return {ErrorCode::io, what + "it is a directory and not a file; move it away"};
        case ELOOP:
            return {ErrorCode::io, what + "it is a symbolic link; put the file itself there"};
        case EMFILE:
        case ENFILE:
            return {ErrorCode::busy, what + "too many files are open; raise the limit (ulimit -n)"};
        default:
            return {ErrorCode::io, what + std::strerror(why)};
    }
}

}  // namespace halp
