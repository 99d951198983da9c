#include "simulations/faults/fault_plan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>

#include "simulations/world/sim_random.h"

namespace halp::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct KindRow {
    std::string_view name;
    int weight;  // frequency among the drawn faults; 0: drawn by other rules
    bool two_nodes, whole_swarm;
};

constexpr std::array<KindRow, step_kinds> kinds{{
    {"loss", 2, false, true},
    {"jitter", 2, false, true},
    {"duplicates", 2, false, true},
    {"delay", 3, false, false},
    {"cut", 3, true, false},
    {"one_way", 4, true, false},
    {"partition", 2, false, true},
    {"kill", 5, false, false},
    {"power", 4, false, false},
    {"death", 0, false, false},
    {"stall", 4, false, false},
    {"suspend", 3, false, false},
    {"starve", 2, false, false},
    {"clock_step", 3, false, false},
    {"clock_wrong", 2, false, false},
    {"drift", 2, false, false},
    {"kill_write", 2, false, false},
    {"leave", 3, false, false},
    {"alone", 2, false, false},
    {"other_swarm", 2, false, false},
    {"port_taken", 2, false, false},
    {"move", 3, false, false},
    {"inherit", 2, true, false},
    {"clone", 1, true, false},
    {"same_address", 1, true, false},
    {"disk_full", 2, false, false},
    {"disk_read_only", 1, false, false},
    {"disk_busy", 2, false, false},
    {"disk_broken", 1, false, false},
    {"announce", 0, false, false},
    {"withdraw", 0, false, false},
    {"insert", 0, false, false},
    {"insert_node", 0, false, false},
    {"flood", 0, false, false},
    {"query", 0, false, false},
    {"made_up_nodes", 0, false, false},
    {"made_up_graves", 0, false, false},
    {"false_versions", 0, false, false},
    {"false_withdrawals", 0, false, false},
    {"false_leave", 0, false, false},
    {"false_witness", 0, false, false},
    {"insert_flood", 0, false, false},
}};

const KindRow& row(StepKind kind) { return kinds[static_cast<std::size_t>(kind)]; }

class Drawer {
public:
    explicit Drawer(const PlanSize& size)
        : kinds_(size.kinds),
          hostile_(size.hostile),
          random_(mix_words(size.seed, 0x706c616e), size.nodes),
          hostile_random_(mix_words(size.seed, 0x686f7374), size.nodes) {
        plan_.seed = size.seed;
        plan_.nodes = size.nodes;
        plan_.faults_for = size.faults_for;
        plan_.period = random_.chance(0.5) ? Duration{milliseconds{200}} : Duration{seconds{1}};
    }

