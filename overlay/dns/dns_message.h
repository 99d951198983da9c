// DNS messages (RFC 1035, EDNS: RFC 6891), as far as a server of one small zone needs them: the question that came,
// and an answer that is written record by record. Pure functions and values. A question is a stranger's: every read
// checks the size first, and nothing is kept that the question does not hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/environment.h"

namespace halp::dns {

enum class Type : std::uint16_t {
    a = 1,
    ns = 2,
    soa = 6,
    ptr = 12,
    txt = 16,
    aaaa = 28,
    srv = 33,
    opt = 41,
    ixfr = 251,
    axfr = 252,
    any = 255
};
enum class Code : std::uint8_t {
    ok = 0,
    malformed = 1,
    no_name = 3,
    not_implemented = 4,
    refused = 5,
    bad_version = 16  // of EDNS
};

inline constexpr std::uint16_t class_internet = 1, class_any = 255;
inline constexpr std::size_t header_bytes = 12;
inline constexpr std::size_t label_bytes_max = 63, name_bytes_max = 255;
inline constexpr std::size_t plain_udp_bytes_max = 512;  // without EDNS
// What passes every network without fragments (DNS flag day 2020); also what this server says that it takes.
inline constexpr std::size_t edns_udp_bytes_max = 1232;
inline constexpr std::size_t tcp_bytes_max = 65535;
inline constexpr std::size_t query_bytes_max = 4096;  // a question has 271 bytes at most, and options

struct Query {
    enum class Verdict : std::uint8_t {
        dropped,  // too short for a header, or an answer: it is not answered, else two servers could talk for ever
        malformed,        // it gets the code `malformed`
        not_implemented,  // another operation than a query
        question,
    };
    Verdict verdict = Verdict::dropped;
    std::uint16_t id = 0;
    std::uint8_t operation = 0;
    bool recursion_desired = false, checking_disabled = false;
    std::string name;                // as it came, in the form of the wire, so that it is echoed as asked
    std::vector<std::string> parts;  // of the name, the first one first, in lower case
    std::uint16_t type = 0, of_class = 0;
    bool edns = false, dnssec_ok = false;
    std::uint8_t edns_version = 0;
    std::size_t udp_bytes_max = plain_udp_bytes_max;  // what the asker takes
    std::size_t bytes = 0;                            // of the query
};
[[nodiscard]] Query parse_query(Bytes message);

// A name from its parts, the first one first, as the wire has it without compression. Empty when DNS cannot say it.
[[nodiscard]] std::string wire_name(const std::vector<std::string>& parts);
// "node.example" or "node.example." as parts; empty when it is no name that DNS can say.
[[nodiscard]] std::vector<std::string> parts_of(std::string_view dotted);
[[nodiscard]] std::string lower(std::string_view text);

// An answer of at most `bytes_max` bytes. A record that does not fit is left out whole, and all after it; a missing
// record of the answer sets TC, so that the asker comes again by TCP. Records are added section by section.
class Answer {
public:
    Answer(const Query& query, std::size_t bytes_max);

    enum class Section : std::uint8_t { answer, authority, additional };
    // A name in the message: where it begins, to point at; or 0 to write `name` out.
    struct Owner {
        std::size_t at = 0;
        std::string name;
    };
    // The name that was asked for.
    static constexpr std::size_t question_at = header_bytes;

    // Each returns where the data of the record begins, or 0 when it did not fit.
    std::size_t add(Section section, const Owner& owner, Type type, std::uint32_t ttl_s, std::string_view data);
    void set_code(Code code) { code_ = code; }
    void set_authoritative() { authoritative_ = true; }
    [[nodiscard]] bool truncated() const { return truncated_; }
    [[nodiscard]] std::string finish();

private:
    const Query& query_;
    std::string out_;
    std::size_t bytes_max_;
    std::uint16_t counts_[3] = {0, 0, 0};
    Code code_ = Code::ok;
    bool authoritative_ = false, truncated_ = false, full_ = false;
};

// The answer to a query that is no question; empty when there is none.
[[nodiscard]] std::string answer_to_no_question(const Query& query);

// Integers of the wire, big-endian.
void append16(std::string& out, std::uint16_t value);
void append32(std::string& out, std::uint32_t value);

}  // namespace halp::dns
