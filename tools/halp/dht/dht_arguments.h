// The verbs behind `halp dht`: their options, their help, and the checks of what was typed.
#pragma once

#include <string>
#include <vector>

#include "store/result.h"
#include "tools/halp/dht/dht_command.h"
#include "tools/program/arguments.h"

namespace halp::cli {

class DhtArguments {
public:
    // Both outlive the parsing.
    DhtArguments(DhtCommand& command, double& for_s) : command_(command), for_s_(for_s) {}

    void add_to(Arguments& dht);
    // After the parsing: checks what belongs together and moves it to the command.
    [[nodiscard]] Result<void> check();

    [[nodiscard]] static std::vector<std::string> names();
    [[nodiscard]] static std::string overview();
    [[nodiscard]] static std::string examples(const std::string& verb);

private:
    void add_options(DhtVerb verb, Arguments& to);
    void add_nodes(Arguments& to);
    void add_channel(Arguments& to);
    void add_record(Arguments& to);
    void add_forms(Arguments& to, const std::string& what);
    void add_value(Arguments& to);
    void add_update(Arguments& to);
    void add_listing(Arguments& to);
    void add_mirror(Arguments& to);
    void add_listen(Arguments& to);
    void add_end(Arguments& to);
    void add_partial(Arguments& to);
    void add_redistribute(Arguments& to);
    [[nodiscard]] Result<void> check_redistribute();
    void add_fake(Arguments& to);
    void add_conformance(Arguments& to);
    void add_started_node(Arguments& to);
    void add_operating(DhtVerb verb, Arguments& to);  // operator_arguments.cc
    [[nodiscard]] Result<void> check_conformance() const;
    [[nodiscard]] Result<void> check_nodes();
    [[nodiscard]] Result<void> check_values();
    [[nodiscard]] Result<void> check_update() const;

    DhtCommand& command_;
    double& for_s_;
    // As typed.
    std::vector<std::string> nodes_, halp_hosts_, leave_;
    std::string label_, key_;
    bool hex_ = false, escape_ = false, base64_ = false, raw_ = false, no_refresh_ = false;
};

}  // namespace halp::cli