    FaultPlan draw() {
        draw_items();
        draw_strangers();
        draw_faults();
        draw_deaths();
        if (hostile_) draw_hostile();
        std::ranges::stable_sort(plan_.steps, {}, &Step::at);
        return std::move(plan_);
    }

private:
    [[nodiscard]] std::size_t per_minute(double rate) const {
        const double minutes = static_cast<double>(plan_.faults_for.count()) / 60e6;
        return static_cast<std::size_t>(rate * minutes) + 1;
    }
    [[nodiscard]] bool wanted(StepKind kind) const {
        return kinds_.empty() || std::ranges::find(kinds_, kind) != kinds_.end();
    }
    std::uint32_t node() { return static_cast<std::uint32_t>(random_.below(plan_.nodes)); }
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(high - low) + 1));
    }
    // A whole number of milliseconds, the unit of a written plan.
    Duration time_between(Duration low, Duration high) {
        return milliseconds{between(low / milliseconds{1}, high / milliseconds{1})};
    }
    Duration some_time() { return time_between(Duration{0}, plan_.faults_for); }

    // Every item is announced once. Some are withdrawn, and some of these announced again. Some end while their
    // process is dead.
    void draw_items() {
        const std::size_t items = std::clamp<std::size_t>(plan_.nodes / 4, 1, 64);
        for (std::size_t i = 0; i < items; ++i) {
            const std::uint32_t where = node();
            const auto add = [&](Duration at, Duration span, StepKind kind) {
                plan_.steps.push_back(
                    {at, span, kind, where, 0, kind == StepKind::kill ? 0 : static_cast<std::int64_t>(i)});
            };
            const Duration announced = time_between(Duration{0}, plan_.faults_for / 2);
            add(announced, {}, StepKind::announce);
            if (random_.chance(0.4)) continue;
            const Duration ended = time_between(announced, plan_.faults_for);
            if (random_.chance(0.4)) {
                const Duration away = std::min<Duration>(seconds{4}, plan_.faults_for - ended);
                add(ended, away, StepKind::kill);
                add(ended + milliseconds{away / milliseconds{2}}, {},
                    StepKind::withdraw);  // while the process is dead, so no node is notified
                continue;
            }
            add(ended, {}, StepKind::withdraw);
            if (random_.chance(0.5)) add(time_between(ended, plan_.faults_for), {}, StepKind::announce);
        }
    }

    void draw_strangers() {
        const std::size_t words = per_minute(6);
        for (std::size_t i = 0; i < words; ++i) {
            const std::uint64_t which = random_.below(10);
            const StepKind kind = which < 5   ? StepKind::insert
                                  : which < 6 ? StepKind::insert_node
                                  : which < 7 ? StepKind::flood
                                              : StepKind::query;
            const std::int64_t amount = kind == StepKind::flood ? between(20, 80) : static_cast<std::int64_t>(i);
            plan_.steps.push_back({some_time(), {}, kind, node(), 0, amount});
        }
    }

    // The number of faults grows with the time and with the number of nodes. Each run leaves some kinds out.
    void draw_faults() {
        std::vector<StepKind> drawn;
        for (std::size_t k = 0; k < step_kinds; ++k) {
            if (kinds[k].weight == 0 || random_.chance(0.3) || !wanted(StepKind{static_cast<std::uint8_t>(k)}))
                continue;
            for (int w = 0; w < kinds[k].weight; ++w) drawn.push_back(StepKind{static_cast<std::uint8_t>(k)});
        }
        if (drawn.empty()) return;
        const double crowd = static_cast<double>(std::min<std::size_t>(plan_.nodes, 200)) / 32;
        const std::size_t faults = per_minute(1 + 3 * random_.chance(0.5) + 2 * crowd);
        for (std::size_t i = 0; i < faults; ++i) {
            Step step{some_time(), {}, drawn[random_.below(drawn.size())], node(), 0, 0};
            if (row(step.kind).two_nodes) {
                step.b = node();
                if (step.a == step.b) continue;
            }
            if (row(step.kind).whole_swarm) step.a = 0;
            if (!seeds_allow(step)) continue;
            if (is_clock_fault(step.kind) && random_.chance(0.4)) step.at = Duration{0};
            step.span = std::min<Duration>(span_of(step.kind), plan_.faults_for - step.at);
            step.amount = amount_of(step.kind);
            plan_.steps.push_back(step);
        }
    }
    // The first three nodes are the seeds of all. The first is known by name; nobody tells the others when one of
    // the other two is somewhere else.
    [[nodiscard]] static bool seeds_allow(const Step& step) {
        switch (step.kind) {
            case StepKind::move:
                return step.a == 0 || step.a > 2;
            case StepKind::inherit:
                return (step.a == 0 || step.a > 2) && step.b > 2;
            case StepKind::other_swarm:
                return step.a > 2;
            case StepKind::clone:
            case StepKind::same_address:
                return step.b > 2;
            default:
                return true;
        }
    }
    Duration span_of(StepKind kind) {
        switch (kind) {
            case StepKind::stall:  // a tenth of them for longer than any time-out and every ttl
                return random_.chance(0.1) ? time_between(seconds{40}, seconds{150})
                                           : time_between(milliseconds{200}, seconds{25});
            case StepKind::suspend:
                return time_between(seconds{2}, random_.chance(0.5) ? seconds{25} : seconds{200});
            case StepKind::clock_wrong:
            case StepKind::move:
                return {};
            case StepKind::leave:  // a leave takes up to 3 s
                return time_between(seconds{5}, random_.chance(0.5) ? seconds{20} : seconds{150});
            case StepKind::kill_write:
            case StepKind::alone:
            case StepKind::other_swarm:
            case StepKind::port_taken:
            case StepKind::clone:
            case StepKind::same_address:
                return time_between(milliseconds{100}, random_.chance(0.5) ? seconds{20} : seconds{180});
            default:
                break;
        }
        const Duration longest = random_.chance(0.2) ? Duration{seconds{120}} : Duration{seconds{20}};
        return time_between(milliseconds{100}, longest);
    }
    std::int64_t amount_of(StepKind kind) {
        switch (kind) {
            case StepKind::loss:
                return between(10, 250);
            case StepKind::jitter:
                return between(1'000, 300'000);
            case StepKind::duplicates:
                return between(50, 1000);
            case StepKind::delay:
                return between(1'000, 400'000);
            case StepKind::partition:
                return between(1, 1'000'000'000);
            case StepKind::clock_step:
            case StepKind::clock_wrong:  // a day, or ten years
                return random_.chance(0.5) ? between(-100'000, 100'000) : between(-300'000'000, 300'000'000);
            case StepKind::starve:
                return between(20, 300);
            case StepKind::kill_write:
                return between(1, 12);
            case StepKind::port_taken:
                return between(0, 3);
            case StepKind::move:
            case StepKind::inherit:
                return ++addresses_;
            case StepKind::drift:
                return between(-200'000, 200'000);
            case StepKind::disk_full:
                return between(0, 40);
            default:
                return 0;
        }
    }

    // Up to a tenth of the nodes never come back. The first three are the seeds of all others, so they stay.
    void draw_deaths() {
        if (plan_.nodes < 6 || random_.chance(0.4) || !wanted(StepKind::death)) return;
        const std::uint64_t dead = random_.below(plan_.nodes / 10 + 1);
        for (std::uint64_t i = 0; i < dead; ++i) {
            const auto which = static_cast<std::uint32_t>(3 + random_.below(plan_.nodes - 3));
            const Duration at = some_time();
            plan_.steps.push_back({at, {}, StepKind::death, which, 0, 0});
            // For some of them a server that is no node has the port for ever.
            if (random_.chance(0.4))
                plan_.steps.push_back(
                    {time_between(at, plan_.faults_for), {}, StepKind::port_taken, which, 0, between(0, 3)});
        }
    }

    // Drawn from a stream of its own: the other steps are the same without it. At least one kind, up to three
    // times.
    void draw_hostile() {
        const auto first = static_cast<std::size_t>(StepKind::made_up_nodes);
        const std::size_t always = first + hostile_random_.below(step_kinds - first);
        for (std::size_t k = first; k < step_kinds; ++k) {
            const StepKind kind{static_cast<std::uint8_t>(k)};
            if ((!hostile_random_.chance(0.4) && k != always) || !wanted(kind)) continue;
            const std::uint64_t times = 1 + hostile_random_.below(3);
            for (std::uint64_t i = 0; i < times; ++i) plan_.steps.push_back(hostile_step(kind));
        }
    }
    Step hostile_step(StepKind kind) {
        constexpr std::uint64_t span_min_ms = 5'000, span_more_ms = 85'000;
        const auto ms = static_cast<std::uint64_t>(plan_.faults_for / milliseconds{1});
        const milliseconds at{hostile_random_.below(ms + 1)};
        const milliseconds span{span_min_ms + hostile_random_.below(span_more_ms)};
        const auto node = static_cast<std::uint32_t>(hostile_random_.below(plan_.nodes));
        std::int64_t amount = 0;
        if (kind == StepKind::made_up_nodes || kind == StepKind::made_up_graves)
            amount = static_cast<std::int64_t>(10 + hostile_random_.below(90));
        if (kind == StepKind::insert_flood) amount = static_cast<std::int64_t>(2 + hostile_random_.below(20));
        return {at, std::min<Duration>(span, plan_.faults_for - at), kind, node, 0, amount};
    }

    const std::vector<StepKind>& kinds_;
    bool hostile_;
    SimRandom random_, hostile_random_;
    FaultPlan plan_;
    std::int64_t addresses_ = 0;  // drawn so far
};

