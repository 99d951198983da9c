#include "overlay/cache/cache_journal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "overlay/cache/swarm_word.h"

namespace halp {

namespace {

constexpr std::string_view prefix = "cache-journal-";
constexpr std::size_t bad_listed_max = 100;

std::string file_name(std::uint64_t number) { return std::string{prefix} + std::to_string(number); }

template <class Number>
std::optional<Number> whole_number(std::string_view digits) {
    Number value{};
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return value;
}

std::optional<std::uint64_t> number_of_file(std::string_view name) {
    if (!name.starts_with(prefix)) return std::nullopt;
    return whole_number<std::uint64_t>(name.substr(prefix.size()));
}

std::string host_words(const Label& label, const Endpoint& endpoint, UnixSeconds time, char sign) {
    return label.text() + ' ' + std::to_string(count(time)) + ' ' + endpoint.host + ' ' +
           std::to_string(endpoint.port) + ' ' + sign + '\n';
}

// Splits at single blanks. Returns the number of words, or 0 when there are more than fit.
std::size_t split(std::string_view line, std::array<std::string_view, 5>& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::size_t blank = line.find(' ');
        words[i] = line.substr(0, blank);
        if (blank == std::string_view::npos) return i + 1;
        line.remove_prefix(blank + 1);
    }
    return 0;
}

// False for a line that is torn or not of this format. `swarm`: of the lines of this file.
bool take_line(std::string_view line, std::string& swarm, std::map<Label, JournalledLabel>& labels) {
    std::array<std::string_view, 5> words;
    const std::size_t found = split(line, words);
    if (found != 2 && found != 5) return false;
    if (found == 2 && words[1] == "s") {
        swarm = swarm_of_word(words[0]).value_or("");
        return true;
    }
    const Result<Label> label = Label::parse(words[0]);
    if (!label || label->lists_names() || !label->storable()) return false;
    if (found == 2) {
        if (words[1] != "x") return false;
        labels.erase(*label);
        return true;
    }
    const auto time = whole_number<std::int64_t>(words[1]);
    const auto port = whole_number<std::uint64_t>(words[3]);
    if (!time || *time < 0 || *time > count(unix_seconds_max) || !port) return false;
    const Result<Endpoint> endpoint = Endpoint::make(words[2], *port);
    if (!endpoint || (words[4] != "+" && words[4] != "-")) return false;
    JournalledLabel& entry = labels[*label];
    const bool in = words[4] == "+";
    std::map<Endpoint, UnixSeconds>& taken = in ? entry.inserted : entry.forgotten;
    (in ? entry.forgotten : entry.inserted).erase(*endpoint);
    const auto place = taken.emplace(*endpoint, UnixSeconds{*time}).first;
    place->second = std::max(place->second, UnixSeconds{*time});
    if (in && !swarm.empty())
        entry.swarms[*endpoint] = swarm;
    else
        entry.swarms.erase(*endpoint);
    return true;
}

void take_lines(std::string_view content, std::size_t& line_number, CacheJournal::Replay& replay) {
    std::string swarm;
    while (!content.empty()) {
        const std::size_t end = std::min(content.find('\n'), content.size());
        ++line_number;
        if (end > 0 && !take_line(content.substr(0, end), swarm, replay.labels)) {
            ++replay.bad.bad_count;
            if (replay.bad.bad.size() < bad_listed_max) replay.bad.bad.push_back({line_number, "the line is torn"});
        }
        content.remove_prefix(std::min(end + 1, content.size()));
    }
}

std::vector<std::uint64_t> numbers_of(const std::vector<std::string>& names) {
    std::vector<std::uint64_t> numbers;
    for (const std::string& name : names)
        if (const auto number = number_of_file(name)) numbers.push_back(*number);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

}  // namespace

CacheJournal::Replay CacheJournal::load() {
    Replay replay;
    const Result<std::vector<std::string>> names = state_.list();
    if (!names) {
        replay.errors.push_back(names.error());
        return replay;
    }
    const std::vector<std::uint64_t> numbers = numbers_of(*names);
    if (!numbers.empty()) number_ = numbers.back() + 1;
    std::size_t line_number = 0;
    for (const std::uint64_t number : numbers) {
        const Result<std::string> content = state_.read(file_name(number));
        if (!content) {
            replay.errors.push_back(content.error());
            continue;
        }
        old_.push_back(file_name(number));
        take_lines(*content, line_number, replay);
    }
    return replay;
}

bool CacheJournal::add(const std::string& line) {
    if (pending_.size() + line.size() > pending_bytes_max) return false;
    pending_ += line;
    return true;
}

bool CacheJournal::inserted(const Label& label, const CacheLine& line) {
    return add(host_words(label, line.endpoint, line.seen, '+'));
}

bool CacheJournal::forgotten(const Label& label, const Endpoint& endpoint, UnixSeconds as_of) {
    return add(host_words(label, endpoint, as_of, '-'));
}

bool CacheJournal::cleared(const Label& label) { return add(label.text() + " x\n"); }

Result<void> CacheJournal::append() {
    if (pending_.empty()) return {};
    // The line feed turns what a failed append has left into a bad line of its own.
    std::string bytes = torn_ ? "\n" : "";
    if (bytes_ == 0 && !swarm_.empty()) bytes += word_of_swarm(swarm_) + " s\n";
    const Result<void> done = state_.append(file_name(number_), bytes += pending_);
    torn_ = !done.has_value();
    if (torn_) return done;
    bytes_ += pending_.size();
    pending_.clear();
    pending_.shrink_to_fit();
    return {};
}

void CacheJournal::rotate() {
    old_.push_back(file_name(number_++));
    bytes_ = 0;
    torn_ = false;
}

Result<void> CacheJournal::remove_old() {
    while (!old_.empty()) {
        const Result<void> done = state_.remove(old_.back());
        if (!done) return done;
        old_.pop_back();
    }
    return {};
}

Result<void> CacheJournal::remove_all() {
    pending_.clear();
    rotate();
    return remove_old();
}

}  // namespace halp
