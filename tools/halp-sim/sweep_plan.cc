#include "tools/halp-sim/sweep_plan.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "config/yaml_reader.h"
#include "tools/halp-sim/scenario_source.h"

namespace halp::sim {
namespace {

constexpr std::string_view set_prefix = "set.", vary_prefix = "vary.";

bool read_count(const std::string& text, std::uint64_t max, std::uint64_t& value) {
    std::uint64_t parsed = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (error != std::errc{} || rest != text.data() + text.size() || parsed > max) return false;
    value = parsed;
    return true;
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        if (comma > at) out.push_back(text.substr(at, comma - at));
        at = comma + 1;
    }
    return out;
}

class Planner {
public:
    explicit Planner(const CommandLine& command) : command_(command) {}

    SweepPlan plan() {
        const Result<Source> source = find_scenario(command_.scenario);
        if (!source) return failed(source.error().message);
        scenario_ = *source;
        read_sweep_file();
        read_flags();
        refuse_fixed_and_varied();
        list_seeds();
        if (out_.problems.empty() && out_.varied.empty() && !seeds_varied_)
            out_.problems.push_back(
                "nothing is varied: --vary key=value,value or `vary:` in a sweep file, such as --vary "
                "nodes=100,200");
        if (out_.problems.empty()) combine();
        return std::move(out_);
    }

private:
    SweepPlan failed(const std::string& message) {
        out_.problems.push_back(message);
        return std::move(out_);
    }

    void read_sweep_file() {
        const config::YamlDocument document = config::read_yaml(scenario_.content);
        const auto at = std::ranges::find(document.entries, "scenario", &config::YamlEntry::key);
        if (at == document.entries.end()) return;
        file_ = scenario_.file;
        const std::string name = at->text.items.empty() ? "" : at->text.items.front();
        // A file beside the sweep file, as seen from it; else a built-in name.
        const std::string beside = file_.substr(0, file_.rfind('/') + 1) + name;
        Result<Source> found = find_scenario(beside);
        if (!found) found = find_scenario(name);
        if (!found) return problem(at->value_place, "scenario: " + found.error().message);
        scenario_ = *found;
        for (const config::YamlProblem& p : document.problems) problem(p.place, p.message);
        for (const config::YamlEntry& e : document.entries) take(e);
    }
    void problem(const config::Place& place, const std::string& message) {
        out_.problems.push_back(file_ + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) +
                                ": " + message);
    }

    void take(const config::YamlEntry& e) {
        const std::string text = e.text.items.empty() ? "" : e.text.items.front();
        const auto count = [&](std::uint64_t max, std::uint64_t& value) {
            if (!read_count(text, max, value))
                problem(e.value_place, e.key + ": \"" + text + "\" is not allowed; allowed: a number up to " +
                                           std::to_string(max));
        };
        std::uint64_t seeds = out_.seeds;
        if (e.key == "scenario") return;
        if (e.key.starts_with(vary_prefix)) {
            if (e.text.items.empty()) problem(e.value_place, e.key + ": a list of values, such as [100, 200]");
            out_.varied.push_back({e.key.substr(vary_prefix.size()), e.text.items});
        } else if (!known(e.key)) {
            problem(e.key_place, e.key + " is not a field; allowed: scenario, about, seed, seeds, set, vary");
        } else if (e.text.is_list) {
            problem(e.value_place, e.key + " takes one value, not a list");
        } else if (e.key == "about") {
            out_.about = text;
        } else if (e.key == "seed") {
            set({file_ + ":" + std::to_string(e.value_place.line), "seed", text});
        } else if (e.key == "seeds") {
            count(1000, seeds);
            out_.seeds = std::max<std::uint64_t>(1, seeds);
            seeds_given_ = "seeds";
        } else {
            set({file_ + ":" + std::to_string(e.value_place.line), e.key.substr(set_prefix.size()), text});
        }
    }

    static bool known(std::string_view key) {
        return key == "about" || key == "seed" || key == "seeds" || key.starts_with(set_prefix);
    }

    void read_flags() {
        const std::vector<Override> of_flags = overrides_of(command_, out_.problems);
        if (std::ranges::find(of_flags, "seed", &Override::key) != of_flags.end()) first_seed_.reset();
        for (const Override& o : of_flags) set(o);
        if (command_.seeds) {
            out_.seeds = *command_.seeds;
            seeds_given_ = "--seeds";
        }
        for (const std::string& text : command_.varied) {
            const std::size_t equals = text.find('=');
            const std::string key = text.substr(0, equals);
            const std::vector<std::string> values =
                equals == std::string::npos ? std::vector<std::string>{} : split(text.substr(equals + 1));
            if (values.empty() || key.empty()) {
                out_.problems.push_back("--vary " + text + ": write key=value,value, such as nodes=100,200,400");
                continue;
            }
            std::erase_if(out_.varied, [&](const Varied& v) { return v.key == key; });
            out_.varied.push_back({key, values});
        }
    }

