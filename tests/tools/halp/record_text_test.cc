#include "tools/halp/output/record_text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

namespace halp::cli {
namespace HALP_TEST_FILE {

std::string all_bytes() {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
}

TEST(RecordText, ReadsKeysInDecimalAndHexadecimal) {
    EXPECT_EQ(parse_shown_key("0").value(), Key{0});
    EXPECT_EQ(parse_shown_key("42").value(), Key{42});
    EXPECT_EQ(parse_shown_key("18446744073709551615").value(), Key{UINT64_MAX});
    EXPECT_EQ(parse_shown_key("0x2A").value(), Key{42});
    EXPECT_EQ(parse_shown_key("0Xffffffffffffffff").value(), Key{UINT64_MAX});
}

TEST(RecordText, RefusesWhatIsNoKeyAndNamesIt) {
    for (const char* text :
         {"", "-1", "+1", " 1", "1 ", "18446744073709551616", "0x", "0x1ffffffffffffffff", "0xg", "2a"}) {
        const auto key = parse_shown_key(text);
        ASSERT_FALSE(key) << text;
        EXPECT_NE(key.error().message.find("`" + std::string{text} + "`"), std::string::npos);
    }
}

TEST(RecordText, ShowsKeysSoThatTheyCanBeTypedAgain) {
    EXPECT_EQ(shown_key(Key{42}), "0x000000000000002a");
    for (const Key key : {Key{0}, Key{0x1234567890}, Key{UINT64_MAX}})
        EXPECT_EQ(parse_shown_key(shown_key(key)).value(), key);
}

TEST(RecordText, EscapesEverythingThatIsNotAPlainLine) {
    EXPECT_EQ(escaped("plain text"), "plain text");
    EXPECT_EQ(escaped("a\nb\tc\rd\\e"), "a\\nb\\tc\\rd\\\\e");
    EXPECT_EQ(escaped(std::string("\0\x1b\xff", 3)), "\\x00\\x1b\\xff");
    EXPECT_EQ(escaped("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
    EXPECT_EQ(escaped("\\x41"), "\\\\x41");  // was text before, and is text after
}

TEST(RecordText, RefusesEscapesThatItDoesNotWrite) {
    for (const char* text : {"\\", "\\q", "\\x", "\\x1", "\\xg0", "ok \\"}) EXPECT_FALSE(unescaped(text)) << text;
}

TEST(RecordText, KnowsTheVectorsOfBase64) {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};  // RFC 4648, 10
    for (const auto& [plain, coded] : vectors) {
        EXPECT_EQ(base64_of(plain), coded);
        EXPECT_EQ(bytes_of_base64(coded), plain);
    }
    EXPECT_EQ(bytes_of_base64("Zm9vYg"), "foob");
    for (const char* text : {"Z", "Zm9v Zg==", "Zm9*", "Zg=a", "Zm9vZ"})
        EXPECT_FALSE(bytes_of_base64(text)) << text;
}

TEST(RecordText, KeepsEveryByteInEveryForm) {
    std::mt19937 random(7);
    for (const ValueForm form : {ValueForm::hex, ValueForm::escape, ValueForm::base64, ValueForm::automatic}) {
        EXPECT_EQ(read_value(written_value(all_bytes(), form), form).value(), all_bytes());
        for (std::size_t length = 0; length < 100; ++length) {
            std::string bytes;
            for (std::size_t i = 0; i < length; ++i) bytes += static_cast<char>('!' + random() % 0xdc);
            EXPECT_EQ(read_value(written_value(bytes, form), form).value(), bytes) << length;
        }
    }
}

TEST(RecordText, TakesTextFormsWithALineBreakAtTheEnd) {
    EXPECT_EQ(read_value("00ff\n", ValueForm::hex).value(), std::string("\0\xff", 2));
    EXPECT_EQ(read_value(" Zm9v\r\n", ValueForm::base64).value(), "foo");
    EXPECT_EQ(read_value("a\\n\n", ValueForm::escape).value(), "a\n");
    EXPECT_EQ(read_value("a\n", ValueForm::automatic).value(), "a\n");
    EXPECT_FALSE(read_value("0", ValueForm::hex));
    EXPECT_FALSE(read_value("0 0", ValueForm::hex));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cli
