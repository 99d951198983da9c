#include "tools/halp/output/record_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace halp::cli {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

TEST(RecordLines, LookAsTheManualSays) {
    EXPECT_EQ(
        record_line("users", Key{42}, "foo"),
        R"({"schema_version":1,"channel":"users","key":"0x000000000000002a","bytes":3,"value_base64":"Zm9v"})");
    EXPECT_EQ(channel_line("users"), R"({"schema_version":1,"channel":"users"})");
    EXPECT_EQ(channels_object({"a", "b\""}), R"({"schema_version":1,"channels":["a","b\""]})");
}

TEST(RecordLines, AreReadAsTheyWereWritten) {
    const auto record = parse_record_line(record_line("users", Key{42}, std::string("a\0b", 3)));
    ASSERT_TRUE(record);
    EXPECT_EQ(record->channel.name(), "users");
    EXPECT_EQ(record->key, Key{42});
    EXPECT_EQ(record->value, std::string("a\0b", 3));
    const auto channel = parse_record_line(channel_line("users"));
    ASSERT_TRUE(channel);
    EXPECT_FALSE(channel->key);
}

TEST(RecordLines, MayBeWrittenByHand) {
    const auto record = parse_record_line(R"({"value_base64":"","key":"7","channel":"c","comment":[1]})");
    ASSERT_TRUE(record);
    EXPECT_EQ(record->key, Key{7});
    EXPECT_EQ(record->value, "");
}

TEST(RecordLines, EscapeNamesSoThatTheyCanBeReadAgain) {
    for (const std::string& name : {std::string("my.channel"), std::string("a b\n"), std::string("\\n"),
                                    std::string("\xff\0", 2), std::string("\xc3\xa4\""), std::string(300, 'x')}) {
        const auto record = parse_record_line(record_line(name, Key{7}, "v"));
        ASSERT_TRUE(record) << name;
        EXPECT_EQ(record->channel.name(), name);
        EXPECT_EQ(parse_shown_channel(shown_channel(name)).value().name(), name);
    }
    EXPECT_EQ(channel_line("a\xff"), R"({"schema_version":1,"channel":"a\\xff"})");
}

TEST(RecordLines, SayWhatIsWrongWithThem) {
    const std::pair<const char*, const char*> bad[] = {
        {"", "not a JSON object"},
        {"[]", "not a JSON object"},
        {"{", "not a JSON object"},
        {R"({"key":"1"})", "channel is missing"},
        {R"({"channel":""})", "1 to 480 bytes"},
        {R"({"channel":"c","key":7})", "key is not a string"},
        {R"({"channel":"c","key":"x"})", "`x` is not a key"},
        {R"({"channel":"c","key":"1"})", "value_base64 is missing"},
        {R"({"channel":"c","key":"1","value_base64":"*"})", "not base64"},
    };
    for (const auto& [line, why] : bad) {
        const auto record = parse_record_line(line);
        ASSERT_FALSE(record) << line;
        EXPECT_THAT(record.error().message, HasSubstr(why));
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cli
