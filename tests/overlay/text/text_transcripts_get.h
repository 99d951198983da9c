// The rows about `get`, about queries in pieces, and about what is no query.
#pragma once

#include <string>
#include <vector>

#include "tests/overlay/text/text_transcript.h"

namespace halp::transcripts {

inline std::vector<Transcript> get_rows() {
    using namespace std::string_literals;
    const std::vector<CacheFile> foo = {{"foo", fifteen()}};
    return {
        {"get existing nl", {same("get foo\n", fifteen(0, 10))}, foo},
        {"get existing no nl", {same("get foo", fifteen(0, 10))}, foo},
        {"get two nl", {same("get foo\n\n", refusal)}, foo},
        {"get crlf", {same("get foo\r\n", refusal)}, foo},
        {"get cr", {same("get foo\r", refusal)}, foo},
        {"get trailing space", {same("get foo \n", refusal)}, foo},
        {"get leading space", {same(" get foo\n", refusal)}, foo},
        {"GET upper", {same("GET foo\n", refusal)}, foo},
        {"get two spaces", {same("get  foo\n", refusal)}, foo},
        {"get tab", {same("get\tfoo\n", refusal)}, foo},
        {"get empty file", {same("get foo\n", "")}, {{"foo", ""}}},
        {"get unknown", {same("get nosuch\n", ""), same("get labels\n", "<now> nosuch")}},
        {"get uppercase label", {same("get Foo\n", ""), same("get labels\n", "<now> Foo")}},
        {"get labels", {same("get labels\n", ""), same("get labels\n", "<now> labels")}},
        {"get halp", {same("get halp\n", "1300000000 127.0.0.1 9")}, {{"halp", "1300000000 127.0.0.1 9"}}},
        {"get sublabel",
         {same("get foo/bar\n", "1300000000 h 1"), same("get foo/bar/baz\n", ""), same("get labels\n", "<now> foo"),
          same("get foo/\n", "<now> bar"), same("get foo/bar/\n", "<now> baz")},
         {{"foo~bar", "1300000000 h 1"}}},
        {"get labels/", {same("get labels/\n", ""), same("get labels/x\n", ""), same("get labels/\n", "<now> x")}},
        {"get trailing slash unknown", {same("get foo/\n", "")}},
        {"get underscore mid", {same("get a_b/c\n", ""), same("get a_b/\n", "<now> c")}},
        {"get underscore last", {ours("get a_b\n", refusal, "ended: ValueError")}},
        {"get underscore only", {ours("get _\n", refusal, "ended: ValueError")}},
        {"get slash", {ours("get /\n", refusal, "ended: ValueError")}},
        {"get leading slash", {ours("get /etc\n", refusal, "ended: ValueError")}},
        {"get double slash", {ours("get a//b\n", refusal, "ended: ValueError")}},
        {"get dotdot", {same("get ..\n", refusal), same("get ../x\n", refusal)}},
        {"get tilde", {same("get ~\n", refusal), same("get foo~bar\n", refusal)}},
        {"get dot", {same("get a.b\n", refusal)}},
        {"get hyphen", {same("get a-b\n", refusal)}},
        {"get star", {same("get *\n", refusal)}},
        {"get empty label", {same("get \n", refusal), same("get\n", refusal), same("\n", refusal)}},
        {"get slice", {ours("get foo[0:5]\n", fifteen(0, 5), "ended: AttributeError")}, foo},
        {"get slice nonl", {ours("get foo[0:5]", fifteen(0, 5), "ended: AttributeError")}, foo},
        {"get slice bad",
         {same("get foo[0:]\n", refusal), same("get foo[:5]\n", refusal), same("get foo[-1:5]\n", refusal),
          same("get foo[1]\n", refusal), same("get foo[0 : 5]\n", refusal)},
         foo},
        {"get slice sub", {ours("get foo/bar[0:5]\n", "1300000000 h 1", refusal)}, {{"foo~bar", "1300000000 h 1"}}},
        {"get latin1", {same("get caf\xe9\n", refusal)}},
        {"get utf8", {same("get caf\xc3\xa9\n", refusal)}},
        {"get nul", {same("get foo\0\n"s, refusal)}, foo},
        {"get label 255", {same("get " + times("a", 255) + "\n", "")}},
        {"get label 256",
         {same("get " + times("a", 256) + "\n", ""), same("get labels\n", "<now> " + times("a", 256))}},
        {"get sublabel 256", {ours("get " + times("a", 256) + "/b\n", "", "ended: IOError, file name too long")}},
        {"get label 4092", {same("get " + times("a", 4091) + "\n", "")}},
        {"get label 5000", {same("get " + times("a", 5000) + "\n", "")}},
        {"get label name is subdir", {same("get foo\n", "")}, {}, {"foo"}},
        {"get 5000 trailing", {same("get foo\n" + times(" ", 5000), refusal)}, foo},
    };
}

inline std::vector<Transcript> garbage_rows() {
    using namespace std::string_literals;
    return {
        {"empty query close", {{{}, refusal, {}, After::half_close}}},
        {"garbage",
         {same("hello\n", refusal), same("\0\xff\xfe\n"s, refusal), same("get\n", refusal), same("insert\n", ""),
          same("insert", refusal), same("insert foo", refusal), same("put foo\n", refusal)}},
        {"pipelined gets", {same("get foo\nget halp\n", refusal)}},
        {"pipelined insert get",
         {same("insert foo\n1300000500 n.example 80\nget foo\n",
               "success: foo 1300000500 n.example 80failure: foo get foofailure: foo "),
          same("get foo\n", "1300000500 n.example 80")}},
    };
}

inline std::vector<Transcript> connection_rows() {
    const std::vector<CacheFile> foo = {{"foo", fifteen()}};
    const std::string entry = "1300000500 n.example 80";
    return {
        {"partial query", {{{"get ", "foo\n"}, fifteen(0, 10), refusal}}, foo},
        {"partial insert",
         {{{"insert foo\n", entry + "\n"}, "success: foo " + entry + "failure: foo ", "failure: foo "},
          ours("get foo", entry, "")}},
        {"partial insert midline",
         {{{"insert foo\n" + entry, "80\n"}, "success: foo " + entry, {}}, same("get foo", entry)}},
        {"half close", {{{"get foo\n"}, fifteen(0, 10), {}, After::half_close}}, foo},
        {"client reset before read",
         {{{"get foo\n"}, "", "ended: socket.error", After::reset},
          ours("get foo\n", fifteen(0, 10), "ended before")},
         foo},
        {"client reset no data",
         {{{}, "", "ended: socket.error", After::reset}, ours("get foo\n", fifteen(0, 10), "ended before")},
         foo},
    };
}

inline std::vector<Transcript> cache_rows() {
    const std::string good = "1300000000 h 80";
    return {
        {"load bad cache line noport",
         {ours("get foo\n", good, "ended: TypeError")},
         {{"foo", "1300000001 host\n" + good}}},
        {"load bad cache huge ts",
         {ours("get foo\n", good, "ended: ValueError")},
         {{"foo", "253402300800 f 80\n" + good}}},
        {"load bad halp at start", {ours("get foo\n", "", "never started")}, {{"halp", "1300000000 host"}}},
        {"load garbage cache",
         {same("get foo\n", good), same("get labels\n", "<now> foo")},
         {{"foo", "hello\n\xff\xfe\n" + good + "\n-5 h 80\n\n"}}},
    };
}

}  // namespace halp::transcripts
