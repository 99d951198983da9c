#include "tests/discard_rules.h"

#include <algorithm>
#include <initializer_list>
#include <regex>
#include <string>
#include <string_view>

namespace halp::layout {
namespace {

// Without the contents of strings, so that neither a cast nor a comment is found in one.
std::string without_strings(std::string_view line) {
    std::string out;
    char quote = '\0';
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (quote != '\0') {
            if (c == '\\') ++i;
            if (c == quote) quote = '\0';
            continue;
        }
        const bool digit_mark = c == '\'' && i > 0 && line[i - 1] >= '0' && line[i - 1] <= '9';
        if (c == '"' || (c == '\'' && !digit_mark))
            quote = c;
        else
            out += c;
    }
    return out;
}

// A regular expression costs a hundred times as much as a search for a word, and few lines have one of these.
bool mentions(std::string_view code, std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return code.find(word) != code.npos; });
}

// The calls of libevent with a result that says whether anything was done.
bool calls_libevent(const std::string& code) {
    static const std::regex call{
        R"((^|\)|\{|;|else)\s*(ev(ent|timer|signal)_(add|del|assign|base_(once|loop|dispatch|loopbreak|loopexit))|)"
        R"(bufferevent_(enable|disable|write|write_buffer|set_timeouts)|evbuffer_(add|add_printf|drain|copyout|remove)|)"
        R"(evconnlistener_(enable|disable)|evhttp_(add_header|accept_socket|bind_socket)|)"
        R"(evdns_base_(set_option|resolv_conf_parse|load_hosts))\()"};
    return mentions(code,
                    {"event_", "evtimer_", "evsignal_", "evbuffer_", "evconnlistener_", "evhttp_", "evdns_"}) &&
           std::regex_search(code, call);
}

bool discards(const std::string& code) {
    static const std::regex cast{
        R"(static_cast<void>\(|\(void\)\s*[A-Za-z_:!(*]|std::ignore\s*=|std::tie\(.*std::ignore)"};
    return mentions(code, {"void", "ignore"}) && std::regex_search(code, cast);
}

}  // namespace

std::vector<std::size_t> unexplained_discards(std::string_view text) {
    std::vector<std::size_t> found;
    bool explained_before = false;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        const std::string line = without_strings(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const std::size_t comment = line.find("//");
        const std::string code = line.substr(0, comment);
        if ((discards(code) || calls_libevent(code)) && comment == std::string::npos && !explained_before)
            found.push_back(number);
        explained_before = comment != std::string::npos && code.find_first_not_of(' ') == std::string::npos;
    }
    return found;
}

}  // namespace halp::layout
