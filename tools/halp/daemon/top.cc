#include "tools/halp/daemon/top.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "tools/halp/interrupt.h"
#include "tools/halp/output/printed_text.h"
#include "tools/program/durations.h"

namespace halp::cli {
namespace {

constexpr std::size_t labels_max = 200;
constexpr Duration top_pause = std::chrono::seconds{1};
constexpr std::array<std::string_view, 5> peer_columns{"PEER", "ROLE", "STATE", "CONFIRMED", "REACHED"};
constexpr std::array<std::string_view, 3> label_columns{"LABEL", "HOSTS", "NEWEST"};

std::string per_second(std::uint64_t now, std::uint64_t before, double seconds) {
    if (seconds <= 0 || now < before) return "-";
    return human_bytes(static_cast<std::uint64_t>(static_cast<double>(now - before) / seconds)) + "/s";
}

std::vector<std::string> head_lines(const TopSample& now, const std::optional<TopSample>& before) {
    const StatusReport& s = now.status;
    const double seconds = before ? std::chrono::duration<double>{now.at - before->at}.count() : 0;
    const auto number = [](std::uint64_t value) { return std::to_string(value); };
    std::vector<std::string> lines;
    lines.push_back("halpd " + harmless(s.version) + "  swarm " + harmless(s.swarm) + "  up " +
                    human_span(s.uptime_s) + "  at " + (s.self.empty() ? harmless(s.listening) : harmless(s.self)) +
                    (s.health > 1 ? "  health " + std::to_string(s.health) : "") + (s.leaving ? "  leaving" : ""));
    lines.push_back("peers " + number(s.peers_listed) + " listed, " + number(s.peers_proved) + " reached, " +
                    number(s.graves) + " given up   labels " + number(s.labels) + ", " + number(s.entries) +
                    " entries, " + human_bytes(s.table_bytes));
    lines.push_back("in " + per_second(s.bytes_in, before ? before->status.bytes_in : 0, seconds) + "  out " +
                    per_second(s.bytes_out, before ? before->status.bytes_out : 0, seconds) + "  rounds " +
                    number(s.rounds) + " (" + number(s.rounds_failed) + " failed)  HALP text " +
                    number(s.text_queries) + " queries, " + number(s.text_inserts) + " inserts");
    return lines;
}

std::string state_word(const KnownPeer& peer) {
    if (peer.role == "grave") return peer.left ? "has left" : "given up";
    if (peer.failures > 0) return std::to_string(peer.failures) + " failed";
    return peer.proved ? "reached" : "heard of";
}

// The key of a row for one column; ages are sorted as numbers.
struct Row {
    std::vector<std::string> cells;
    std::string word;
    double number = 0;
};

std::vector<Row> peer_rows(const TopSample& now, std::size_t column) {
    std::vector<Row> rows;
    for (const KnownPeer& peer : now.peers) {
        Row row{{harmless(peer.endpoint.text()), harmless(peer.role), state_word(peer), human_age(peer.age_s),
                 peer.proved_age_s ? human_age(*peer.proved_age_s) : "never"},
                "",
                0};
        if (column == 3) row.number = peer.age_s;
        if (column == 4) row.number = peer.proved_age_s.value_or(1e18);
        if (column < 3) row.word = row.cells[column];
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<Row> label_rows(const TopSample& now, std::size_t column, UnixSeconds wall) {
    std::vector<Row> rows;
    for (const TopLabel& label : now.labels) {
        Row row{{harmless(label.name), std::to_string(label.hosts),
                 label.hosts > 0 ? human_age(label.newest, wall) : "-"},
                "",
                0};
        if (column == 0) row.word = row.cells[0];
        if (column == 1) row.number = -static_cast<double>(label.hosts);
        if (column == 2) row.number = -static_cast<double>(count(label.newest));
        rows.push_back(std::move(row));
    }
    return rows;
}

// A row of a terminal holds characters; what came from elsewhere is escaped, so a byte is a column, but for UTF-8.
std::string cut_to(std::string line, std::size_t width) {
    std::size_t columns = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const bool begins = (static_cast<unsigned char>(line[i]) & 0xc0) != 0x80;
        if (begins && columns++ == width) {
            line.resize(i);
            break;
        }
    }
    return line;
}

TopSample take_sample(const AdminApi& daemon, const Clock& clock, bool with_labels, std::optional<Error>& failed) {
    TopSample sample;
    auto status = daemon.status();
    auto peers = daemon.peers();
    if (!status || !peers) {
        failed = !status ? status.error() : peers.error();
        return sample;
    }
    sample.at = clock.now();
    sample.status = *std::move(status);
    sample.peers = std::move(peers->peers);
    if (!with_labels) return sample;
    const auto names = daemon.list(Label::labels());
    if (!names) return sample;
    for (const NameAt& name : names->names) {
        if (sample.labels.size() == labels_max) break;
        const Result<Label> label = Label::parse(name.name);
        if (!label || label->lists_names()) continue;
        const auto reply = daemon.ask(Method::get, "/v1/labels/" + percent_encoded(name.name) + "?count=1");
        if (!reply) continue;  // it went meanwhile
        TopLabel one{name.name, (*reply)["total"].whole_or(0), UnixSeconds{0}};
        for (const Json& entry : (*reply)["entries"].items())
            one.newest = UnixSeconds{static_cast<std::int64_t>(entry["seen_unix_s"].whole_or(0))};
        sample.labels.push_back(std::move(one));
    }
    return sample;
}

// The terminal while it shows the view: another screen, no cursor, keys as they are pressed. All is put back at the
// end, however the view ends.
class Screen {
public:
    Screen(Console& console) : console_(console) {
        known_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
        termios raw = before_;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        raw.c_cc[VMIN] = 0;
        raw.c_cc[VTIME] = 0;
        raw.c_cc[VSUSP] = _POSIX_VDISABLE;  // a stopped view would leave the terminal as it is
        if (known_) known_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
        shown_ = console_.bytes("\x1b[?1049h\x1b[?25l");
    }
    ~Screen() {
        shown_ = console_.bytes("\x1b[?25h\x1b[?1049l") && shown_;
        if (known_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    static void fit(TopView& view) {
        winsize size{};
        if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return;
        view.width = size.ws_col;
        view.height = size.ws_row;
    }
    // False: the terminal is gone.
    [[nodiscard]] bool show(const std::vector<std::string>& lines, bool colour) {
        std::string out = "\x1b[H";
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const bool marked = colour && (i == 0 || i == head_line);
            out += (marked ? "\x1b[1m" : "") + lines[i] + (marked ? "\x1b[0m" : "") + "\x1b[K";
            if (i + 1 < lines.size()) out += "\r\n";
        }
        return console_.bytes(out + "\x1b[J");
    }
    // The keys of at most `span`.
    [[nodiscard]] static std::string keys(Duration span) {
        pollfd in{STDIN_FILENO, POLLIN, 0};
        const auto ms = static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(span).count());
        if (::poll(&in, 1, ms) <= 0) return {};
        std::array<char, 64> bytes{};
        const ssize_t got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
        if (got <= 0) return "q";  // nobody types any more
        return {bytes.data(), static_cast<std::size_t>(got)};
    }

private:
    static constexpr std::size_t head_line = 4;
    Console& console_;
    termios before_{};
    bool known_ = false, shown_ = false;
};

// One key of a terminal: a character, or an escape sequence such as "\x1b[A".
std::string_view next_key(std::string_view& typed) {
    const std::size_t length = typed.starts_with("\x1b[") && typed.size() >= 3 ? 3 : 1;
    const std::string_view key = typed.substr(0, length);
    typed.remove_prefix(length);
    return key;
}

std::size_t rows_of(const TopSample& sample, const TopView& view) {
    return view.list == TopView::List::peers ? sample.peers.size() : sample.labels.size();
}

ExitCode show_once(const WithDaemon& world) {
    std::optional<Error> failed;
    const TopSample sample = take_sample(world.daemon, world.clock, true, failed);
    if (failed) return world.console.fail(*failed);
    if (world.console.style().json) {
        world.console.line(sample.status.json);
        return ExitCode::ok;
    }
    TopView view;
    std::string text;
    for (const auto list : {TopView::List::peers, TopView::List::labels}) {
        view.list = list;
        view.width = 10'000;
        view.height = rows_of(sample, view) + 6;
        std::vector<std::string> lines = top_frame(sample, std::nullopt, world.clock.wall(), view);
        lines.pop_back();  // the keys
        const auto from = lines.begin() + (list == TopView::List::peers ? 0 : 3);
        for (auto line = from; line != lines.end(); ++line) text += *line + "\n";
    }
    world.console.block(text);
    return ExitCode::ok;
}

ExitCode top_ended() { return interrupt::cause() == interrupt::Cause::none ? ExitCode::ok : ExitCode::interrupted; }

}  // namespace

bool TopView::press(std::string_view key, std::size_t rows) {
    const std::size_t columns = list == List::peers ? peer_columns.size() : label_columns.size();
    const std::size_t page = height > 6 ? height - 6 : 1;
    if (key == "q" || key == "Q" || key == "\x1b") return false;
    if (key == "\t") {
        list = list == List::peers ? List::labels : List::peers;
        sorted_by = first = 0;
    }
    if (key == "\x1b[C" || key == "s" || key == ">") sorted_by = (sorted_by + 1) % columns;
    if (key == "\x1b[D" || key == "<") sorted_by = (sorted_by + columns - 1) % columns;
    if (key == "\x1b[B" || key == "j") first += 1;
    if (key == "\x1b[A" || key == "k") first -= std::min<std::size_t>(first, 1);
    if (key == " " || key == "\x1b[6") first += page;
    if (key == "\x1b[5") first -= std::min(first, page);
    first = std::min(first, rows > page ? rows - page : 0);
    return true;
}

std::vector<std::string> top_frame(const TopSample& now, const std::optional<TopSample>& before, UnixSeconds wall,
                                   const TopView& view) {
    const bool peers = view.list == TopView::List::peers;
    std::vector<Row> rows = peers ? peer_rows(now, view.sorted_by) : label_rows(now, view.sorted_by, wall);
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
        return a.number != b.number ? a.number < b.number : a.word < b.word;
    });
    std::vector<std::vector<std::string>> cells(1);
    const auto add_head = [&](const auto& columns) {
        for (std::size_t i = 0; i < columns.size(); ++i)
            cells[0].push_back(std::string{columns[i]} + (i == view.sorted_by ? "*" : ""));
    };
    peers ? add_head(peer_columns) : add_head(label_columns);
    const std::size_t room = view.height > 6 ? view.height - 6 : 1;
    for (std::size_t i = view.first; i < rows.size() && i < view.first + room; ++i) cells.push_back(rows[i].cells);
    std::vector<std::string> lines = head_lines(now, before);
    lines.emplace_back();
    std::string shown = table(cells);
    while (!shown.empty()) {
        const std::size_t end = shown.find('\n');
        lines.push_back(shown.substr(0, end));
        shown.erase(0, end == std::string::npos ? end : end + 1);
    }
    lines.push_back(std::to_string(rows.size()) + (peers ? " peers" : " labels") + "   q quit  Tab " +
                    (peers ? "labels" : "peers") + "  left/right sort  up/down scroll");
    if (lines.size() > view.height) lines.resize(view.height);
    for (std::string& line : lines) line = cut_to(std::move(line), view.width);
    return lines;
}

