#include "tools/program/completion.h"

namespace halp {
namespace {

constexpr const char* fish_head = R"sh(# Completion of @P@ for fish, written by `@P@ --write-pages`.

)sh";

constexpr const char* fish_driver = R"sh(
# Reads the line: the verbs so far, how many words stand behind them and which, and how halp is to be asked.
function __@F@_read
    set -g __@F@_place ''
    set -g __@F@_args
    set -g __@F@_halp halp --timeout 2
    set -l option ''
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if test -n "$option"
            contains -- $option --socket --cache-dir; and set -a __@F@_halp $option $word
            set option ''
        else if string match -q -- '--*=*' $word
            string match -qr -- '^--(socket|cache-dir)=' $word; and set -a __@F@_halp $word
        else if string match -q -- '-*' $word
            __@F@_takes_word "$__@F@_place $word"; or __@F@_takes_word " $word"; and set option $word
        else if test (count $__@F@_args) -eq 0; and contains -- $word (__@F@_verbs "$__@F@_place")
            set __@F@_place (string trim -- "$__@F@_place $word")
        else
            set -a __@F@_args $word
        end
    end
end

# True behind the verbs PLACE, and with NUMBER where the word with this number stands.
function __@F@_at --argument-names place number
    __@F@_read
    test "$place" = "$__@F@_place"; or return 1
    test -z "$number"; or test (count $__@F@_args) -eq (math $number - 1)
end

function __@F@_ask --argument-names kind
    __@F@_read
    set -l halp $__@F@_halp
    set -l label dht
    test $kind = hosts; and set label $__@F@_args[1]
    switch $kind
        case labels
            set -l below (string replace -rf -- '[^/]*$' '' (commandline -ct))
            $halp labels $below 2>/dev/null | string replace -rf -- '^(?!LABEL )(\S+).*' '$1'
        case hosts nodes
            $halp get $label 2>/dev/null | string replace -r -- '^\d+ (\S*:\S*) (\d+)$' '[$1]:$2' |
                string replace -r -- '^\d+ (\S+) (\d+)$' '$1:$2'
        case peers
            $halp peers 2>/dev/null | string replace -rf -- '^(\S+:\d+).*' '$1'
        case channels
            $halp dht channels --partial 2>/dev/null
    end
end

)sh";

// Inside of single quotes of fish.
std::string fish_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
    return out + "'";
}

std::string answers_of(const std::string& kind) {
    const std::string first = kind.substr(0, kind.find(' '));
    const std::string words = kind.size() > first.size() ? kind.substr(first.size() + 1) : "";
    if (first == "files") return " -F" + (words.empty() ? "" : " -a " + fish_quoted(words));
    if (first == "directories") return " -x -a '(__fish_complete_directories)'";
    if (first == "words") return " -x -a " + fish_quoted(words);
    if (first == "any") return " -x";
    return " -x -a '(__@F@_ask " + first + ")'";
}

std::string option_line(const VerbPlace& place, const ArgumentText& argument, bool everywhere) {
    std::string line = "complete -c @P@";
    if (!everywhere) line += " -n " + fish_quoted("__@F@_at " + fish_quoted(place.words));
    for (const std::string& name : argument.names)
        line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    if (!argument.value.empty()) {
        const std::string answers = answers_of(kind_of(argument));
        line += answers.starts_with(" -F") ? " -r" + answers : answers;
    }
    return line + (argument.help.empty() ? "" : " -d " + fish_quoted(argument.help)) + "\n";
}

std::string word_line(const VerbPlace& place, const ArgumentText& argument, int number) {
    const std::string kind = kind_of(argument);
    if (kind == "any") return "";
    std::string where = "__@F@_at " + fish_quoted(place.words);
    if (!argument.several) where += " " + std::to_string(number);
    std::string answers = answers_of(kind);
    if (answers.starts_with(" -x")) answers.replace(0, 3, " -f");
    return "complete -c @P@ -n " + fish_quoted(where) + answers + "\n";
}

std::string lines_of_place(const VerbPlace& place) {
    const bool everywhere = place.words.empty();
    std::string lines;
    for (const ArgumentsText& verb : place.text->verbs)
        lines += "complete -c @P@ -n " + fish_quoted("__@F@_at " + fish_quoted(place.words)) + " -f -a " +
                 verb.name + " -d " + fish_quoted(verb.about) + "\n";
    int number = 0;
    for (const ArgumentText& argument : place.text->arguments)
        lines +=
            argument.positional ? word_line(place, argument, ++number) : option_line(place, argument, everywhere);
    return lines;
}

}  // namespace

std::string fish_completion(const ArgumentsText& program) {
    std::string verbs, takes, lines;
    for (const VerbPlace& place : places_of(program)) {
        std::string names;
        for (const ArgumentsText& verb : place.text->verbs) names += " " + verb.name;
        if (!names.empty())
            verbs += "        case " + fish_quoted(place.words) + "\n            printf '%s\\n'" + names + "\n";
        for (const ArgumentText& argument : place.text->arguments)
            for (const std::string& name : argument.names)
                if (!argument.positional && !argument.value.empty())
                    takes += " " + fish_quoted(place.words + " " + name);
        lines += lines_of_place(place);
    }
    const std::string tables =
        "function __@F@_verbs\n    switch $argv[1]\n" + verbs +
        "        case '*'\n    end\nend\n\nfunction __@F@_takes_word\n    contains -- $argv[1]" + takes + "\nend\n";
    return named(fish_head, program.name) + named(tables, program.name) + named(fish_driver, program.name) +
           named("complete -c @P@ -f\n", program.name) + named(lines, program.name);
}

}  // namespace halp
