// The frame of every HTML page of halp-sim: one file without external parts, light or dark as the reader's system
// is.
#pragma once

#include <string>
#include <vector>

namespace halp::sim {

std::string page_begin(const std::string& title, const std::string& about);
std::string page_end();
// Header first. A row whose first cell begins with '!' is marked, without the '!'.
std::string html_table(const std::vector<std::vector<std::string>>& rows);
std::string paragraph(const std::string& text);
std::string lead(const std::string& text);   // the sentence that comes first
std::string terms(const std::string& text);  // what the words of a table mean, below it

struct PageFigure {
    std::string file;  // its name as a file, without .svg
    std::string svg, caption;
};
// Figures side by side as far as there is room, each with its caption.
std::string figure_grid(const std::vector<PageFigure>& figures);

}  // namespace halp::sim
