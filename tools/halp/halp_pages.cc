#include "tools/halp/halp_pages.h"

#include <array>

#include "tools/halp/command_line.h"
#include "tools/halp/exit_code.h"
#include "tools/halp/verb_help.h"
#include "tools/program/completion.h"
#include "tools/program/manual_page.h"

namespace halp::cli {
namespace {

struct Meaning {
    ExitCode code;
    const char* text;
};

constexpr std::array meanings{
    Meaning{ExitCode::ok, "ok"},
    Meaning{ExitCode::failed, "failed; a sentence on stderr says why"},
    Meaning{ExitCode::usage, "usage: the command line, or a request that the daemon calls malformed"},
    Meaning{ExitCode::nothing_found, "nothing found; data are then empty, and a message says so"},
    Meaning{ExitCode::no_daemon, "no daemon, or for `halp dht` no node that answers"},
    Meaning{ExitCode::timed_out, "time-out"},
    Meaning{ExitCode::refused, "refused by the daemon, a quota, a server, a node or the rights of a file"},
    Meaning{ExitCode::interrupted, "interrupted"},
};

void add_verb(ManualPage& page, const ArgumentsText& verb, const std::string& words_before) {
    const std::string words = words_before + verb.name;
    page.subsection(
        "halp " + synopsis_of(verb, words_before.substr(0, words_before.size() - (words_before.empty() ? 0 : 1))));
    page.paragraph(verb.about + ".");
    page.arguments(verb);
    if (const std::string examples = examples_of(words); !examples.empty()) page.lines(examples);
    for (const ArgumentsText& below : verb.verbs) add_verb(page, below, words + " ");
}

void add_environment(ManualPage& page) {
    page.section("Environment");
    page.item("HALP_DHT_NODES", "nodes for `halp dht`, as HOST:PORT,HOST:PORT");
    page.item("HALP_DHT_CLIENT", "the file with this client's line NAME:KEY, for `halp dht`");
    page.item("NO_COLOR, TERM=dumb", "no colours");
    page.item("HOME, XDG_RUNTIME_DIR, XDG_STATE_HOME, XDG_CONFIG_HOME", "where the files below are");
    page.section("Files");
    page.item(
        "$XDG_RUNTIME_DIR/halp/halpd.sock, $XDG_STATE_HOME/halp/halpd.sock, /run/halp/halpd.sock, "
        "/var/lib/halp/halpd.sock",
        "the daemon's admin socket; the first one at which a daemon answers is used. The system's daemon lets "
        "in root and the group halp.");
    page.item("~/.halp", "the host cache, which is used when there is no daemon");
    page.item("~/.config/halp/dht-client", "who this client is, for `halp dht`");
}

std::string manual(const ArgumentsText& program, const std::string& version) {
    ManualPage page("halp", 1, program.about, version);
    page.section("Synopsis");
    page.paragraph("`halp` [OPTION...] VERB [WORD...]");
    page.section("Description");
    page.paragraph(
        "HALP answers one question for any peer-to-peer program: who is out there right now? It keeps lists of "
        "hosts and ports by label, ordered by how recently each was confirmed to work.");
    page.paragraph(
        "The verbs get, insert, bcast, clear, nuke and labels work through a running halpd(8), or without one on "
        "the "
        "host cache and by HALP text to known servers. Data go to stdout, messages to stderr.");
    page.lines(overview());
    page.section("Options for every verb");
    page.arguments(program);
    page.section("Verbs");
    for (const ArgumentsText& verb : program.verbs) add_verb(page, verb, "");
    page.section("Exit status");
    for (const Meaning& meaning : meanings) page.item(std::to_string(static_cast<int>(meaning.code)), meaning.text);
    add_environment(page);
    page.section("See also");
    page.paragraph("halpd(8), halpd.yaml(5), halp-sim(1)");
    return page.text();
}

}  // namespace

std::vector<Page> halp_pages(const std::string& version) {
    const ArgumentsText program = command_line_text();
    std::vector<Page> pages = completions_of(program);
    pages.push_back({"man1/halp.1", manual(program, version)});
    return pages;
}

}  // namespace halp::cli
