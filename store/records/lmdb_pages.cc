#include "store/records/lmdb_pages.h"

#include <unistd.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace halp {
namespace {

constexpr std::uint64_t no_page = ~std::uint64_t{0};
constexpr std::uint32_t magic = 0xBEEFC0DE, version = 1;
constexpr std::size_t page_head = 16, node_head = 8, tree_bytes = 48;
constexpr unsigned branch_page = 1, leaf_page = 2, large_value_page = 4;
constexpr unsigned large_value_node = 1, tree_node = 2;

template <class Number>
Number number_at(std::string_view bytes, std::size_t at) {
    Number number{};
    if (at + sizeof number <= bytes.size()) std::memcpy(&number, bytes.data() + at, sizeof number);
    return number;
}

class Walk {
public:
    Walk(int file, std::uint64_t size, std::uint32_t page_bytes)
        : file_(file), size_(size), page_bytes_(page_bytes) {}

    bool complete() {
        const std::optional<std::string> meta = newest_meta();
        if (!meta) return false;
        add_tree(std::string_view{*meta}.substr(40, tree_bytes));
        add_tree(std::string_view{*meta}.substr(40 + tree_bytes, tree_bytes));
        while (!to_visit_.empty()) {
            const std::uint64_t page = to_visit_.back();
            to_visit_.pop_back();
            if (!visit(page)) return false;
        }
        return true;
    }

private:
    std::optional<std::string> read(std::uint64_t page) {
        // A tree cannot have more pages than the file. A damaged tree may contain a cycle.
        if (page >= size_ / page_bytes_ || ++pages_read_ > size_ / page_bytes_ + 2) return std::nullopt;
        std::string bytes(page_bytes_, '\0');
        const ssize_t got = ::pread(file_, bytes.data(), bytes.size(), static_cast<off_t>(page * page_bytes_));
        if (got != static_cast<ssize_t>(bytes.size())) return std::nullopt;
        return bytes;
    }

    std::optional<std::string> newest_meta() {
        std::optional<std::string> newest;
        for (std::uint64_t page = 0; page < 2; ++page) {
            const std::optional<std::string> bytes = read(page);
            if (!bytes || number_at<std::uint32_t>(*bytes, page_head) != magic ||
                number_at<std::uint32_t>(*bytes, page_head + 4) != version)
                continue;
            if (!newest || transaction_of(*bytes) > transaction_of(*newest)) newest = bytes;
        }
        return newest;
    }

    static std::uint64_t transaction_of(std::string_view meta) {
        return number_at<std::uint64_t>(meta, 40 + 2 * tree_bytes + 8);
    }

    void add_tree(std::string_view tree) {
        const auto root = number_at<std::uint64_t>(tree, tree_bytes - 8);
        if (root != no_page) to_visit_.push_back(root);
    }

    bool visit(std::uint64_t page) {
        const std::optional<std::string> bytes = read(page);
        if (!bytes) return false;
        const auto flags = number_at<std::uint16_t>(*bytes, 10);
        if ((flags & (branch_page | leaf_page)) == 0) return false;
        const std::size_t nodes = (number_at<std::uint16_t>(*bytes, 12) - page_head) / 2;
        if (page_head + 2 * nodes > bytes->size()) return false;
        for (std::size_t i = 0; i < nodes; ++i) {
            const std::size_t at = number_at<std::uint16_t>(*bytes, page_head + 2 * i);
            if (at + node_head > bytes->size()) return false;
            const std::string_view node = std::string_view{*bytes}.substr(at);
            if ((flags & branch_page) != 0)
                to_visit_.push_back(child_of(node));
            else if (!add_data(node))
                return false;
        }
        return true;
    }

    static std::uint64_t child_of(std::string_view node) {
        return number_at<std::uint16_t>(node, 0) | std::uint64_t{number_at<std::uint16_t>(node, 2)} << 16 |
               std::uint64_t{number_at<std::uint16_t>(node, 4)} << 32;
    }

    // Adds the data of a leaf's node that lies outside of its page.
    bool add_data(std::string_view node) {
        const auto flags = number_at<std::uint16_t>(node, 4);
        const std::size_t at = node_head + number_at<std::uint16_t>(node, 6);
        if ((flags & tree_node) != 0) {
            if (at + tree_bytes > node.size()) return false;
            add_tree(node.substr(at, tree_bytes));
            return true;
        }
        return (flags & large_value_node) == 0 || has_large_value(number_at<std::uint64_t>(node, at));
    }

    bool has_large_value(std::uint64_t first) {
        const std::optional<std::string> bytes = read(first);
        if (!bytes || (number_at<std::uint16_t>(*bytes, 10) & large_value_page) == 0) return false;
        const std::uint64_t pages = number_at<std::uint32_t>(*bytes, 12);
        return first + pages <= size_ / page_bytes_;
    }

    int file_;
    std::uint64_t size_;
    std::uint32_t page_bytes_;
    std::vector<std::uint64_t> to_visit_;
    std::uint64_t pages_read_ = 0;
};

}  // namespace

bool lmdb_pages_all_there(int file, std::uint64_t size, std::uint32_t page_bytes) {
    return page_bytes >= 256 && Walk{file, size, page_bytes}.complete();
}

}  // namespace halp
