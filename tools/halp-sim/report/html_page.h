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
// Plots side by side as far as there is room.
std::string plot_grid(const std::vector<std::string>& svgs);

}  // namespace halp::sim
