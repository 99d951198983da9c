#include "tools/program/progress_line.h"

#include <ostream>

#include "tools/program/harmless.h"

namespace halp {
namespace {

constexpr std::string_view erase_line = "\r\x1b[K";  // ECMA-48: to the first column, then EL

}  // namespace

void ProgressLine::show(std::string_view text) {
    if (terminal_ == nullptr) return;
    *terminal_ << (shown_ ? erase_line : "") << harmless(text) << std::flush;
    shown_ = true;
}

void ProgressLine::erase() {
    if (shown_) *terminal_ << erase_line << std::flush;
    shown_ = false;
}

}  // namespace halp