// ---- plans as text ----

std::int64_t in_ms(Duration span) { return span / milliseconds{1}; }

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        const std::size_t begin = line.find_first_not_of(' ');
        if (begin == std::string_view::npos) break;
        line.remove_prefix(begin);
        const std::size_t end = std::min(line.find(' '), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
    return words;
}

template <class Number>
bool read_number(std::string_view word, Number low, Number high, Number& out) {
    Number value{};
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size() || value < low || value > high) return false;
    out = value;
    return true;
}

constexpr std::int64_t ms_max = std::int64_t{30} * 24 * 3600 * 1000;

bool read_ms(std::string_view word, std::int64_t low, Duration& out) {
    std::int64_t ms = 0;
    if (!read_number<std::int64_t>(word, low, ms_max, ms)) return false;
    out = milliseconds{ms};
    return true;
}

bool read_setting(std::string_view key, std::string_view value, FaultPlan& plan) {
    if (key == "seed") return read_number<std::uint64_t>(value, 0, ~std::uint64_t{0}, plan.seed);
    if (key == "nodes") return read_number<std::size_t>(value, 1, plan_nodes_max, plan.nodes);
    if (key == "faults_ms") return read_ms(value, 0, plan.faults_for);
    if (key == "heal_ms") return read_ms(value, 0, plan.heal_for);
    if (key == "period_ms") return read_ms(value, 10, plan.period);
    if (key == "ttl_ms") return read_ms(value, 1000, plan.ttl);
    return false;
}

