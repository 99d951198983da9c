// The verbs behind `halp store`: their options, their help, and the checks of what was typed.
#pragma once

#include <string>
#include <vector>

#include "store/result.h"
#include "tools/halp/store/store_command.h"
#include "tools/program/arguments.h"

namespace halp::cli {

class StoreArguments {
public:
    // It outlives the parsing.
    explicit StoreArguments(StoreCommand& command) : command_(command) {}

    void add_to(Arguments& store);
    // After the parsing: checks what belongs together and moves it to the command.
    [[nodiscard]] Result<void> check();

    [[nodiscard]] static std::vector<std::string> names();
    [[nodiscard]] static std::string overview();
    [[nodiscard]] static std::string examples(const std::string& verb);

private:
    void add_export(Arguments& to);
    void add_import(Arguments& to);

    StoreCommand& command_;
    std::string format_, import_channel_;  // as typed
};

}  // namespace halp::cli
