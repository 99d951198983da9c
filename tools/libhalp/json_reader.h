// Reads JSON by walking it once, without building a tree: the daemon's answers about 20 hosts are read in 3 us.
// Text of any kind is safe to read; what is not JSON makes it not good().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace halp::lib {

class JsonReader {
public:
    static constexpr int depth_max = 16;

    explicit JsonReader(std::string_view text) : rest_(text) {}

    // Calls member(key) for each member of the object that comes next. It has to read the value, by one of the
    // calls here; skip() when it does not want it. Keys with escapes are passed as they stand.
    template <class Member>
    void object(Member member) {
        if (!enter('{')) return;
        while (more('}')) {
            const std::string_view key = raw_text();
            if (!take(':')) return;
            member(key);
            if (!good_) return;
        }
    }
    template <class Element>
    void array(Element element) {
        if (!enter('[')) return;
        while (more(']')) {
            element();
            if (!good_) return;
        }
    }
    void text(std::string& out);          // null gives ""
    [[nodiscard]] std::int64_t number();  // without its fraction
    [[nodiscard]] bool truth();
    void skip();

    [[nodiscard]] bool good() const { return good_; }
    // Good, and nothing follows.
    [[nodiscard]] bool finished();

private:
    void blanks();
    bool take(char wanted);
    bool enter(char bracket);
    bool more(char bracket);
    bool word(std::string_view wanted);
    std::string_view raw_text();
    void fail() {
        good_ = false;
        rest_ = {};
    }

    std::string_view rest_;
    bool good_ = true;
    bool first_ = true;  // of an object or array
    int depth_ = 0;
};

}  // namespace halp::lib
