#include "tools/program/completion.h"

namespace halp {
namespace {

constexpr const char* zsh_head = R"sh(#compdef @P@
# Completion of @P@ for zsh, written by `@P@ --write-pages`.

)sh";

constexpr const char* zsh_driver = R"sh(
_@F@_known() {
    kind=
    _@F@_kind "$place $1"
    [[ -n $kind || $1 != -* ]] || _@F@_kind "${place%% *} $1"
    [[ -n $kind || $1 != -* ]] || _@F@_kind " $1"
}

# Puts what the daemon knows into `lines`.
_@F@_ask() {
    local line first host port
    local -a told
    lines=()
    case $1 in
        labels)
            if [[ $PREFIX == */* ]]; then told=("${(@f)$($ask labels "${PREFIX%/*}/" 2>/dev/null)}")
            else told=("${(@f)$($ask labels 2>/dev/null)}"); fi
            for line in $told; do [[ $line == 'LABEL '* ]] || lines+=("${line%% *}"); done ;;
        hosts | nodes)
            told=("${(@f)$($ask get "$2" 2>/dev/null)}")
            for line in $told; do
                read -r first host port <<<"$line"
                if [[ $host == *:* ]]; then lines+=("[$host]:$port"); else lines+=("$host:$port"); fi
            done ;;
        peers)
            told=("${(@f)$($ask peers 2>/dev/null)}")
            for line in $told; do [[ ${line%% *} != *:* ]] || lines+=("${line%% *}"); done ;;
        channels) lines=("${(@f)$($ask dht channels --partial 2>/dev/null)}") ;;
    esac
}

_@F@_words() {
    local -a lines
    case $kind in
        files*) _files ;;
        directories*) _files -/ ;;
        labels) _@F@_ask labels; compadd -Q -a lines ;;
        peers | channels) _@F@_ask $kind; compadd -a lines ;;
        hosts) [[ -z ${args[1]} ]] || { _@F@_ask hosts "${args[1]}"; compadd -a lines } ;;
        nodes) _@F@_ask nodes dht; compadd -a lines ;;
    esac
    [[ $kind != *' '* ]] || compadd -- ${=kind#* }
}

_@F@() {
    local place= option= kind= word i
    local -a args ask list names
    ask=(halp --timeout 2)
    [[ ${words[1]:t} != halp ]] || ask[1]=${~${(Q)words[1]}}
    for ((i = 2; i < CURRENT; i++)); do
        word=${(Q)words[i]}
        if [[ -n $option ]]; then
            case $option in --socket | --cache-dir) ask+=("$option" "$word") ;; esac
            option=
        elif [[ $word == --?*=* ]]; then
            case $word in --socket=* | --cache-dir=*) ask+=("$word") ;; esac
        elif [[ $word == -?* ]]; then
            _@F@_known "$word"
            [[ -z $kind ]] || option=$word
        else
            _@F@_verbs "$place"
            names=("${list[@]%%:*}")
            if (( ${names[(Ie)$word]} && ! ${#args} )); then place=${place:+$place }$word
            elif [[ $word != help || -n $place ]]; then args+=("$word"); fi
        fi
    done
    if [[ -z $option && $PREFIX == --?*=* ]]; then
        option=${PREFIX%%=*}
        compset -P '--*='
    fi
    if [[ -n $option ]]; then
        _@F@_known "$option"
        _@F@_words
    elif [[ $PREFIX == -* ]]; then
        _@F@_options "$place"
        _describe -o option list
    else
        _@F@_verbs "$place"
        (( ${#args} || ! ${#list} )) || _describe verb list
        _@F@_known $((${#args} + 1))
        [[ -n $kind ]] || _@F@_known more
        _@F@_words
    fi
}

_@F@ "$@"
)sh";

// "name:what it is" for _describe.
std::string described(const std::string& name, const std::string& help) {
    std::string out;
    for (const char c : name) out += c == ':' ? "\\:" : std::string(1, c);
    return shell_quoted(help.empty() ? out : out + ":" + help);
}

std::string described_options(const ArgumentsText& of) {
    std::string list;
    for (const ArgumentText& argument : of.arguments)
        for (const std::string& name : argument.names)
            if (!argument.positional) list += "            " + described(name, argument.help) + "\n";
    return list;
}

}  // namespace

std::string zsh_completion(const ArgumentsText& program) {
    std::string verbs, options;
    for (const VerbPlace& place : places_of(program)) {
        const std::string row = "        " + shell_quoted(place.words) + ") list=(\n";
        std::string names;
        for (const ArgumentsText& verb : place.text->verbs)
            names += "            " + described(verb.name, verb.about) + "\n";
        if (!names.empty()) verbs += row + names + "        ) ;;\n";
        if (place.text != &program) options += row + described_options(*place.text) + "        ) ;;\n";
    }
    const std::string tables = "_@F@_verbs() {\n    list=()\n    case $1 in\n" + verbs +
                               "        *) ;;\n    esac\n}\n\n_@F@_options() {\n    list=()\n    case $1 in\n" +
                               options + "        *) ;;\n    esac\n    list+=(\n" + described_options(program) +
                               "    )\n}\n\n# What stands behind an option, or as the word with a number.\n"
                               "_@F@_kind() {\n    case $1 in\n" +
                               kind_table(program) + "        *) ;;\n    esac\n}\n";
    return named(zsh_head, program.name) + named(tables, program.name) + named(zsh_driver, program.name);
}

}  // namespace halp