ExitCode run_top(const WithDaemon& world) {
    interrupt::prepare();
    const bool live = world.console.style().terminal && ::isatty(STDIN_FILENO) == 1 && !world.command.once &&
                      !world.console.style().json;
    if (!live) return show_once(world);
    std::optional<Error> failed;
    {
        Screen screen{world.console};
        TopView view;
        std::optional<TopSample> before;
        TopSample now = take_sample(world.daemon, world.clock, false, failed);
        while (!failed && interrupt::cause() == interrupt::Cause::none) {
            Screen::fit(view);
            if (!screen.show(top_frame(now, before, world.clock.wall(), view), world.console.style().colour)) break;
            const std::string typed = Screen::keys(top_pause);
            bool stays = true;
            for (std::string_view left = typed; !left.empty() && stays;)
                stays = view.press(next_key(left), rows_of(now, view));
            if (!stays) return ExitCode::ok;
            const bool labels = view.list == TopView::List::labels;
            if (!typed.empty() && (!labels || !now.labels.empty()) && world.clock.now() - now.at < top_pause)
                continue;
            TopSample next = take_sample(world.daemon, world.clock, labels, failed);
            before = std::exchange(now, std::move(next));
        }
    }
    return failed ? world.console.fail(*failed) : top_ended();
}

}  // namespace halp::cli
