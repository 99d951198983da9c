// What holds for the arguments of every program here, beside what CLI11 checks: an empty word where something is
// wanted is a mistake (`halp dht remove users "$ID"` without ID must not be key 0), and NaN is not a number.
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace halp::arguments {

// As app.parse, which throws; but an empty word is refused for every option and positional of `app` and its
// subcommands that takes one, unless its name is in `may_be_empty`. `--name=` is --name with an empty word, whereas
// CLI11 would take the next word.
void parse(CLI::App& app, int argc, const char* const* argv, const std::set<std::string>& may_be_empty = {});

// From `min` to `max`, both included; never NaN or infinite.
[[nodiscard]] CLI::Validator number(double min, double max);
[[nodiscard]] CLI::Validator whole_number(std::uint64_t min, std::uint64_t max);

}  // namespace halp::arguments
