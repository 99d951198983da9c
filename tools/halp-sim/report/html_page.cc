#include "tools/halp-sim/report/html_page.h"

#include "tools/halp-sim/report/svg_plot.h"
#include "tools/program/harmless.h"

namespace halp::sim {
namespace {

constexpr const char* style =
    ":root{color-scheme:light dark;--ink:#222;--paper:#fff;--line:#d5d8dc;--mark:#fff0c2}"
    "@media(prefers-color-scheme:dark){:root{--ink:#d9dce1;--paper:#17191d;--line:#3a3f47;--mark:#4d4220}}"
    "body{font:15px/1.45 sans-serif;max-width:1360px;margin:1.5em auto;padding:0 1em;color:var(--ink);"
    "background:var(--paper)}"
    ".plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:1em}"
    "figure{border:1px solid var(--line);border-radius:4px;margin:0;min-width:0}figure>div{overflow-x:auto}"
    "svg{width:100%;min-width:540px;display:block}figcaption,.terms{font-size:13px;margin:.3em .8em .6em}"
    ".terms{margin:0 0 1.2em;max-width:75em}.lead{font-size:17px;max-width:55em}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;margin:1em 0;font-size:13px}"
    "td,th{border:1px solid var(--line);padding:2px 8px;text-align:left}tr.mark td{background:var(--mark)}";

}  // namespace

std::string page_begin(const std::string& title, const std::string& about) {
    return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
           "content=\"width=device-width\"><title>" +
           harmless_markup(title) + " - halp-sim</title><style>" + style + "</style></head><body>\n<h1>" +
           harmless_markup(title) + "</h1>\n" + paragraph(about);
}

std::string page_end() { return "</body></html>\n"; }

std::string html_table(const std::vector<std::vector<std::string>>& rows) {
    std::string out = "<div class=\"wide\"><table>\n";
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const bool marked = !rows[i].empty() && rows[i].front().starts_with('!');
        out += marked ? "<tr class=\"mark\">" : "<tr>";
        for (std::size_t c = 0; c < rows[i].size(); ++c) {
            const std::string text = harmless_markup(rows[i][c].substr(marked && c == 0 ? 1 : 0));
            out += i == 0 ? "<th>" + text + "</th>" : "<td>" + text + "</td>";
        }
        out += "</tr>\n";
    }
    return out + "</table></div>\n";
}

std::string paragraph(const std::string& text) { return "<p>" + harmless_markup(text) + "</p>\n"; }

std::string lead(const std::string& text) { return "<p class=\"lead\">" + harmless_markup(text) + "</p>\n"; }

std::string terms(const std::string& text) {
    return text.empty() ? "" : "<p class=\"terms\">" + harmless_markup(text) + "</p>\n";
}

std::string figure_grid(const std::vector<PageFigure>& figures) {
    std::string out = "<div class=\"plots\">\n";
    for (const PageFigure& one : figures)
        out += "<figure id=\"" + harmless_markup(one.file) + "\"><div>" + one.svg + "</div><figcaption>" +
               harmless_markup(one.caption) + "</figcaption></figure>\n";
    return out + "</div>\n";
}

}  // namespace halp::sim
