#include "simulations/world/packed_text.h"

#include <gtest/gtest.h>

#include <string>

#include "simulations/world/sim_random.h"

namespace halp {
namespace HALP_TEST_FILE {

TEST(PackedText, GivesBackWhatWasPacked) {
    const std::string long_line(1000, '7');
    for (const std::string& text :
         {std::string{}, std::string{"\n"}, std::string{"\n\n1"}, std::string{"a\n\na\n"}, std::string{"\0\xff\n:", 4},
          long_line + "\n" + long_line + "8\n1" + long_line, std::string{"12 1\n12 12 1\n12 1"}})
        EXPECT_EQ(unpack_text(pack_text(text)), text);
}

TEST(PackedText, GivesBackRandomLines) {
    SimRandom random{1, 2};
    const std::string letters = "0123456789. -:\nxyz";
    for (int i = 0; i < 2000; ++i) {
        std::string text;
        for (std::uint64_t left = random.below(60); left > 0; --left) text += letters[random.below(letters.size())];
        ASSERT_EQ(unpack_text(pack_text(text)), text) << i;
    }
}

TEST(PackedText, MakesACacheFileFiveTimesSmaller) {
    std::string text;
    for (int i = 0; i < 128; ++i)
        text += std::to_string(1769810000 - i) + " 10." + std::to_string(i * 37 % 250) + "." + std::to_string(i % 8) +
                ".1 3451\n";
    EXPECT_LT(pack_text(text).size() * 4, text.size());
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
