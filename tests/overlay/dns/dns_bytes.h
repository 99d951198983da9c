// DNS messages of tests: questions as bytes, and answers read by code that shares nothing with the code under test.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace halp::dns::test {

inline std::string two(std::size_t value) {
    return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}

// "chat.halp" as the wire has it.
inline std::string wire(const std::string& dotted) {
    std::string out, part;
    for (const char c : dotted + ".") {
        if (c != '.') {
            part += c;
        } else if (!part.empty()) {
            out += static_cast<char>(part.size()) + part;
            part.clear();
        }
    }
    return out + '\0';
}

inline std::string question(const std::string& name, std::uint16_t type, std::size_t edns_bytes = 0) {
    std::string out = two(0x1234) + two(0x0100) + two(1) + two(0) + two(0) + two(edns_bytes > 0 ? 1 : 0);
    out += wire(name) + two(type) + two(1);
    if (edns_bytes > 0) out += std::string(1, '\0') + two(41) + two(edns_bytes) + two(0) + two(0) + two(0);
    return out;
}

struct ReadRecord {
    std::string name, data;  // data: names in it are written out
    unsigned type = 0, of_class = 0;
    std::uint32_t ttl_s = 0;
};
struct ReadAnswer {
    unsigned code = 99;
    bool truncated = false, authoritative = false, well_formed = false;
    std::string question;
    std::vector<ReadRecord> answers, authority, additional;
};

class AnswerReader {
public:
    explicit AnswerReader(const std::string& bytes) : bytes_(bytes) {}

    ReadAnswer read() {
        ReadAnswer out;
        const unsigned flags = (at_ = 2, number(2));
        out.code = flags & 0xf;
        out.truncated = (flags & 0x0200) != 0;
        out.authoritative = (flags & 0x0400) != 0;
        const unsigned questions = number(2), answers = number(2), authority = number(2), more = number(2);
        for (unsigned i = 0; i < questions; ++i) {
            out.question = name();
            number(4);
        }
        for (unsigned i = 0; i < answers; ++i) out.answers.push_back(record());
        for (unsigned i = 0; i < authority; ++i) out.authority.push_back(record());
        for (unsigned i = 0; i < more; ++i) out.additional.push_back(record());
        out.well_formed = good_ && at_ == bytes_.size();
        return out;
    }

private:
    std::uint32_t number(int bytes) {
        std::uint32_t value = 0;
        for (; bytes > 0; --bytes) {
            if (at_ >= bytes_.size()) return good_ = false, 0;
            value = value << 8 | static_cast<unsigned char>(bytes_[at_++]);
        }
        return value;
    }
    std::string name() {
        std::string out;
        std::size_t back = 0;
        for (int jumps = 0; good_ && jumps < 64;) {
            const std::uint32_t length = number(1);
            if (length == 0) break;
            if (length >= 0xc0) {
                const std::size_t to = (length & 0x3f) << 8 | number(1);
                if (back == 0) back = at_;
                at_ = to;
                ++jumps;
                continue;
            }
            if (at_ + length > bytes_.size()) return good_ = false, out;
            out += (out.empty() ? "" : ".") + bytes_.substr(at_, length);
            at_ += length;
        }
        if (back != 0) at_ = back;
        return out;
    }
    ReadRecord record() {
        ReadRecord out;
        out.name = name();
        out.type = number(2);
        out.of_class = number(2);
        out.ttl_s = number(4);
        const std::size_t length = number(2), begin = at_;
        if (at_ + length > bytes_.size()) return good_ = false, out;
        if (out.type == 33) {
            for (int i = 0; i < 3; ++i) out.data += std::to_string(number(2)) + " ";
            out.data += name();
        } else if (out.type == 12 || out.type == 2) {
            out.data = name();
        } else {
            out.data = bytes_.substr(at_, length);
            at_ += length;
        }
        good_ = good_ && at_ == begin + length;
        return out;
    }

    const std::string& bytes_;
    std::size_t at_ = 0;
    bool good_ = true;
};

inline ReadAnswer read_answer(const std::string& bytes) {
    ReadAnswer answer = AnswerReader{bytes}.read();
    EXPECT_TRUE(answer.well_formed) << ::testing::PrintToString(bytes);
    return answer;
}

}  // namespace halp::dns::test
