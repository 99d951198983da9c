#include "simulations/swarm/session_trace.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "config/yaml_reader.h"

namespace halp::sim {
namespace {

constexpr double seconds_max = 1e10;        // epoch times, and then some
constexpr std::size_t archive_columns = 9;  // event, component, node, platform, name, type, start, end, reason

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> out;
    // In rows with tabs a column may be empty.
    const bool tabs = line.find('\t') != std::string_view::npos;
    const std::string_view between = tabs ? "\t\r" : ", ;\r";
    for (std::size_t at = 0; at <= line.size();) {
        const std::size_t end = std::min(line.find_first_of(between, at), line.size());
        if (end > at || (tabs && end < line.size() && line[end] == '\t')) out.push_back(line.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

std::optional<double> number_of(std::string_view text) {
    double value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || rest != text.data() + text.size() || !(std::abs(value) <= seconds_max))
        return std::nullopt;
    return value;
}

class TraceReader {
public:
    explicit TraceReader(const std::string& file) : file_(file) {}

    Result<SessionTrace> read(std::string_view content) {
        while (!content.empty()) {
            const std::size_t end = std::min(content.find('\n'), content.size());
            const std::string_view line = content.substr(0, end);
            content.remove_prefix(std::min(end + 1, content.size()));
            ++line_;
            if (auto done = take(words_of(line.substr(0, line.find('#')))); !done) return done.error();
            if (raw_.size() > trace_sessions_max)
                return wrong("more than " + std::to_string(trace_sessions_max) + " sessions");
        }
        if (raw_.empty())
            return wrong("no session; allowed: rows `host start end` in seconds, .avt, or an event_trace");
        return finished();
    }

private:
    enum class Layout : std::uint8_t { unknown, rows, counted, archive };
    struct Raw {
        std::uint32_t host;
        double start, end;
    };

    [[nodiscard]] Error wrong(const std::string& what) const {
        return Error{ErrorCode::invalid, file_ + ":" + std::to_string(line_) + ": " + what};
    }

    Result<void> take(const std::vector<std::string_view>& words) {
        if (words.empty()) return {};
        if (layout_ == Layout::unknown) {
            layout_ = layout_of(words);
            // The names of the columns.
            if (layout_ == Layout::unknown && !number_of(words.back())) return {};
        }
        if (layout_ == Layout::rows && words.size() == 3) return add(words[0], words[1], words[2]);
        if (layout_ == Layout::counted && counts(words)) {
            for (std::size_t i = 2; i < words.size(); i += 2)
                if (auto added = add(words[0], words[i], words[i + 1]); !added) return added;
            return {};
        }
        if (layout_ == Layout::archive && words.size() == archive_columns) return take_event(words);
        return wrong(std::to_string(words.size()) +
                     " columns; allowed: `host start end`, `host count start end ...` or the 9 columns of an "
                     "event_trace, the "
                     "same in all rows");
    }
    static bool counts(const std::vector<std::string_view>& words) {
        const auto count = words.size() >= 2 ? number_of(words[1]) : std::nullopt;
        return count && words.size() % 2 == 0 && *count == static_cast<double>(words.size() - 2) / 2;
    }
    static Layout layout_of(const std::vector<std::string_view>& words) {
        if (words.size() == 3 && number_of(words[1])) return Layout::rows;
        if (counts(words)) return Layout::counted;
        return words.size() == archive_columns && number_of(words[6]) ? Layout::archive : Layout::unknown;
    }
    // 1: the node is available; 0: it is not.
    Result<void> take_event(const std::vector<std::string_view>& words) {
        if (words[5] == "1") return add(words[2], words[6], words[7]);
        if (words[5] == "0") return {};
        return wrong("column 6: event type \"" + std::string{words[5].substr(0, 20)} +
                     "\" is not allowed; allowed: 1, available, and 0, unavailable");
    }
    Result<void> add(std::string_view host, std::string_view start, std::string_view end) {
        const auto from = number_of(start), to = number_of(end);
        if (!from || !to)
            return wrong("\"" + std::string{(from ? end : start).substr(0, 20)} +
                         "\" is not allowed; allowed: seconds");
        if (*to < *from) return wrong("the session ends before it starts");
        const auto known = hosts_.try_emplace(std::string{host}, static_cast<std::uint32_t>(hosts_.size())).first;
        raw_.push_back({known->second, *from, *to});
        return {};
    }

    Result<SessionTrace> finished() {
        std::ranges::sort(raw_, {}, [](const Raw& r) { return std::tuple{r.host, r.start, r.end}; });
        double first = raw_.front().start;
        for (const Raw& r : raw_) first = std::min(first, r.start);
        SessionTrace out;
        out.hosts = hosts_.size();
        const auto at = [&](double seconds) { return Duration{std::llround((seconds - first) * 1e6)}; };
        for (const Raw& r : raw_) {
            const bool overlaps = !out.sessions.empty() && out.sessions.back().host == r.host &&
                                  out.sessions.back().end >= at(r.start);
            if (overlaps)
                out.sessions.back().end = std::max(out.sessions.back().end, at(r.end));
            else
                out.sessions.push_back({r.host, at(r.start), at(r.end)});
        }
        std::ranges::stable_sort(out.sessions, {}, &Session::start);
        if (out.length() > std::chrono::hours{24 * 365})
            return Error{ErrorCode::invalid, file_ + ": the trace is longer than a year; are its times seconds?"};
        return out;
    }

    const std::string& file_;
    std::size_t line_ = 0;
    Layout layout_ = Layout::unknown;
    std::unordered_map<std::string, std::uint32_t> hosts_;  // never iterated
    std::vector<Raw> raw_;
};

}  // namespace

Duration SessionTrace::length() const {
    Duration out{0};
    for (const Session& s : sessions) out = std::max(out, s.end);
    return out;
}

Result<SessionTrace> parse_session_trace(const std::string& file, std::string_view content) {
    return TraceReader{file}.read(content);
}

Result<SessionTrace> read_session_trace(const std::string& path) {
    const auto content = config::read_config_file(path, trace_bytes_max, Pipes::awaited);
    if (!content) return content.error();
    return parse_session_trace(path, *content);
}

std::string print_session_trace(const SessionTrace& trace) {
    std::string out = "host,start_s,end_s\n";
    const auto text = [](Duration at) {
        const std::string micros = std::to_string(at.count() % 1'000'000);
        return std::to_string(at.count() / 1'000'000) + "." + std::string(6 - micros.size(), '0') + micros;
    };
    for (const Session& s : trace.sessions)
        out += "h" + std::to_string(s.host) + "," + text(s.start) + "," + text(s.end) + "\n";
    return out;
}

}  // namespace halp::sim
