// Results of C++ as codes of C, and the sentence about the last failure of a thread.
#pragma once

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "store/result.h"

namespace halp::lib {

// Keeps the sentence for halp_message() and returns the code.
int fail(int code, std::string sentence);
int fail(const Error& error);
int out_of_memory() noexcept;
[[nodiscard]] const char* last_message();

// No exception passes the C interface.
template <class Body>
int guarded(Body&& body) {
    try {
        return std::forward<Body>(body)();
    } catch (const std::bad_alloc&) {
        return out_of_memory();
    } catch (const std::exception& why) {
        return fail({ErrorCode::io, std::string{"An error inside libhalp: "} + why.what()});
    }
}

}  // namespace halp::lib