// step AT SPAN KIND A B AMOUNT
bool read_step(const std::vector<std::string_view>& words, FaultPlan& plan) {
    if (words.size() != 7 || plan.steps.size() >= plan_steps_max) return false;
    const auto named = std::ranges::find(kinds, words[3], &KindRow::name);
    Step step;
    if (named == kinds.end()) return false;
    step.kind = StepKind{static_cast<std::uint8_t>(named - kinds.begin())};
    constexpr std::int64_t most = 1'000'000'000;
    if (!read_ms(words[1], 0, step.at) || !read_ms(words[2], 0, step.span)) return false;
    if (!read_number<std::uint32_t>(words[4], 0, plan_nodes_max, step.a)) return false;
    if (!read_number<std::uint32_t>(words[5], 0, plan_nodes_max, step.b)) return false;
    if (!read_number<std::int64_t>(words[6], -most, most, step.amount)) return false;
    plan.steps.push_back(step);
    return true;
}

std::string what_is_wrong(const FaultPlan& plan) {
    if (!std::ranges::is_sorted(plan.steps, {}, &Step::at)) return "steps are not in order of time";
    for (const Step& step : plan.steps) {
        if (step.a >= plan.nodes || step.b >= plan.nodes) return step_text(step) + ": there is no such node";
        if (row(step.kind).two_nodes && step.a == step.b) return step_text(step) + ": needs two nodes";
        if (step.at > plan.faults_for) return step_text(step) + ": is after the end of the faults";
    }
    return {};
}

std::string decimal(Duration span) {
    const std::int64_t ms = in_ms(span);
    const std::string rest = std::to_string(ms % 1000);
    return std::to_string(ms / 1000) + "." + std::string(3 - rest.size(), '0') + rest + " s";
}

}  // namespace

FaultPlan draw_plan(const PlanSize& size) { return Drawer{size}.draw(); }

std::string_view kind_name(StepKind kind) { return row(kind).name; }

