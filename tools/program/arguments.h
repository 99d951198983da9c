// The command line of every program here: options, flags, positional words, verbs, help. arguments.cc is the only
// file that includes the library that parses it.
//
// Beyond what that library checks: an empty word where something is wanted is a mistake (`halp dht remove users
// "$ID"` without ID must not remove key 0), NaN is no number, and `--name=` is --name with an empty word. Every
// mistake is told in one form: NAME: what is wrong. The remedy.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tools/program/arguments_text.h"

namespace halp {

// A number of bytes; as a word it may have a unit: 64mb, 1gib. Units are powers of 1024, in upper or lower case.
struct ByteCount {
    std::uint64_t* bytes;
};

// Stores a word and returns what is wrong with it, or "".
using TakesWord = std::function<std::string(const std::string&)>;

// Where the words of an option go. A vector takes all that are given; an optional stays empty when there is none.
using ArgumentTarget =
    std::variant<std::string*, std::optional<std::string>*, std::vector<std::string>*, double*, int*, std::int64_t*,
                 std::uint16_t*, std::uint32_t*, std::uint64_t*, std::optional<std::uint64_t>*,
                 std::vector<std::uint64_t>*, ByteCount, TakesWord>;

// One option or positional word, for saying more about it.
class ArgumentOption {
public:
    ArgumentOption& required();
    ArgumentOption& called(std::string value);  // in the help, instead of TEXT, UINT or the like
    ArgumentOption& between(double min, double max);
    ArgumentOption& whole_between(std::uint64_t min, std::uint64_t max);
    ArgumentOption& one_of(std::vector<std::string> words);
    ArgumentOption& may_be_empty();
    ArgumentOption& repeated();       // one word behind each --name, not all that follow
    ArgumentOption& shows_default();  // in the help
    ArgumentOption& excludes(const ArgumentOption& other);
    [[nodiscard]] bool given() const;

private:
    friend class Arguments;
    struct Spec;
    explicit ArgumentOption(Spec& spec) : spec_(&spec) {}
    Spec* spec_;
};

class Arguments {
public:
    // Of a program: its name and what it does. `--help` is understood.
    Arguments(const std::string& name, const std::string& about);
    ~Arguments();
    Arguments(const Arguments&) = delete;
    Arguments& operator=(const Arguments&) = delete;

    // `names` is "-n,--number" or, for a positional word, "NAME".
    ArgumentOption option(const std::string& names, ArgumentTarget target, const std::string& help = "");
    void flag(const std::string& names, bool& target, const std::string& help = "");
    // Two flags of which only one may be given.
    void either_flag(const std::string& a, bool& a_given, const std::string& a_help, const std::string& b,
                     bool& b_given, const std::string& b_help);
    void version_flag(const std::string& version, const std::string& help = "");
    // A word that chooses what to do; it outlives *this no longer. `chosen` is called after everything was read.
    Arguments& verb(const std::string& name, const std::string& about, std::function<void()> chosen = {});

    void footer(const std::string& text);  // behind the help
    void needs_a_verb();                   // without one: an error. At most one may be given in either case.
    void may_have_a_verb();
    void no_help_flag();      // also not for verbs that are added later
    void options_anywhere();  // a verb passes on options that it does not know; also verbs that are added later
    void keeps_unknown();     // what is not understood is kept in unknown(); also verbs that are added later
    void passes_all_on();     // this verb keeps what it does not know to itself: unknown()
    void requires_nothing();  // takes back every required() while the words are read, for `VERB --help`

    // Why the program ends here instead of going on.
    struct End {
        bool mistake;      // else: help or version
        std::string text;  // of a mistake: a sentence, and a second line with the --help that explains more
    };
    // `PROGRAM help`, `PROGRAM help VERB` and `PROGRAM VERB help` of a verb with verbs are understood as --help.
    [[nodiscard]] std::optional<End> parse(int argc, const char* const* argv);
    // The words with --help for such a `help`.
    [[nodiscard]] std::vector<std::string> with_help_option(int argc, const char* const* argv) const;

    // After parse:
    [[nodiscard]] const std::string& name() const;
    [[nodiscard]] const Arguments* chosen() const;  // the verb; nullptr when there is none
    [[nodiscard]] std::vector<std::string> unknown() const;
    [[nodiscard]] std::string not_expected(const std::string& word) const;  // with the option that was likely meant
    [[nodiscard]] std::string help(const std::string& words_before) const;
    [[nodiscard]] std::string help_command() const;  // "halp dht get --help"
    [[nodiscard]] ArgumentsText text() const;        // for pages and completions; before parse

private:
    struct Impl;
    [[nodiscard]] std::optional<End> parse_spelled_out(int argc, const char* const* argv);
    explicit Arguments(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace halp
