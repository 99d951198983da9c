#include "tools/program/completion.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace halp {
namespace {

struct KindOfName {
    std::string_view name, kind;
};

// By the name of a positional word, of an option, or of its value.
constexpr std::array kinds{
    KindOfName{"LABEL", "labels"},
    KindOfName{"PREFIX", "labels"},
    KindOfName{"--label", "labels"},
    KindOfName{"HOST", "hosts"},
    KindOfName{"--node", "nodes"},
    KindOfName{"--leave", "nodes"},
    KindOfName{"CHANNEL", "channels"},
    KindOfName{"--channel", "channels"},
    KindOfName{"--join", "peers"},
    KindOfName{"--halp", "peers"},
    KindOfName{"HOST:PORT", "peers"},
    KindOfName{"FILE", "files"},
    KindOfName{"SOCKET", "files"},
    KindOfName{"PATH", "files"},
    KindOfName{"PROGRAM", "files"},
    KindOfName{"DIR", "directories"},
    KindOfName{"DIRECTORY", "directories"},
    KindOfName{"--output", "directories"},
    KindOfName{"--to", "files"},
    KindOfName{"--junit", "files"},
    KindOfName{"what", "files"},
    KindOfName{"record", "files"},
    KindOfName{"scenario", "files"},
    KindOfName{"a", "files"},
    KindOfName{"b", "files"},
};

std::string_view kind_named(std::string_view name) {
    const auto found = std::ranges::find(kinds, name, &KindOfName::name);
    return found == kinds.end() ? std::string_view{} : found->kind;
}

std::string plain_kind(const ArgumentText& argument) {
    for (const std::string& name : argument.names)
        if (const std::string_view kind = kind_named(name); !kind.empty()) return std::string{kind};
    const std::string_view kind = kind_named(argument.value);
    // An address to listen on is this machine's, which no peer has.
    const bool own = std::ranges::find(argument.names, "--listen") != argument.names.end() ||
                     std::ranges::find(argument.names, "--advertise") != argument.names.end();
    return kind.empty() || (own && kind == "peers") ? "any" : std::string{kind};
}

void add_places(const ArgumentsText& of, const std::string& words, std::vector<VerbPlace>& places) {
    places.push_back({words, &of});
    for (const ArgumentsText& verb : of.verbs)
        add_places(verb, words.empty() ? verb.name : words + " " + verb.name, places);
}

std::string kind_row(const std::string& words, const std::string& name, const std::string& kind) {
    return "        " + shell_quoted(words + " " + name) + ") kind=" + shell_quoted(kind) + " ;;\n";
}

void replace_all(std::string& text, std::string_view from, const std::string& to) {
    for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

}  // namespace

std::string kind_of(const ArgumentText& argument) {
    std::string kind = plain_kind(argument);
    if (argument.choices.empty()) return kind;
    if (kind != "files") kind = "words";
    for (const std::string& word : argument.choices) kind += " " + word;
    return kind;
}

std::vector<VerbPlace> places_of(const ArgumentsText& program) {
    std::vector<VerbPlace> places;
    add_places(program, "", places);
    return places;
}

std::string kind_table(const ArgumentsText& program) {
    std::string rows;
    for (const VerbPlace& place : places_of(program)) {
        int number = 0;
        for (const ArgumentText& argument : place.text->arguments) {
            if (argument.positional) rows += kind_row(place.words, std::to_string(++number), kind_of(argument));
            if (argument.positional && argument.several) rows += kind_row(place.words, "more", kind_of(argument));
            if (argument.positional || argument.value.empty()) continue;
            for (const std::string& name : argument.names) rows += kind_row(place.words, name, kind_of(argument));
        }
    }
    return rows;
}

std::string shell_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
    return out + "'";
}

std::string named(std::string text, const std::string& program) {
    std::string function = program;
    std::ranges::replace(function, '-', '_');
    replace_all(text, "@F@", function);
    replace_all(text, "@P@", program);
    return text;
}

std::string option_names(const ArgumentsText& of) {
    std::string names;
    for (const ArgumentText& argument : of.arguments)
        for (const std::string& name : argument.names)
            if (!argument.positional) names += (names.empty() ? "" : " ") + name;
    return names;
}

std::vector<Page> completions_of(const ArgumentsText& program) {
    return {{"bash/" + program.name, bash_completion(program)},
            {"zsh/_" + program.name, zsh_completion(program)},
            {"fish/" + program.name + ".fish", fish_completion(program)}};
}

}  // namespace halp
