// Scripts with which bash, zsh and fish complete a program's verbs, options and words. Labels, peers, hosts and
// channels are asked of the running daemon through `halp`, with the --socket or --cache-dir of the line that is
// typed. What a daemon answers comes from strangers: the scripts never evaluate it, and quote what a shell would.
#pragma once

#include <string>
#include <vector>

#include "tools/program/arguments_text.h"
#include "tools/program/pages.h"

namespace halp {

[[nodiscard]] std::string bash_completion(const ArgumentsText& program);
[[nodiscard]] std::string zsh_completion(const ArgumentsText& program);
[[nodiscard]] std::string fish_completion(const ArgumentsText& program);
// All three, each under the name by which its shell finds it.
[[nodiscard]] std::vector<Page> completions_of(const ArgumentsText& program);

// ---- for these three ----

// What stands where an argument stands: "labels", "hosts", "peers", "nodes", "channels", "files", "directories",
// with words behind it "files a b" or "words a b"; "any" when nothing is known.
[[nodiscard]] std::string kind_of(const ArgumentText& argument);

// A program or one of its verbs, with the words that lead there: "", "get", "dht get".
struct VerbPlace {
    std::string words;
    const ArgumentsText* text;
};
[[nodiscard]] std::vector<VerbPlace> places_of(const ArgumentsText& program);

// "'get 1') kind=labels ;;" for every argument that takes a word: bash and zsh read it alike. A positional word has
// its number, and "more" where several may stand.
[[nodiscard]] std::string kind_table(const ArgumentsText& program);
[[nodiscard]] std::string shell_quoted(std::string_view text);
// `text` with @P@ replaced by the name, and @F@ by the name as part of a function's.
[[nodiscard]] std::string named(std::string text, const std::string& program);
[[nodiscard]] std::string option_names(const ArgumentsText& of);  // "--json -q --quiet"

}  // namespace halp
