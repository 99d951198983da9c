// One line of progress on a terminal. It is written over by the next, and erased before anything else is printed.
#pragma once

#include <iosfwd>
#include <string_view>

namespace halp {

class ProgressLine {
public:
    // nullptr: nobody looks, and nothing is shown.
    explicit ProgressLine(std::ostream* terminal) : terminal_(terminal) {}
    ~ProgressLine() { erase(); }
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void show(std::string_view text);
    void erase();

private:
    std::ostream* terminal_;
    bool shown_ = false;
};

}  // namespace halp
