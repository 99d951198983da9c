// The typed table of halpd's settings: key, where the value lives, what is allowed, whether a reload applies it,
// and what it is for. Reading, printing, the sample file and the reload go by this table.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "config/typed_table.h"

namespace halp::config {

enum class Reload : bool { applies, needs_restart };

struct Setting {
    std::string_view key;  // "gossip.period"
    Value (*value)(Settings&);
    Bounds bounds;
    Reload reload;
    std::string_view help;  // one line
};

// The settings in `labels.default` and in every row of `labels.rows`.
struct AllocationSetting {
    std::string_view key;  // "ttl"
    Value (*value)(Allocation&);
    Bounds bounds;
    std::string_view help;
};

// In the order of the sample file: settings of one section stand together.
std::span<const Setting> setting_table();
std::span<const AllocationSetting> allocation_table();

const Setting* find_setting(std::string_view key);

// The parts of "labels.rows.LABEL.ttl"; nothing when the key has another form.
struct LabelRowKey {
    std::string label;
    const AllocationSetting* setting = nullptr;
};
std::optional<LabelRowKey> find_label_row(std::string_view key);

// "HALP_GOSSIP_PERIOD"
std::string environment_name(std::string_view key);
// The key that was most likely meant; empty when none is near.
std::string nearest_key(std::string_view key);

// Keys of settings that differ and that only a restart applies.
std::vector<std::string> needing_restart(Settings before, Settings after);

}  // namespace halp::config
