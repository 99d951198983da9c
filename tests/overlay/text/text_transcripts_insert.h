// The rows about `insert`.
#pragma once

#include <string>
#include <vector>

#include "tests/overlay/text/text_transcript.h"

namespace halp::transcripts {

inline std::string success(const std::string& entry) { return "success: foo " + entry; }
inline std::string failure(const std::string& entry) { return "failure: foo " + entry; }

inline std::vector<Transcript> insert_rows() {
    const std::string a = "1300000000 a.example 80";
    const std::string b = "1300000001 b.example 81";
    const std::string h = "1300000000 h.example 80";
    return {
        {"insert one", {same("insert foo\n" + h, success(h)), same("get foo", h), same("get labels", "<now> foo")}},
        {"insert one nl", {same("insert foo\n" + h + "\n", success(h) + failure(""))}},
        {"insert two",
         {same("insert foo\n" + a + "\n" + b, success(a) + success(b)), same("get foo", b + "\n" + a)}},
        {"insert crlf", {same("insert foo\r\n" + a + "\r\n", refusal)}},
        {"insert crlf lines",
         {same("insert foo\n" + a + "\r\n", failure(a + "\r") + failure("")), same("get foo", "")}},
        {"insert multi label",
         {same("insert foo bar\n" + a, success(a) + "success: bar " + a), same("get foo", a), same("get bar", a),
          same("get labels", "<now> bar\n<now> foo")}},
        {"insert same label twice", {same("insert foo foo\n" + a, success(a) + success(a)), same("get foo", a)}},
        {"insert zero labels", {same("insert\n" + a, "")}},
        {"insert zero entries", {same("insert foo\n", failure("")), same("get labels", "<now> foo")}},
        {"insert dup older",
         {same("insert foo\n" + a, success(a)),
          same("insert foo\n1200000000 a.example 80", success("1200000000 a.example 80")), same("get foo", a),
          same("insert foo\n1400000000 a.example 80", success("1400000000 a.example 80")),
          same("get foo", "1400000000 a.example 80")}},
        {"insert same host 2 ports",
         {same("insert foo\n" + a + "\n1300000000 a.example 81\n1300000000 A.example 80",
               success(a) + success("1300000000 a.example 81") + success("1300000000 A.example 80")),
          same("get foo", a + "\n1300000000 a.example 81\n1300000000 A.example 80")}},
        {"insert ordering",
         {same("insert foo\n5 e 1\n9 a 1\n7 c 1\n7 b 1\n1 z 1",
               success("5 e 1") + success("9 a 1") + success("7 c 1") + success("7 b 1") + success("1 z 1")),
          same("get foo", "9 a 1\n7 c 1\n7 b 1\n5 e 1\n1 z 1")}},
    };
}

// The middle of this row was not recorded. Lines like its own replace it.
inline Transcript insert_bad_lines() {
    const std::vector<std::string> bad = {"hello",
                                          "-5 h 80",
                                          "1300000000 h abc",
                                          "1300000000 h 80 extra",
                                          " 1300000000 h 80",
                                          "1300000000  h 80",
                                          "1300000000 h  80",
                                          "1.5 h 80",
                                          "1300000000\th\t80",
                                          "1300000000",
                                          "1300000000 ",
                                          "0x10 h 80",
                                          "1300000000 h +80",
                                          "1300000000 h -80",
                                          "1300000000 h 80 "};
    Step insert{{"insert foo"}, "", {}};
    for (const std::string& line : bad) {
        insert.segments.front() += "\n" + line;
        insert.answer += failure(line);
    }
    return {"insert bad lines", {insert, same("get foo", "")}};
}

inline Transcript insert_eleven() {
    Step insert{{"insert foo"}, "", {}};
    std::string newest_ten;
    for (int i = 0; i < 12; ++i) {
        const std::string line = std::to_string(1300000000 + i) + " h" + std::to_string(i) + " 80";
        insert.segments.front() += "\n" + line;
        insert.answer += success(line);
        if (i >= 2) newest_ten = line + (i > 2 ? "\n" + newest_ten : "");
    }
    return {"insert 11", {insert, same("get foo", newest_ten)}};
}

inline std::vector<Transcript> insert_port_rows() {
    const auto refused = [](const std::string& name, const std::string& entry, const std::string& original) {
        return Transcript{name, {ours("insert foo\n" + entry, failure(entry), original), ours("get foo", "", "")}};
    };
    return {
        refused("insert no port", "1300000000 host", "ended: TypeError"),
        refused("insert hostport joined", "1300000000 host:80", "ended: TypeError"),
        refused("insert trailing space no port", "1300000000 host ", "ended: TypeError"),
        refused("insert port 0", "1300000000 h 0", "stored it"),
        refused("insert port 65536", "1300000000 h 65536", "stored it"),
        refused("insert port 2^31", "1300000000 h 2147483648", "stored it"),
        refused("insert port 2^63", "1300000000 h 9223372036854775808", "ended: AssertionError"),
        {"insert port leading zeros",
         {same("insert foo\n0001300000000 h 00080", success("0001300000000 h 00080")),
          same("get foo", "1300000000 h 80")}},
    };
}

inline std::vector<Transcript> insert_time_rows() {
    const auto taken = [](const std::string& name, const std::string& entry) {
        return Transcript{name, {same("insert foo\n" + entry, success(entry)), same("get foo", entry)}};
    };
    // Served as stated it would stay on top of every list that learns it (halp-text.md, defect 16).
    const auto clamped = [](const std::string& name, const std::string& time) {
        const std::string entry = time + " f 80";
        return Transcript{
            name,
            {same("insert foo\n" + entry, success(entry)), ours("get foo", "<now> f 80", "answered " + entry)}};
    };
    const auto refused = [](const std::string& name, const std::string& entry) {
        return Transcript{name,
                          {ours("insert foo\n" + entry, failure(entry), "ended: ValueError"),
                           ours("get foo", "", "ended before")}};
    };
    return {
        clamped("insert future", "4102444800"),
        clamped("insert future 2^31", "2147483648"),
        clamped("insert year 9999", "253402300799"),
        refused("insert year 10000", "253402300800 f 80"),
        refused("insert ts 20 digits", "99999999999999999999 f 80"),
        refused("insert ts 400 digits", times("9", 400) + " f 80"),
        taken("insert ts 0", "0 f 80"),
        {"insert ts negative", {same("insert foo\n-1 f 80", failure("-1 f 80")), same("get foo", "")}},
    };
}

inline std::vector<Transcript> insert_host_rows() {
    using namespace std::string_literals;
    const std::string odd0 = "1300000000 h;rm_-rf 80", odd1 = "1300000001 ../../etc/passwd 80",
                      odd2 = "1300000002 <script> 80", odd3 = "1300000003 a\0b 80"s,
                      odd4 = "1300000004 \x1b[31m 80", odd5 = "1300000005 caf\xc3\xa9.example 80",
                      odd6 = "1300000006 \xff\xfe 80";
    const std::string vt = "1300000000 a\x0b"
                           "b 80",
                      ff = "1300000000 a\x0c"
                           "b 80",
                      nel =
                          "1300000000 a\x85"
                          "b 80",
                      fs = "1300000000 a\x1c"
                           "b 80",
                      nbsp =
                          "1300000000 a\xa0"
                          "b 80";
    const std::string overlong = "1300000000 " + times("h", 3000) + " 80";
    const std::string v6 = "1300000000 ::1 80", v6_brackets = "1300000001 [2001:db8::1] 80",
                      v6_scope = "1300000002 fe80::1%eth0 80";
    return {
        {"insert ipv6",
         {same("insert foo\n" + v6 + "\n" + v6_brackets + "\n" + v6_scope,
               success(v6) + success(v6_brackets) + success(v6_scope)),
          same("get foo", v6_scope + "\n" + v6_brackets + "\n" + v6)}},
        {"insert odd hosts",
         {ours("insert foo\n" + odd0 + "\n" + odd1 + "\n" + odd2 + "\n" + odd3 + "\n" + odd4 + "\n" + odd5 + "\n" +
                   odd6,
               success(odd0) + success(odd1) + success(odd2) + failure(odd3) + failure(odd4) + success(odd5) +
                   success(odd6),
               "stored the control bytes too"),
          ours("get foo", odd6 + "\n" + odd5 + "\n" + odd2 + "\n" + odd1 + "\n" + odd0, "served them")}},
        {"insert host nbsp", {same("insert foo\n" + nbsp, success(nbsp)), same("get foo", nbsp)}},
        {"insert host vt ff",
         {ours("insert foo\n" + vt + "\n" + ff + "\n" + nel + "\n" + fs,
               failure(vt) + failure(ff) + success(nel) + failure(fs), "stored the control byte 0x1c"),
          ours("get foo", nel, "served it")}},
        {"insert host digits",
         {same("insert foo\n1300000000 12345 80\n1300000000 1 2",
               success("1300000000 12345 80") + success("1300000000 1 2")),
          same("get foo", "1300000000 12345 80\n1300000000 1 2")}},
        {"insert long host",
         {ours("insert foo\n" + overlong, failure(overlong), "stored it"), ours("get foo", "", "served it")}},
    };
}

inline std::vector<Transcript> insert_label_rows() {
    const std::string a = "1300000000 a.example 80";
    const std::string h = "1300000000 h 1";
    return {
        {"insert sublabel", {same("insert foo/bar\n" + a, refusal), same("get foo/bar", "")}},
        {"insert uppercase label", {same("insert Foo\n" + a, refusal)}},
        {"insert underscore label", {ours("insert foo_bar\n" + a, refusal, "ended: ValueError")}},
        {"insert dot label", {ours("insert foo.bar\n" + a, refusal, "ended: ValueError")}},
        {"insert dotdot label", {ours("insert ..\n" + a, refusal, "ended: ValueError")}},
        {"insert hyphen label", {same("insert a-b\n" + a, refusal)}},
        {"insert partial multi then bad",
         {ours("insert foo foo_bar\n" + a, refusal, "stored foo, then ended: ValueError"),
          ours("get foo", "", "")}},
        {"insert labels",
         {same("insert labels\n1300000000 evil", "success: labels 1300000000 evil"),
          same("insert labels\n1300000001 ../../etc/passwd", "success: labels 1300000001 ../../etc/passwd"),
          same("insert labels\n4000000000 pinned 80", "success: labels 4000000000 pinned 80"),
          ours("get labels", "<now> pinned\n<now> labels\n1300000001 ../../etc/passwd\n1300000000 evil",
               "answered 4000000000 pinned first")}},
        {"insert halp",
         {same("insert halp\n1300000000 127.0.0.1 3451", "success: halp 1300000000 127.0.0.1 3451"),
          same("get halp", "1300000000 127.0.0.1 3451")}},
        {"insert label 256",
         {ours("insert " + times("a", 256) + "\n" + h, refusal, "ended: IOError, file name too long")}},
        {"insert label 255",
         {same("insert " + times("a", 255) + "\n" + h, "success: " + times("a", 255) + " " + h),
          same("get labels", "<now> " + times("a", 255))}},
    };
}

inline std::vector<Transcript> insert_size_rows() {
    Step large{{"insert foo"}, "", "ended: TypeError"};
    std::string newest_ten;
    for (int i = 0; i < 200; ++i) {
        const std::string line = std::to_string(1300000000 + i) + " host0" + std::to_string(i / 100) +
                                 two_digits(i % 100) + ".example 8080";
        large.segments.front() += "\n" + line;
        large.answer += success(line);
        if (i >= 190) newest_ten = line + (i > 190 ? "\n" + newest_ten : "");
    }
    const std::string junk = times("x", 4061);
    const std::string last = "1300000000 host.exam 8080";
    return {
        {"insert 6kB", {large, ours("get foo", newest_ten, "ended before")}},
        {"insert 4096 cut",
         {ours("insert foo\n" + junk + "\n" + last + "\n", failure(junk) + success(last) + failure(""),
               "read 4096 bytes and stored port 80"),
          ours("get foo", last, "1300000000 host.exam 80")}},
    };
}

inline std::vector<Transcript> time_zone_rows() {
    const std::string h = "1300000000 h 80";
    const std::string fold = "1289119800 h 80", fold2 = "1289123400 h2 80";
    const std::string los_angeles = "America/Los_Angeles";
    return {
        {"tz LA insert",
         {same("insert foo\n" + h, success(h)), same("get foo", h), same("get labels", "<now> foo")},
         {},
         {},
         los_angeles},
        {"tz Tokyo labels", {same("get foo", ""), same("get labels", "<now> foo")}, {}, {}, "Asia/Tokyo"},
        {"tz LA dst fallback",
         {same("insert foo\n" + fold, success(fold)), ours("get foo", fold, "1289123400 h 80"),
          same("insert foo\n" + fold2, success(fold2)),
          ours("get foo", fold2 + "\n" + fold, "1289123400 h 80\n1289123400 h2 80")},
         {},
         {},
         los_angeles},
    };
}

}  // namespace halp::transcripts
