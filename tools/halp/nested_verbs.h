// The verbs behind `halp dht` and `halp store`: their options, their help, and the checks of what was typed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/result.h"
#include "tools/halp/command_line.h"

namespace CLI {
class App;
}

namespace halp::cli {

class NestedVerbs {
public:
    // Both outlive the parsing.
    NestedVerbs(CommandLine& command, double& for_s);
    ~NestedVerbs();

    void add_dht(CLI::App& dht);
    void add_store(CLI::App& store);

    // Behind the parsing: moves what was typed to the command.
    [[nodiscard]] Result<void> check();

    // Of `verb` ("dht", "store").
    [[nodiscard]] static std::vector<std::string> names(const std::string& verb);
    [[nodiscard]] static std::string overview(const std::string& verb);
    [[nodiscard]] static std::string examples(const std::string& verb, const std::string& nested);

private:
    struct Typed;
    void add_nodes(CLI::App& sub);
    void add_record(CLI::App& sub);
    void add_forms(CLI::App& sub, const char* of_what);
    void add_value(CLI::App& sub);
    void add_dht_own(DhtVerb verb, CLI::App& sub);
    void add_fake(CLI::App& sub);
    void add_judge(CLI::App& sub);
    [[nodiscard]] Result<void> check_dht();
    [[nodiscard]] Result<void> check_nodes();
    [[nodiscard]] Result<void> check_values();
    [[nodiscard]] Result<void> check_update();
    [[nodiscard]] Result<void> check_store();

    CommandLine& command_;
    double& for_s_;
    std::unique_ptr<Typed> typed_;
};

}  // namespace halp::cli
