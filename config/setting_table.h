// Every setting once: key, where it lives, what is allowed, what it is for, and whether a reload applies it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/setting_value.h"
#include "config/settings.h"

namespace halp::config {

enum class Reload : bool { applies, needs_restart };

struct Setting {
    std::string_view key;  // "gossip.period"
    Field (*field)(Settings&);
    Range range;
    Reload reload;
    std::string_view help;  // one line
};

// What `labels.default` and every row of `labels.rows` consist of.
struct AllocationSetting {
    std::string_view name;
    Field (*field)(Allocation&);
    Range range;
    std::string_view help;
};

// In the order of the sample file; settings of one section are neighbours.
std::span<const Setting> setting_table();
std::span<const AllocationSetting> allocation_table();

const Setting* find_setting(std::string_view key);

// "labels.rows.LABEL.ttl" taken apart; nothing when it is no such key.
struct LabelRowKey {
    std::string label;
    const AllocationSetting* setting = nullptr;
};
std::optional<LabelRowKey> find_label_row(std::string_view key);

// "HALP_GOSSIP_PERIOD"
std::string environment_name(std::string_view key);
// The key most likely meant; empty when nothing is near.
std::string nearest_key(std::string_view key);
// The same among names of somebody else's.
std::string nearest_of(const std::vector<std::string>& candidates, std::string_view key);

// Keys whose values differ and that only a restart applies.
std::vector<std::string> needing_restart(Settings before, Settings after);

}  // namespace halp::config
