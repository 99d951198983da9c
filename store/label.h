// Names of host lists. A plain label names a list of hosts. `labels` and every name that ends in "/" are
// directories: they name lists of names. Case matters. Every object of this class is well formed. The grammar is
// wider than the original's (overlay/text/halp-text.md, "Label names"): is_original() tells which labels originals
// survive.
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
    // A query of the original has at most 4096 bytes, so it answers no longer name.
    static constexpr std::size_t length_max = 4096;
    // What fits into a file name of the host cache. Longer labels are answered, but hold no hosts.
    static constexpr std::size_t storable_length_max = 255;

    // Parts are separated by "/". A part has letters, digits, "_", "-" and ".", at least one letter or digit, and
    // neither "-" nor "." at its ends. The last part may be empty, which makes a list of names.
    [[nodiscard]] static Result<Label> parse(std::string_view text);

    static const Label& halp();    // HALP nodes themselves
    static const Label& labels();  // names of all top-level labels

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool lists_names() const;  // `labels` or `x/`
    [[nodiscard]] bool storable() const { return text_.size() <= storable_length_max; }
    // In the original's grammar: the last part has letters and digits only, the others "_" as well. Any other label
    // is kept from HALP text.
    [[nodiscard]] bool is_original() const;

    // The directories that list this label, and the names there: x/y/z gives {labels, x}, {x/, y}, {x/y/, z}; x/
    // gives {labels, x}. Directories with longer names are left out: a name of 4096 bytes may have two thousand
    // parents.
    [[nodiscard]] std::vector<std::pair<Label, std::string>> listings(
        std::size_t directory_length_max = length_max) const;

    // Equal on all machines and in all versions: it goes over the wire in digests.
    [[nodiscard]] std::uint64_t hash() const;

    auto operator<=>(const Label&) const = default;

private:
    explicit Label(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

}  // namespace halp
