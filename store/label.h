// Names of host lists, with the original's grammar (overlay/text/halp-text.md, "Label names"). A plain label names
// a list of hosts; `labels` and every name that ends in "/" name lists of names: the directory of
// what exists. Case matters. A Label that exists is well formed.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/result.h"

namespace halp {

class Label {
public:
    // One query of the original carries at most 4096 bytes, so no name it answers is longer.
    static constexpr std::size_t length_max = 4096;
    // What the host cache can hold: one file name. Longer labels are answered but hold no hosts.
    static constexpr std::size_t storable_length_max = 255;

    // Parts are split at "/"; all but the last are letters, digits and "_" with at least one letter
    // or digit; the last is letters and digits only, or empty (a list of names).
    [[nodiscard]] static Result<Label> parse(std::string_view text);

    static const Label& halp();    // HALP nodes themselves
    static const Label& labels();  // names of all top-level labels

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool lists_names() const;  // `labels` or `x/`
    [[nodiscard]] bool storable() const { return text_.size() <= storable_length_max; }

    // Where this label is listed: x/y/z gives {labels, x}, {x/, y}, {x/y/, z}; x/ gives {labels, x}.
    // Directories with longer names are left out: a name of 4096 bytes may have two thousand parents.
    [[nodiscard]] std::vector<std::pair<Label, std::string>> listings(
        std::size_t directory_length_max = length_max) const;

    // Stable across machines and versions: goes over the wire in digests.
    [[nodiscard]] std::uint64_t hash() const;

    auto operator<=>(const Label&) const = default;

private:
    explicit Label(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

}  // namespace halp
