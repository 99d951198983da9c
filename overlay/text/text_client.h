// What a node sends to original HALP servers, and how it reads their answers. Some queries end an original or hang
// it (halp-text.md, "What is sent to originals"); they are refused here and never sent. Answers are bytes of a
// stranger: they are bounded and read line by line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/text/text_codec.h"
#include "store/endpoint.h"
#include "store/label.h"
#include "store/result.h"
#include "store/time.h"

namespace halp {

// An original under Jython reads 1024 bytes of a query and ignores the rest.
inline constexpr std::size_t text_sent_bytes_max = 1000;
// It keeps times in 32 bits.
inline constexpr UnixSeconds text_sent_time_max{2147483647};

// Refused: names longer than a file name, which end an original.
[[nodiscard]] Result<std::string> get_query(const Label& label);

// One or more queries, each for a connection of its own. Times are clamped to what originals can keep. Refused:
// labels that an insert cannot name (anything but a-z and 0-9) or that list names, and hosts that Endpoint::make
// refuses.
[[nodiscard]] Result<std::vector<std::string>> insert_queries(const Label& label,
                                                              const std::vector<TextHostLine>& lines);

// No verb: a HALP text server answers it with its error text and ends, as it answers a gossip frame. Nothing else
// answers so. An original survives it.
inline constexpr std::string_view proof_query = "prove";

// Collects one answer, which ends with the connection. Keeps at most bytes_max of it.
class TextAnswer {
public:
    static constexpr std::size_t bytes_max = std::size_t{64} << 10;

    // False when the answer is longer than what is kept. Then nothing more is taken: close the connection.
    bool on_bytes(std::string_view bytes);
    // The whole answer when the server ended the connection in order. Otherwise without the last line, which may be
    // cut.
    [[nodiscard]] std::string_view text(bool ended_in_order) const;

private:
    std::string text_;
    bool overflowed_ = false;
};

[[nodiscard]] bool is_refusal(std::string_view answer);

// What an answer says about who gave it. `halp`: only a HALP text server answers so. `nothing`: it is empty, as a
// HALP server answers about an unknown label, and as a server ends that knows nothing of HALP. `foreign`: no HALP
// server answers so.
enum class TextProof : std::uint8_t { halp, nothing, foreign };
// `query` is proof_query, or one of get_query and insert_queries.
[[nodiscard]] TextProof proof_of(std::string_view query, std::string_view answer);

// Lines that cannot be read are counted and skipped: originals serve whatever was inserted into them.
struct HostAnswer {
    struct Line {
        Endpoint endpoint;
        Duration age{0};  // by the server's own clock (halp-text.md, "What is sent to originals")
        UnixSeconds stated{0};
    };
    std::vector<Line> lines;
    std::size_t bad_lines = 0;
};
[[nodiscard]] HostAnswer parse_host_answer(std::string_view answer, UnixSeconds wall_now);

struct NameAnswer {
    struct Line {
        std::string name;
        // What to ask an original next: `x/name`, or `x/name/` when the name can only be a parent.
        Label label;
        Duration age{0};
        UnixSeconds stated{0};
    };
    std::vector<Line> lines;
    std::size_t bad_lines = 0;  // and names that form no label, or none that is safe to ask for
};
// Precondition: directory.lists_names().
[[nodiscard]] NameAnswer parse_name_answer(const Label& directory, std::string_view answer, UnixSeconds wall_now);

struct InsertAnswer {
    std::size_t stored = 0;
    std::size_t refused = 0;
    std::size_t unanswered = 0;  // entries about which the answer says nothing that can be read
};
// `query` is one of insert_queries.
[[nodiscard]] InsertAnswer parse_insert_answer(std::string_view query, std::string_view answer);

}  // namespace halp
