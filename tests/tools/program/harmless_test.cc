#include "tools/program/harmless.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "tools/program/harmless_stream.h"
#include "tools/program/json.h"

namespace halp {
namespace HALP_TEST_FILE {

TEST(Harmless, KeepsTheBreaksOfLinesAndNothingElse) {
    EXPECT_EQ(harmless_lines("a\x1b\nb\r\n\n"), "a\\x1b\nb\\x0d\n\n");
    EXPECT_EQ(harmless_lines(""), "");
}

TEST(Harmless, LeavesJsonTheSameJson) {
    const std::string text = "a\x7f\xc2\x9b\xe2\x80\xae\xd8\x9cgr\xc3\xbc\xc3\x9f";
    for (const JsonEscapes escapes : {JsonEscapes::shortest, JsonEscapes::hardened}) {
        const std::string line = Json::object({{text, text}}).line(escapes);
        EXPECT_EQ(line,
                  "{\"a\\u007f\\u009b\\u202e\\u061cgr\xc3\xbc\xc3\x9f\":"
                  "\"a\\u007f\\u009b\\u202e\\u061cgr\xc3\xbc\xc3\x9f\"}");
        EXPECT_EQ((*Json::parse(line))[text].text_or(""), text);
    }
}

TEST(Harmless, IsAlsoForMarkup) {
    EXPECT_EQ(harmless_markup("<\xe2\x80\xae>\x01"), "&lt;\\xe2\\x80\\xae&gt;\\x01");
}

TEST(HarmlessStream, StandsBeforeEverythingThatIsWritten) {
    std::ostringstream terminal;
    std::ostream out(terminal.rdbuf());
    std::ostream& as_it_was = make_harmless(out);
    out << "a\x1b[2J" << 7 << '\n' << "gr\xc3";
    out << "\xbc\xe2\x80\xae\n" << std::flush;
    as_it_was << "\r\x1b[K";
    EXPECT_EQ(terminal.str(), "a\\x1b[2J7\ngr\xc3\xbc\\xe2\\x80\\xae\n\r\x1b[K");
    terminal.str("");
    const std::string many(300'000, '\n');
    out << many << std::flush;
    EXPECT_EQ(terminal.str(), many);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
