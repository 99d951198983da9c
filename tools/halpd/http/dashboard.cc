#include "tools/halpd/http/dashboard.h"

#include <array>
#include <cstddef>
#include <cstdint>

// The assembler takes the files in. They are read from the program's file when they are asked for, and are copied
// nowhere.
#define HALP_TAKE_IN(name, file)                                                       \
    asm(".section .rodata\n"                                                           \
        ".global halp_dashboard_" name "\n.type halp_dashboard_" name                  \
        ", @object\n.balign 16\n"                                                      \
        "halp_dashboard_" name ":\n.incbin \"" file "\"\n.global halp_dashboard_" name \
        "_end\nhalp_dashboard_" name "_end:\n.byte 0\n.previous\n")

HALP_TAKE_IN("html", HALP_DASHBOARD_FILES "/index.html");
HALP_TAKE_IN("html_gz", HALP_DASHBOARD_GZIPPED "/index.html.gz");
HALP_TAKE_IN("js", HALP_DASHBOARD_FILES "/dashboard.js");
HALP_TAKE_IN("js_gz", HALP_DASHBOARD_GZIPPED "/dashboard.js.gz");
HALP_TAKE_IN("css", HALP_DASHBOARD_FILES "/dashboard.css");
HALP_TAKE_IN("css_gz", HALP_DASHBOARD_GZIPPED "/dashboard.css.gz");
HALP_TAKE_IN("svg", HALP_DASHBOARD_FILES "/icon.svg");
HALP_TAKE_IN("svg_gz", HALP_DASHBOARD_GZIPPED "/icon.svg.gz");

extern "C" {
extern const char halp_dashboard_html[], halp_dashboard_html_end[], halp_dashboard_html_gz[],
    halp_dashboard_html_gz_end[];
extern const char halp_dashboard_js[], halp_dashboard_js_end[], halp_dashboard_js_gz[], halp_dashboard_js_gz_end[];
extern const char halp_dashboard_css[], halp_dashboard_css_end[], halp_dashboard_css_gz[],
    halp_dashboard_css_gz_end[];
extern const char halp_dashboard_svg[], halp_dashboard_svg_end[], halp_dashboard_svg_gz[],
    halp_dashboard_svg_gz_end[];
}

namespace halp {
namespace {

std::string_view bytes_between(const char* begin, const char* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

// FNV-1a of the content: equal programs give equal tags.
std::string DashboardAsset::etag() const {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const char c : gzipped) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return "\"" + std::to_string(hash) + "\"";
}

const DashboardAsset* dashboard_asset(std::string_view path) {
    static const std::array<DashboardAsset, 4> assets{
        {{"/", "text/html; charset=utf-8", bytes_between(halp_dashboard_html, halp_dashboard_html_end),
          bytes_between(halp_dashboard_html_gz, halp_dashboard_html_gz_end)},
         {"/dashboard.js", "text/javascript; charset=utf-8",
          bytes_between(halp_dashboard_js, halp_dashboard_js_end),
          bytes_between(halp_dashboard_js_gz, halp_dashboard_js_gz_end)},
         {"/dashboard.css", "text/css; charset=utf-8", bytes_between(halp_dashboard_css, halp_dashboard_css_end),
          bytes_between(halp_dashboard_css_gz, halp_dashboard_css_gz_end)},
         {"/icon.svg", "image/svg+xml", bytes_between(halp_dashboard_svg, halp_dashboard_svg_end),
          bytes_between(halp_dashboard_svg_gz, halp_dashboard_svg_gz_end)}}};
    for (const DashboardAsset& asset : assets)
        if (asset.path == path) return &asset;
    return nullptr;
}

}  // namespace halp