bool needs_two(StepKind kind) { return row(kind).two_nodes; }
bool is_of_network(StepKind kind) { return row(kind).whole_swarm; }
bool is_clock_fault(StepKind kind) { return kind == StepKind::clock_step || kind == StepKind::clock_wrong; }
bool is_user_action(StepKind kind) { return kind >= StepKind::announce && !is_hostile(kind); }
bool is_hostile(StepKind kind) { return kind >= StepKind::made_up_nodes; }

Result<std::vector<StepKind>> read_kinds(std::string_view names) {
    std::vector<StepKind> out;
    while (!names.empty()) {
        const std::string_view name = names.substr(0, names.find(','));
        names.remove_prefix(std::min(name.size() + 1, names.size()));
        const auto found = std::ranges::find(kinds, name, &KindRow::name);
        const auto kind = StepKind{static_cast<std::uint8_t>(found - kinds.begin())};
        if (found != kinds.end() && !is_user_action(kind)) {
            out.push_back(kind);
            continue;
        }
        std::string known;
        for (std::size_t k = 0; k < step_kinds; ++k)
            if (!is_user_action(StepKind{static_cast<std::uint8_t>(k)}))
                known += (k == 0 ? "" : ", ") + std::string{kinds[k].name};
        return Error{ErrorCode::invalid,
                     "no kind of fault is called \"" + std::string{name.substr(0, 40)} + "\"; there are " + known};
    }
    return out;
}

std::string step_text(const Step& step) {
    std::string out = decimal(step.at) + " " + std::string{kind_name(step.kind)};
    if (!row(step.kind).whole_swarm) out += " node " + std::to_string(step.a);
    if (row(step.kind).two_nodes) out += " and " + std::to_string(step.b);
    if (step.amount != 0) out += " [" + std::to_string(step.amount) + "]";
    if (step.span > Duration{0}) out += " for " + decimal(step.span);
    return out;
}

std::string write_plan(const FaultPlan& plan) {
    std::string out{fault_record_begins};
    const auto setting = [&](const char* key, std::uint64_t value) {
        out += "\n" + std::string{key} + " " + std::to_string(value);
    };
    const auto time = [&](const char* key, Duration span) {
        setting(key, static_cast<std::uint64_t>(in_ms(span)));
    };
    setting("seed", plan.seed);
    setting("nodes", plan.nodes);
    time("faults_ms", plan.faults_for);
    time("heal_ms", plan.heal_for);
    time("period_ms", plan.period);
    time("ttl_ms", plan.ttl);
    out += "\n# step AT_MS SPAN_MS KIND NODE_A NODE_B AMOUNT\n";
    for (const Step& step : plan.steps) {
        out += "step " + std::to_string(in_ms(step.at)) + " " + std::to_string(in_ms(step.span)) + " " +
               std::string{kind_name(step.kind)} + " " + std::to_string(step.a) + " " + std::to_string(step.b) +
               " " + std::to_string(step.amount) + "\n";
    }
    return out;
}

bool is_fault_record(std::string_view text) { return text.substr(0, text.find('\n')) == fault_record_begins; }

Result<FaultPlan> read_plan(std::string_view text) {
    if (!is_fault_record(text))
        return Error{ErrorCode::invalid,
                     "line 1: a fault plan begins with `" + std::string{fault_record_begins} + "`"};
    FaultPlan plan;
    std::size_t number = 1;
    text.remove_prefix(fault_record_begins.size());
    while (!text.empty()) {
        text.remove_prefix(1);  // the newline of the previous line
        ++number;
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size());
        const std::vector<std::string_view> words = words_of(line);
        if (words.empty() || words[0].starts_with('#')) continue;
        const bool good = words[0] == "step" ? read_step(words, plan)
                                             : words.size() == 2 && read_setting(words[0], words[1], plan);
        if (!good)
            return Error{ErrorCode::invalid, "line " + std::to_string(number) +
                                                 ": cannot be read: " + std::string{line.substr(0, 120)}};
    }
    const std::string wrong = what_is_wrong(plan);
    if (!wrong.empty()) return Error{ErrorCode::invalid, wrong};
    return plan;
}

}  // namespace halp::sim
