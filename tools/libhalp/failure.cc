#include "tools/libhalp/failure.h"

#include "tools/libhalp/include/halp/halp.h"

namespace halp::lib {
namespace {

thread_local std::string message;

int code_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid:
            return HALP_INVALID;
        case ErrorCode::not_found:
            return HALP_NOT_FOUND;
        case ErrorCode::full:
            return HALP_FULL;
        case ErrorCode::refused:
            return HALP_REFUSED;
        case ErrorCode::busy:
            return HALP_BUSY;
        case ErrorCode::unreachable:
            return HALP_UNREACHABLE;
        case ErrorCode::timed_out:
            return HALP_TIMEOUT;
        case ErrorCode::io:
            break;
    }
    return HALP_IO;
}

}  // namespace

int fail(int code, std::string sentence) {
    message = std::move(sentence);
    return code;
}

int fail(const Error& error) { return fail(code_of(error.code), error.message); }

int out_of_memory() noexcept {
    message.clear();  // a sentence would need memory
    return HALP_NO_MEMORY;
}

const char* last_message() { return message.c_str(); }

}  // namespace halp::lib
