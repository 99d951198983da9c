#include "store/cache_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

#include "store/hash.h"
#include "store/name_list.h"

namespace halp {
namespace {

constexpr std::size_t bad_listed_max = 100;
constexpr std::size_t line_length_max = 8192;  // the longest name, a time and a port, with room for leading zeros

bool digit(char c) { return c >= '0' && c <= '9'; }

// A decimal number up to `max`. Leading zeros are ignored, as in the original.
std::optional<std::uint64_t> number(std::string_view digits, std::uint64_t max) {
    std::uint64_t value = 0;
    const auto end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc{} || stop != end || value > max) return std::nullopt;
    return value;
}

Error bad(const char* why) { return {ErrorCode::invalid, why}; }

// `<time> <text> ?<port>?`, split like the original's (\d+) (\S+) ?(\d+)?$ does.
struct Fields {
    UnixSeconds seen{0};
    std::string_view text;
    std::string_view port;  // empty when there is none
};

Result<Fields> split(std::string_view line) {
    if (line.size() > line_length_max) return bad("the line is too long");
    if (line.empty()) return bad("the line is empty");
    if (line.back() == '\r') return bad("the line ends in CR LF, not in LF alone");
    const auto blank = line.find(' ');
    const std::string_view time = line.substr(0, blank);
    if (time.empty() || !std::all_of(time.begin(), time.end(), digit)) return bad("the time is not a number");
    if (blank == std::string_view::npos) return bad("there is nothing after the time");
    const auto seconds = number(time, static_cast<std::uint64_t>(count(unix_seconds_max)));
    if (!seconds) return bad("the time is after the year 9999");

    Fields fields;
    fields.seen = UnixSeconds{static_cast<std::int64_t>(*seconds)};
    const std::string_view rest = line.substr(blank + 1);
    const auto second_blank = rest.find(' ');
    fields.text = rest.substr(0, second_blank);
    if (fields.text.empty()) return bad("there are two blanks after the time, or nothing");
    if (second_blank != std::string_view::npos) fields.port = rest.substr(second_blank + 1);
    if (!std::all_of(fields.port.begin(), fields.port.end(), digit)) return bad("the port is not a number");
    return fields;
}

Result<CacheLine> host_line(const Fields& fields) {
    if (!Endpoint::well_formed_host(fields.text)) {
        const bool long_host = fields.text.size() > Endpoint::host_length_max;
        return bad(long_host ? "the host has more than 255 bytes" : "the host contains a control byte");
    }
    if (fields.port.empty()) return bad("there is no port");
    const auto port = number(fields.port, 65535);
    if (!port || *port == 0) return bad("the port is not between 1 and 65535");
    return CacheLine{fields.seen, {std::string(fields.text), static_cast<std::uint16_t>(*port)}};
}

Result<CacheNameLine> name_line(const Fields& fields) {
    if (NameList::well_formed(fields.text)) return CacheNameLine{fields.seen, std::string(fields.text)};
    const bool long_name = fields.text.size() > NameList::name_length_max;
    return bad(long_name ? "the name has more than 4096 bytes" : "the name contains a control byte");
}

const Endpoint& identity(const CacheLine& line) { return line.endpoint; }
const std::string& identity(const CacheNameLine& line) { return line.name; }

std::uint64_t hash_of(const CacheLine& line) { return line.endpoint.hash(); }
std::uint64_t hash_of(const CacheNameLine& line) { return fnv1a(line.name); }

// Of two lines for one endpoint the one that stays is worth as much as either.
void take_worth(CacheLine& kept, const CacheLine& repeated) { kept.worth = std::max(kept.worth, repeated.worth); }
void take_worth(CacheNameLine&, const CacheNameLine&) {}

// Takes out all lines of an identity but the first one with its largest time; the others keep their order. Hashes
// are compared first, because a long file needs many comparisons, and bytes last, so that crafted collisions gain
// nothing.
template <class Line>
void drop_repeated(std::vector<Line>& lines) {
    struct Hashed {
        std::uint64_t hash;
        std::size_t at;
    };
    std::vector<Hashed> order(lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) order[i] = {hash_of(lines[i]), i};
    std::sort(order.begin(), order.end(), [](const Hashed& a, const Hashed& b) { return a.hash < b.hash; });
    const auto before = [&](const Hashed& a, const Hashed& b) {
        if (const auto who = identity(lines[a.at]) <=> identity(lines[b.at]); who != 0) return who < 0;
        return lines[a.at].seen != lines[b.at].seen ? lines[a.at].seen > lines[b.at].seen : a.at < b.at;
    };
    std::vector<std::size_t> repeated;
    for (auto begin = order.begin(), end = begin; begin != order.end(); begin = end) {
        while (end != order.end() && end->hash == begin->hash) ++end;
        if (end - begin == 1) continue;
        std::sort(begin, end, before);
        for (auto kept = begin, one = begin + 1; one != end; ++one) {
            if (identity(lines[one->at]) == identity(lines[kept->at])) {
                repeated.push_back(one->at);
                take_worth(lines[kept->at], lines[one->at]);
            } else {
                kept = one;
            }
        }
    }
    if (repeated.empty()) return;
    std::sort(repeated.begin(), repeated.end());
    std::vector<Line> kept;
    kept.reserve(lines.size() - repeated.size());
    auto next = repeated.begin();
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (next != repeated.end() && *next == i)
            ++next;
        else
            kept.push_back(std::move(lines[i]));
    }
    lines = std::move(kept);
}

