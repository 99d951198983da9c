#include "tools/program/completion.h"

namespace halp {
namespace {

constexpr const char* bash_head = R"sh(# Completion of @P@ for bash, written by `@P@ --write-pages`.

)sh";

// bash divides the line at ":" and "=", too; the line is divided at blanks here, and what bash keeps is cut off the
// answers. compgen -W would expand $(...) in what strangers have named, so the words are compared one by one.
constexpr const char* bash_driver = R"sh(
_@F@_known() {
    kind=
    _@F@_kind "$place $1"
    [[ -n $kind || $1 != -* ]] || _@F@_kind "${place%% *} $1"
    [[ -n $kind || $1 != -* ]] || _@F@_kind " $1"
}

# Adds the lines of stdin that begin with the current word.
_@F@_add() {
    local line
    while IFS= read -r line; do
        [[ -n $line && $line == "$cur"* ]] || continue
        line=${line:${#kept}}
        printf -v line %q "$line"
        COMPREPLY+=("$before$line")
    done
}

# Says what the daemon knows, a line each.
_@F@_ask() {
    local first rest
    case $1 in
        labels)
            if [[ $cur == */* ]]; then "${ask[@]}" labels "${cur%/*}/"; else "${ask[@]}" labels; fi |
                while read -r first rest; do [[ $first == LABEL ]] || printf '%s\n' "$first"; done ;;
        hosts | nodes)
            "${ask[@]}" get "$2" | while read -r _ first rest; do
                if [[ $first == *:* ]]; then printf '[%s]:%s\n' "$first" "$rest"; else printf '%s:%s\n' "$first" "$rest"; fi
            done ;;
        peers)
            "${ask[@]}" peers | while read -r first rest; do [[ $first != *:* ]] || printf '%s\n' "$first"; done ;;
        channels) "${ask[@]}" dht channels --partial ;;
    esac 2>/dev/null
}

_@F@_words() {
    local kinds=$kind
    case $kinds in
        files*) compopt -o filenames 2>/dev/null; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur") ;;
        directories*) compopt -o filenames 2>/dev/null; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$cur") ;;
        labels | peers | channels) _@F@_add < <(_@F@_ask "$kinds") ;;
        hosts) [[ -z ${args[0]} ]] || _@F@_add < <(_@F@_ask hosts "${args[0]}") ;;
        nodes) _@F@_add < <(_@F@_ask nodes dht) ;;
    esac
    [[ $kinds != *' '* ]] || _@F@_add < <(printf '%s\n' ${kinds#* })
}

_@F@() {
    local line=${COMP_LINE:0:COMP_POINT} place= option= kind= verbs options kept= before= word cur i
    local -a typed args=() ask=(halp --timeout 2)
    COMPREPLY=()
    read -ra typed <<<"$line"
    [[ $line != *[[:space:]] ]] || typed+=('')
    [[ ${typed[0]##*/} != halp || ${typed[0]} == '~'* ]] || ask[0]=${typed[0]}
    cur=${typed[${#typed[@]} - 1]}
    for ((i = 1; i < ${#typed[@]} - 1; i++)); do
        word=${typed[i]}
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
            if [[ " $verbs " == *" $word "* && ${#args[@]} -eq 0 ]]; then place=${place:+$place }$word
            elif [[ $word != help || -n $place ]]; then args+=("$word"); fi
        fi
    done
    if [[ -z $option && $cur == --?*=* ]]; then
        option=${cur%%=*}
        cur=${cur#*=}
        [[ $COMP_WORDBREAKS == *=* ]] || before=$option=
    fi
    [[ $cur != *:* || $COMP_WORDBREAKS != *:* ]] || kept=${cur%"${cur##*:}"}
    if [[ -n $option ]]; then
        _@F@_known "$option"
        _@F@_words
    elif [[ $cur == -* ]]; then
        _@F@_options "$place"
        _@F@_add < <(printf '%s\n' $options)
    else
        _@F@_verbs "$place"
        ((${#args[@]} > 0)) || _@F@_add < <(printf '%s\n' $verbs)
        _@F@_known $((${#args[@]} + 1))
        [[ -n $kind ]] || _@F@_known more
        _@F@_words
    fi
    [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *[/=] ]] || compopt -o nospace 2>/dev/null
    return 0
}

complete -F _@F@ @P@
)sh";

std::string verb_names_of(const ArgumentsText& of) {
    std::string names;
    for (const ArgumentsText& verb : of.verbs) names += (names.empty() ? "" : " ") + verb.name;
    return names;
}

}  // namespace

std::string bash_completion(const ArgumentsText& program) {
    const std::string common = option_names(program);
    std::string verbs, options;
    for (const VerbPlace& place : places_of(program)) {
        if (!place.text->verbs.empty())
            verbs += "        " + shell_quoted(place.words) +
                     ") verbs=" + shell_quoted(verb_names_of(*place.text)) + " ;;\n";
        if (place.text != &program)
            options += "        " + shell_quoted(place.words) +
                       ") options=" + shell_quoted(option_names(*place.text) + " " + common) + " ;;\n";
    }
    const std::string tables = "_@F@_verbs() {\n    verbs=\n    case $1 in\n" + verbs +
                               "        *) ;;\n    esac\n}\n\n_@F@_options() {\n    case $1 in\n" + options +
                               "        *) options=" + shell_quoted(common) +
                               " ;;\n    esac\n}\n\n# What stands behind an option, or as the word with a number.\n"
                               "_@F@_kind() {\n    case $1 in\n" +
                               kind_table(program) + "        *) ;;\n    esac\n}\n";
    return named(bash_head, program.name) + named(tables, program.name) + named(bash_driver, program.name);
}

}  // namespace halp
