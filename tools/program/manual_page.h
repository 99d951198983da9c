// A manual page in the macros of man(7), built from top to bottom. Text is plain: what roff would take for itself
// is escaped, and `words between backquotes` are bold. Equal calls write equal bytes.
#pragma once

#include <string>
#include <string_view>

#include "tools/program/arguments_text.h"

namespace halp {

class ManualPage {
public:
    // `about` is the line that apropos(1) finds. `version` and the date of the release stand at the foot.
    ManualPage(const std::string& name, int section, const std::string& about, const std::string& version);

    void section(const std::string& title);
    void subsection(const std::string& title);
    void paragraph(const std::string& text);
    // A term, as it is typed, and what it means; lines stay lines.
    void item(const std::string& term, const std::string& text);
    // Lines as they are, such as examples.
    void lines(const std::string& text);
    // The positional words and options, each an item.
    void arguments(const ArgumentsText& of);

    [[nodiscard]] const std::string& text() const { return text_; }

private:
    void divide();

    std::string text_;
};

// "halp get [OPTION...] LABEL"
[[nodiscard]] std::string synopsis_of(const ArgumentsText& verb, const std::string& words_before);
// "-n, --number UINT"
[[nodiscard]] std::string term_of(const ArgumentText& argument);
// As text of a page: nothing in it is an instruction for roff. With `breaks` every line stays one.
[[nodiscard]] std::string roff_text(std::string_view text, bool breaks);

}  // namespace halp