    // The seed is the first of those that every combination is played with.
    void set(const Override& o) {
        if (o.key != "seed") return base_.push_back(o);
        std::uint64_t seed = 0;
        if (!read_count(o.text, UINT64_MAX, seed)) return wrong_seed(o.flag, o.text);
        if (first_seed_ && *first_seed_ != seed)
            out_.problems.push_back(o.flag + ": seed is given twice, as " + std::to_string(*first_seed_) +
                                    " and as " + o.text + "; give it once");
        first_seed_ = seed;
    }
    void wrong_seed(const std::string& where, const std::string& text) {
        out_.problems.push_back(where + ": seed: \"" + text + "\" is not allowed; allowed: a number up to " +
                                std::to_string(UINT64_MAX));
    }

    // One of both would be ignored.
    void refuse_fixed_and_varied() {
        for (const Override& o : base_)
            if (std::ranges::find(out_.varied, o.key, &Varied::key) != out_.varied.end())
                out_.problems.push_back(o.flag + ": " + o.key + " is varied; it cannot be set to " + o.text +
                                        ", too");
    }

    // From the varied seeds, else consecutive ones from the given one or the scenario's on.
    void list_seeds() {
        const auto varied = std::ranges::find(out_.varied, "seed", &Varied::key);
        if (varied == out_.varied.end()) return count_seeds();
        if (first_seed_ || !seeds_given_.empty())
            out_.problems.push_back(
                "seed is varied, and " + (first_seed_ ? std::string{"seed"} : seeds_given_) +
                " is given, too: --vary seed=5,6,9 is the whole list of seeds, --seed FIRST with "
                "--seeds N are N consecutive ones");
        for (const std::string& text : varied->values) {
            std::uint64_t seed = 0;
            if (!read_count(text, UINT64_MAX, seed)) return wrong_seed("vary", text);
            if (std::ranges::find(out_.seed_list, seed) != out_.seed_list.end())
                return out_.problems.push_back("vary: seed " + text + " is given twice: the runs would be equal");
            out_.seed_list.push_back(seed);
        }
        out_.seeds = out_.seed_list.size();
        out_.varied.erase(varied);
        seeds_varied_ = true;
    }
    void count_seeds() {
        if (!first_seed_) first_seed_ = seed_of_scenario();
        if (*first_seed_ > UINT64_MAX - (out_.seeds - 1))
            out_.problems.push_back(std::to_string(out_.seeds) + " seeds from " + std::to_string(*first_seed_) +
                                    " on: the last would be above " + std::to_string(UINT64_MAX));
        for (std::size_t s = 0; s < out_.seeds; ++s) out_.seed_list.push_back(*first_seed_ + s);
    }

    void combine() {
        std::size_t combinations = 1;
        for (const Varied& v : out_.varied)
            if (combinations * v.values.size() * out_.seeds <= sweep_runs_max)
                combinations *= v.values.size();
            else
                return out_.problems.push_back("more than " + std::to_string(sweep_runs_max) + " runs in all");
        for (std::size_t n = 0; n < combinations && out_.problems.empty(); ++n) add_point(n);
    }
    void add_point(std::size_t n) {
        SweepPoint point;
        for (std::size_t k = out_.varied.size(); k-- > 0; n /= out_.varied[k].values.size())
            point.settings.insert(point.settings.begin(),
                                  {out_.varied[k].key, out_.varied[k].values[n % out_.varied[k].values.size()]});
        for (std::size_t s = 0; s < out_.seeds; ++s) {
            std::vector<Override> overrides = base_;
            for (const auto& [key, value] : point.settings) overrides.push_back({"vary", key, value});
            overrides.push_back({"seed", "seed", std::to_string(out_.seed_list[s])});
            ReadScenario read = read_scenario(scenario_.file, scenario_.content, overrides);
            out_.problems = read.problems;
            if (!out_.problems.empty()) return;
            out_.name = read.scenario.name;
            if (out_.about.empty()) out_.about = read.scenario.about;
            point.scenarios.push_back(std::move(read.scenario));
        }
        out_.points.push_back(std::move(point));
    }

    [[nodiscard]] std::uint64_t seed_of_scenario() const {
        const ReadScenario read = read_scenario(scenario_.file, scenario_.content, base_);
        return read.problems.empty() ? read.scenario.seed : 1;
    }

    const CommandLine& command_;
    std::optional<std::uint64_t> first_seed_;  // given by a file or a flag
    std::string seeds_given_;                  // by what
    bool seeds_varied_ = false;
    Source scenario_;
    std::string file_;
    std::vector<Override> base_;
    SweepPlan out_;
};

}  // namespace

SweepPlan plan_sweep(const CommandLine& command) { return Planner{command}.plan(); }

}  // namespace halp::sim