// Keeps one line for each identity: the first one with its largest time. The newest is first; equal times keep
// their order.
template <class Line>
std::vector<Line> settled(std::vector<Line> lines) {
    drop_repeated(lines);
    const auto newer = [](const Line& a, const Line& b) { return a.seen > b.seen; };
    // Mostly it is in order already, and the buffer of a stable sort costs memory.
    if (!std::is_sorted(lines.begin(), lines.end(), newer)) std::stable_sort(lines.begin(), lines.end(), newer);
    return lines;
}

void report(CacheFile& file, std::size_t line, const Error& error) {
    if (file.bad.size() < bad_listed_max) file.bad.push_back({line, error.message});
    ++file.bad_count;
}

void take_line(CacheFile& file, bool directory, std::size_t number_of_line, std::string_view line) {
    const auto fields = split(line);
    if (!fields) return report(file, number_of_line, fields.error());
    if (directory) {
        auto name = name_line(*fields);
        if (!name) return report(file, number_of_line, name.error());
        file.names.push_back(std::move(*name));
    } else {
        auto host = host_line(*fields);
        if (!host) return report(file, number_of_line, host.error());
        file.lines.push_back(std::move(*host));
    }
}

bool in_range(UnixSeconds time) { return time >= UnixSeconds{0} && time <= unix_seconds_max; }

bool readable(const CacheLine& line) {
    return in_range(line.seen) && line.endpoint.port != 0 && Endpoint::well_formed_host(line.endpoint.host);
}
bool readable(const CacheNameLine& line) { return in_range(line.seen) && NameList::well_formed(line.name); }

void append_number(std::string& text, std::int64_t number) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    text.append(digits.data(), end);
}
void append_tail(std::string& text, const CacheLine& line) {
    text.append(line.endpoint.host).push_back(' ');
    append_number(text, line.endpoint.port);
}
void append_tail(std::string& text, const CacheNameLine& line) { text += line.name; }

template <class Line>
std::string format(const std::vector<Line>& lines) {
    std::string text;
    for (const Line& line : lines) {
        if (!readable(line)) continue;
        if (!text.empty()) text += '\n';  // the original writes none at the end
        append_number(text, count(line.seen));
        text += ' ';
        append_tail(text, line);
    }
    return text;
}

template <class Line>
std::vector<Line> merged(std::vector<Line> on_disk, std::vector<Line> ours) {
    on_disk.reserve(on_disk.size() + ours.size());
    std::move(ours.begin(), ours.end(), std::back_inserter(on_disk));
    return settled(std::move(on_disk));
}

// Which of these lines a full file keeps, in their order: of those that are worth most the first ones.
std::vector<CacheLine> worthiest(std::vector<CacheLine> lines, std::size_t lines_max) {
    static constexpr std::size_t most = 2;
    std::array<std::size_t, most + 1> of_worth{};
    const auto worth = [](const CacheLine& line) { return std::min<std::size_t>(line.worth, most); };
    for (const CacheLine& line : lines) ++of_worth[worth(line)];
    std::size_t left = lines_max;
    for (std::size_t rank = of_worth.size(); rank-- > 0; left -= of_worth[rank])
        of_worth[rank] = std::min(of_worth[rank], left);
    std::vector<CacheLine> out;
    out.reserve(lines_max);
    for (CacheLine& line : lines) {
        if (of_worth[worth(line)] == 0) continue;
        --of_worth[worth(line)];
        out.push_back(std::move(line));
    }
    return out;
}

