#include "store/tags.h"

#include <gtest/gtest.h>

namespace halp {
namespace HALP_TEST_FILE {

TEST(Tags, AreOneTextSortedAndEachOnce) {
    EXPECT_EQ(tags_text({"v=2", "blue", "v=2"}).value(), "blue,v=2");
    EXPECT_EQ(tags_text({}).value(), "");
    EXPECT_EQ(split_tags("blue,v=2"), (std::vector<std::string>{"blue", "v=2"}));
    EXPECT_TRUE(has_tag("blue,v=2", "v=2"));
    EXPECT_FALSE(has_tag("blue,v=2", "v=")) << "a whole word";
    EXPECT_FALSE(has_tag("", ""));
}

TEST(Tags, HaveNoBlanksControlBytesAndCommasAndAtMost256Bytes) {
    for (const char* bad : {"", "a b", "a,b", "a\n", "\x1b[31m", "\x7f"}) EXPECT_FALSE(tags_text({bad})) << bad;
    EXPECT_TRUE(tags_text({"caf\xc3\xa9"}));
    EXPECT_TRUE(tags_text({std::string(200, 'a'), std::string(55, 'b')}));
    EXPECT_FALSE(tags_text({std::string(200, 'a'), std::string(56, 'b')}));
}

TEST(Tags, AreWellFormedInOneSpelling) {
    for (const char* good : {"", "a", "a,b"}) EXPECT_TRUE(well_formed_tags(good)) << good;
    for (const char* bad : {",", "a,", ",a", "b,a", "a,a", "a b"}) EXPECT_FALSE(well_formed_tags(bad)) << bad;
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
