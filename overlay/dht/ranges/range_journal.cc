#include "overlay/dht/ranges/range_journal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace halp {
namespace {

constexpr std::string_view first_line = "halp dht range 1";
constexpr std::size_t lines_max = legacy::takeovers_max + 1024;
constexpr std::array<std::string_view, 4> reasons{"asked", "shared", "leaving", "overlap"};

std::string hex(std::uint64_t number) { return key_text(Key{number}); }
std::string text_of(const HashRange& range) { return hex(range.min()) + " " + hex(range.max()); }
std::string text_of(const legacy::Takeover& to) {
    return to.address + " " + std::to_string(to.port) + " " + hex(to.min) + " " + hex(to.max);
}

// Takes words from the front of a line. After a failure every word is empty.
class Words {
public:
    explicit Words(std::string_view line) : left_(line) {}
    [[nodiscard]] bool failed() const { return failed_ || !left_.empty(); }

    std::string_view word() {
        const std::string_view word = left_.substr(0, left_.find(' '));
        left_.remove_prefix(word.size() == left_.size() ? word.size() : word.size() + 1);
        failed_ = failed_ || word.empty();
        return word;
    }
    std::uint64_t number() {
        const Result<Key> key = parse_key(word());
        failed_ = failed_ || !key;
        return key ? value_of(*key) : 0;
    }
    HashRange range() {
        const std::uint64_t min = number(), max = number();
        const Result<HashRange> range = HashRange::make(min, max);
        failed_ = failed_ || !range;
        return range.value_or(HashRange{});
    }
    RangeTask::Why reason() {
        const auto* found = std::ranges::find(reasons, word());
        failed_ = failed_ || found == reasons.end();
        return found == reasons.end() ? RangeTask::Why::asked
                                      : static_cast<RangeTask::Why>(found - reasons.begin());
    }
    legacy::Takeover taker() {
        legacy::Takeover to;
        to.address = std::string(word());
        const std::string_view port = word();
        const auto read = std::from_chars(port.data(), port.data() + port.size(), to.port);
        failed_ = failed_ || read.ec != std::errc{} || read.ptr != port.data() + port.size();
        to.min = number();
        to.max = number();
        failed_ = failed_ || !HashRange::valid(to.min, to.max);
        return to;
    }

private:
    std::string_view left_;
    bool failed_ = false;
};

bool read_line(std::string_view line, RangeState& state) {
    Words words(line);
    const std::string_view what = words.word();
    if (what == "configured")
        state.configured = words.range();
    else if (what == "own")
        state.own = words.range();
    else if (what == "held")
        state.held = words.range();
    else if (what == "wanted")
        state.task = RangeTask{words.range(), words.range(), {}, RangeTask::Why::asked};
    else if (what == "reason" && state.task)
        state.task->why = words.reason();
    else if (what == "taker" && state.task)
        state.task->takers.push_back(words.taker());
    else if (what == "passing" || what == "passing-plain" || what == "passing-fill")
        state.passing =
            RangePassing{words.number(), what != "passing", words.range(), words.taker(), what == "passing-fill"};
    else if (what == "handed")
        state.handed.push_back(words.range());
    else if (what == "given")
        state.given.push_back(words.taker());
    else if (what == "adopted")
        state.adopted.push_back(words.number());
    else
        return false;
    return !words.failed();
}

}  // namespace

std::string format_range_state(const RangeState& state) {
    std::string out = std::string(first_line) + "\nconfigured " + text_of(state.configured) + "\nown " +
                      text_of(state.own) + "\nheld " + text_of(state.held) + "\n";
    if (state.task) {
        out += "wanted " + text_of(state.task->was) + " " + text_of(state.task->wanted) + "\n";
        if (state.task->why != RangeTask::Why::asked)
            out += "reason " + std::string(reasons[static_cast<std::size_t>(state.task->why)]) + "\n";
        for (const legacy::Takeover& one : state.task->takers) out += "taker " + text_of(one) + "\n";
    }
    if (state.passing)
        out += std::string(state.passing->fill    ? "passing-fill "
                           : state.passing->plain ? "passing-plain "
                                                  : "passing ") +
               hex(state.passing->token) + " " + text_of(state.passing->part) + " " + text_of(state.passing->to) +
               "\n";
    for (const HashRange& part : state.handed) out += "handed " + text_of(part) + "\n";
    for (const legacy::Takeover& one : state.given) out += "given " + text_of(one) + "\n";
    for (const std::uint64_t token : state.adopted) out += "adopted " + hex(token) + "\n";
    return out + "end\n";
}

Result<RangeState> parse_range_state(std::string_view text) {
    const Error damaged{ErrorCode::invalid,
                        std::string(RangeJournal::file_name) +
                            " says which keys this node keeps and is damaged; write the range that the node had "
                            "into dht.range_min and dht.range_max, and remove the file"};
    RangeState state;
    std::size_t lines = 0;
    while (!text.empty()) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos || ++lines > lines_max) return damaged;
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (lines == 1 && line != first_line) return damaged;
        if (line == "end") return text.empty() && lines > 3 ? Result<RangeState>(std::move(state)) : damaged;
        if (lines > 1 && !read_line(line, state)) return damaged;
    }
    return damaged;
}

Result<RangeJournal> RangeJournal::open(Storage* storage, const HashRange& configured) {
    RangeJournal journal(configured);
    journal.storage_ = storage;
    if (!storage) return journal;
    const Result<std::string> text = storage->read(std::string(file_name));
    if (!text && text.error().code == ErrorCode::not_found) return journal;
    if (!text) return text.error();
    Result<RangeState> state = parse_range_state(*text);
    if (!state) return state.error();
    journal.settings_changed_ = state->configured != configured;
    if (!journal.settings_changed_) {
        journal.state_ = std::move(*state);
        return journal;
    }
    journal.state_.adopted = std::move(state->adopted);
    if (const Result<void> saved = journal.save(journal.state_); !saved) return saved.error();
    return journal;
}

Result<RangeJournal> RangeJournal::open_automatic(Storage* storage, const HashRange& kept) {
    RangeJournal journal(kept);
    journal.storage_ = storage;
    journal.state_.configured = HashRange{};
    if (!storage) return journal;
    const Result<std::string> text = storage->read(std::string(file_name));
    if (!text && text.error().code != ErrorCode::not_found) return text.error();
    RangeState next = journal.state_;
    if (text) {
        Result<RangeState> state = parse_range_state(*text);
        if (!state) return state.error();
        next = std::move(*state);
        next.configured = HashRange{};
    }
    if (const Result<void> saved = journal.save(std::move(next)); !saved) return saved.error();
    return journal;
}

Result<void> RangeJournal::save(RangeState next) {
    if (next.adopted.size() > RangeState::adopted_max)
        next.adopted.erase(next.adopted.begin(), next.adopted.end() - RangeState::adopted_max);
    if (next.given.size() > RangeState::given_max)
        next.given.erase(next.given.begin(), next.given.end() - RangeState::given_max);
    if (storage_)
        if (Result<void> kept = storage_->replace(std::string(file_name), format_range_state(next)); !kept)
            return kept;
    state_ = std::move(next);
    return {};
}

Result<void> RangeJournal::configure(const HashRange& range) {
    RangeState next;
    next.configured = next.own = next.held = range;
    next.adopted = state_.adopted;
    return save(std::move(next));
}

}  // namespace halp