// Strikes the lines of the disk that were forgotten at their time or later.
void strike(std::vector<CacheLine>& on_disk, std::vector<ForgottenHost> forgotten) {
    if (forgotten.empty()) return;
    std::sort(forgotten.begin(), forgotten.end(), [](const ForgottenHost& a, const ForgottenHost& b) {
        return a.endpoint != b.endpoint ? a.endpoint < b.endpoint : a.as_of > b.as_of;
    });
    std::erase_if(on_disk, [&](const CacheLine& line) {
        const auto found = std::lower_bound(
            forgotten.begin(), forgotten.end(), line.endpoint,
            [](const ForgottenHost& f, const Endpoint& endpoint) { return f.endpoint < endpoint; });
        return found != forgotten.end() && found->endpoint == line.endpoint && line.seen <= found->as_of;
    });
}

// What stands in the name of a file, and what it means.
constexpr std::array file_letters{std::pair{'~', '/'}, std::pair{'=', '-'}, std::pair{',', '.'}};
constexpr char underscore_of_last = '+';

std::string::iterator last_part(std::string& file_name) {
    const std::size_t end = file_name.rfind('~');
    return file_name.begin() + static_cast<std::ptrdiff_t>(end == std::string::npos ? 0 : end + 1);
}

}  // namespace

std::string cache_file_name(const Label& label) {
    std::string name = label.text();
    for (const auto& [written, meant] : file_letters) std::replace(name.begin(), name.end(), meant, written);
    std::replace(last_part(name), name.end(), '_', underscore_of_last);
    return name;
}

Result<Label> label_of_cache_file(std::string_view file_name) {
    if (file_name.size() > Label::storable_length_max || file_name.find('/') != std::string_view::npos)
        return bad("A cache file is named after a label, with \"~\" for \"/\", in at most 255 bytes.");
    std::string text(file_name);
    const auto plain = [](char c) { return c == '-' || c == '.'; };
    const auto last = last_part(text);
    if (std::any_of(text.begin(), text.end(), plain) || std::find(last, text.end(), '_') != text.end() ||
        std::find(text.begin(), last, underscore_of_last) != last)
        return bad("A cache file has \"=\" for \"-\", \",\" for \".\", and \"+\" for \"_\" in the last part.");
    std::replace(last, text.end(), underscore_of_last, '_');
    for (const auto& [written, meant] : file_letters) std::replace(text.begin(), text.end(), written, meant);
    return Label::parse(text);
}

CacheFile parse_cache_lines(const Label& label, std::string_view content) {
    CacheFile file;
    constexpr std::size_t usual_line = 24;  // bytes
    if (!label.lists_names()) file.lines.reserve(content.size() / usual_line);
    std::size_t number_of_line = 0;
    while (!content.empty()) {  // this way a final LF makes no line
        const auto end = std::min(content.find('\n'), content.size());
        take_line(file, label.lists_names(), ++number_of_line, content.substr(0, end));
        content.remove_prefix(std::min(end + 1, content.size()));
    }
    return file;
}

CacheFile parse_cache_file(const Label& label, std::string_view content) {
    CacheFile file = parse_cache_lines(label, content);
    file.lines = settled(std::move(file.lines));
    file.names = settled(std::move(file.names));
    return file;
}

std::string format_cache_file(const Label& label, const CacheFile& file) {
    return label.lists_names() ? format(file.names) : format(file.lines);
}

CacheFile merge_cache_files(CacheFile on_disk, CacheFile ours, std::vector<ForgottenHost> forgotten,
                            std::size_t lines_max) {
    CacheFile file;
    strike(on_disk.lines, std::move(forgotten));
    for (CacheLine& line : on_disk.lines) line.worth = 0;  // only `ours` says what lines are worth
    file.lines = merged(std::move(on_disk.lines), std::move(ours.lines));
    const auto too_many = [lines_max](std::size_t size) { return size - std::min(size, lines_max); };
    file.cut_lines = too_many(file.lines.size());
    if (file.cut_lines > 0) file.lines = worthiest(std::move(file.lines), lines_max);
    file.names = merged(std::move(on_disk.names), std::move(ours.names));
    file.cut_names = too_many(file.names.size());
    file.names.resize(file.names.size() - file.cut_names);
    return file;
}

}  // namespace halp
