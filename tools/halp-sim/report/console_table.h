// Columns of text, each as wide as its widest cell; numbers stand at the right.
#pragma once

#include <string>
#include <vector>

namespace halp::sim {

std::string table(const std::vector<std::vector<std::string>>& rows);
// "3.1416": at most so many digits behind the point, "-" for what is negative (never reached).
std::string number(double value, int digits);
// For a reader: at most three digits behind the point and three that count, no zeros behind: "12", "0.034", "1520".
std::string tidy(double value);
std::string reached(double value, int digits);

}  // namespace halp::sim
