#include "tools/program/arguments.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "tools/program/spelling.h"

namespace halp {
namespace {

struct Bounds {
    double min = 0, max = 0;
};
struct WholeBounds {
    std::uint64_t min = 0, max = std::numeric_limits<std::uint64_t>::max();
};

std::string text_of(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.15g", value);
    return text;
}

std::string range_of(const Bounds& bounds) { return text_of(bounds.min) + " to " + text_of(bounds.max); }
std::string range_of(const WholeBounds& bounds) {
    return std::to_string(bounds.min) + " to " + std::to_string(bounds.max);
}

// ---- words to values ----

std::optional<double> number_in(const std::string& word) {
    char* end = nullptr;
    const double value = std::strtod(word.c_str(), &end);
    const bool whole_word = !word.empty() && end == word.c_str() + word.size();
    return whole_word && std::isfinite(value) ? std::optional{value} : std::nullopt;
}

// Decimal, or hexadecimal behind 0x.
std::optional<std::uint64_t> whole_in(std::string_view word) {
    const bool hexadecimal = word.starts_with("0x") || word.starts_with("0X");
    if (hexadecimal) word.remove_prefix(2);
    std::uint64_t value = 0;
    const auto [end, wrong] = std::from_chars(word.data(), word.data() + word.size(), value, hexadecimal ? 16 : 10);
    return wrong == std::errc{} && end == word.data() + word.size() ? std::optional{value} : std::nullopt;
}

// `1mb`, `1 MiB` and `1048576` are the same.
std::optional<std::uint64_t> bytes_in(std::string_view word) {
    const std::size_t unit_begin = std::min(word.find_first_not_of("0123456789"), word.size());
    const auto number = whole_in(word.substr(0, unit_begin));
    std::string unit;
    for (const char c : word.substr(unit_begin))
        if (c != ' ') unit += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (!number || unit.empty() || unit == "b") return number;
    const std::size_t power = std::string_view{"kmgtpe"}.find(unit.front());
    const std::string rest = unit.substr(1);
    if (power == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "i" || rest == "ib")) return {};
    const std::uint64_t factor = std::uint64_t{1} << (10 * (power + 1));
    if (*number > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
    return *number * factor;
}

template <class Value>
constexpr bool is_whole = std::is_integral_v<Value>;

// The value in a target of one word.
template <class Target>
struct ValueOf;
template <class Value>
struct ValueOf<Value*> {
    using type = Value;
};
template <class Value>
struct ValueOf<std::optional<Value>*> {
    using type = Value;
};
template <class Value>
struct ValueOf<std::vector<Value>*> {
    using type = Value;
};
template <>
struct ValueOf<ByteCount> {
    using type = std::uint64_t;
};
template <>
struct ValueOf<TakesWord> {
    using type = std::string;
};

template <class Target>
constexpr bool takes_many = false;
template <class Value>
constexpr bool takes_many<std::vector<Value>*> = true;

template <class Value>
const char* type_name() {
    if constexpr (std::is_same_v<Value, std::string>) return "TEXT";
    if constexpr (std::is_same_v<Value, double>) return "FLOAT";
    return std::is_signed_v<Value> ? "INT" : "UINT";
}

template <class Value>
std::string shown(const Value& value) {
    if constexpr (std::is_same_v<Value, std::string>)
        return value;
    else if constexpr (std::is_same_v<Value, double>)
        return text_of(value);
    else
        return std::to_string(value);
}

std::string joined(const std::vector<std::string>& words, const char* between) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
    return text;
}

}  // namespace

struct ArgumentOption::Spec {
    CLI::Option* option = nullptr;
    ArgumentTarget target;
    std::string type, range;
    std::optional<Bounds> bounds;
    WholeBounds whole_bounds;
    std::vector<std::string> choices;
    bool empty_is_fine = false;

    void show_type() { option->type_name(range.empty() ? type : type + ":" + range); }
    [[nodiscard]] std::string wrong_with(const std::string& word) const;
    void store(const std::vector<std::string>& words);
    [[nodiscard]] std::string default_text() const;

private:
    [[nodiscard]] std::string wrong_with_empty() const;
    [[nodiscard]] std::string wrong_with_number(const std::string& word) const;
    [[nodiscard]] std::string wrong_with_bytes(const std::string& word) const;
    [[nodiscard]] std::string wrong_with_whole(const std::string& word, std::optional<std::uint64_t> value) const;
};

std::string ArgumentOption::Spec::wrong_with_empty() const {
    const std::string name = option->get_name();
    const std::string remedy =
        option->get_positional() ? "Write it out; " : "Write a value, or leave " + name + " out; ";
    return "it is empty. " + remedy + "perhaps a variable of the shell was not set.";
}

std::string ArgumentOption::Spec::wrong_with_number(const std::string& word) const {
    const std::optional<double> value = number_in(word);
    if (value && (!bounds || (*value >= bounds->min && *value <= bounds->max))) return "";
    return "`" + word + "` is not a number" + (bounds ? " from " + range_of(*bounds) : "") + ".";
}

std::string ArgumentOption::Spec::wrong_with_whole(const std::string& word,
                                                   std::optional<std::uint64_t> value) const {
    if (value && *value >= whole_bounds.min && *value <= whole_bounds.max) return "";
    return "`" + word + "` is not a whole number from " + range_of(whole_bounds) + ".";
}

std::string ArgumentOption::Spec::wrong_with_bytes(const std::string& word) const {
    if (wrong_with_whole(word, bytes_in(word)).empty()) return "";
    return "`" + word + "` is not a size from " + range_of(whole_bounds) + " bytes, such as 64mb.";
}

std::string ArgumentOption::Spec::wrong_with(const std::string& word) const {
    if (word.empty()) return empty_is_fine ? "" : wrong_with_empty();
    if (!choices.empty() && std::ranges::find(choices, word) == choices.end())
        return "`" + word + "` is not one of " + joined(choices, ", ") + ".";
    return std::visit(
        [&](const auto& to) -> std::string {
            using Target = std::decay_t<decltype(to)>;
            using Value = typename ValueOf<Target>::type;
            if constexpr (std::is_same_v<Target, TakesWord>) return to(word);
            if constexpr (std::is_same_v<Target, ByteCount>) return wrong_with_bytes(word);
            if constexpr (std::is_same_v<Value, double>) return wrong_with_number(word);
            if constexpr (is_whole<Value>) return wrong_with_whole(word, whole_in(word));
            return "";
        },
        target);
}

void ArgumentOption::Spec::store(const std::vector<std::string>& words) {
    const auto value_of = []<class Value>(const std::string& word, const Value&) {
        if constexpr (std::is_same_v<Value, double>)
            return number_in(word).value_or(0);
        else if constexpr (is_whole<Value>)
            return static_cast<Value>(whole_in(word).value_or(0));
        else
            return word;
    };
    std::visit(
        [&](const auto& to) {
            using Target = std::decay_t<decltype(to)>;
            using Value = typename ValueOf<Target>::type;
            if constexpr (std::is_same_v<Target, ByteCount>) {
                *to.bytes = bytes_in(words.front()).value_or(0);
            } else if constexpr (takes_many<Target>) {
                to->clear();
                for (const std::string& word : words) to->push_back(value_of(word, Value{}));
            } else if constexpr (!std::is_same_v<Target, TakesWord>) {
                *to = value_of(words.front(), Value{});
            }
        },
        target);
}

std::string ArgumentOption::Spec::default_text() const {
    return std::visit(
        [](const auto& to) -> std::string {
            using Target = std::decay_t<decltype(to)>;
            using Value = typename ValueOf<Target>::type;
            if constexpr (takes_many<Target>) {
                std::vector<std::string> words;
                for (const auto& value : *to) words.push_back(shown(value));
                return "[" + joined(words, ",") + "]";
            } else if constexpr (std::is_same_v<Target, Value*>) {
                return shown(*to);
            } else {
                return "";
            }
        },
        target);
}

// ---- options ----

ArgumentOption& ArgumentOption::required() {
    spec_->option->required();
    return *this;
}

ArgumentOption& ArgumentOption::called(std::string value) {
    spec_->type = std::move(value);
    spec_->show_type();
    return *this;
}

ArgumentOption& ArgumentOption::between(double min, double max) {
    spec_->bounds = Bounds{min, max};
    spec_->range = range_of(*spec_->bounds);
    spec_->show_type();
    return *this;
}

ArgumentOption& ArgumentOption::whole_between(std::uint64_t min, std::uint64_t max) {
    spec_->whole_bounds = {min, max};
    spec_->range = range_of(spec_->whole_bounds);
    spec_->show_type();
    return *this;
}

ArgumentOption& ArgumentOption::one_of(std::vector<std::string> words) {
    spec_->choices = std::move(words);
    spec_->range = "{" + joined(spec_->choices, ",") + "}";
    spec_->show_type();
    return *this;
}

ArgumentOption& ArgumentOption::may_be_empty() {
    spec_->empty_is_fine = true;
    return *this;
}

ArgumentOption& ArgumentOption::repeated() {
    spec_->option->allow_extra_args(false);
    return *this;
}

ArgumentOption& ArgumentOption::shows_default() {
    spec_->option->default_str(spec_->default_text());
    return *this;
}

ArgumentOption& ArgumentOption::excludes(const ArgumentOption& other) {
    spec_->option->excludes(other.spec_->option);
    return *this;
}

bool ArgumentOption::given() const { return spec_->option->count() > 0; }

// ---- the library's mistakes in our words ----

namespace {

// The part of `text` between `before` and `behind`; "" when it is not there.
std::string between(const std::string& text, std::string_view before, std::string_view behind) {
    const std::size_t found = text.find(before);
    const std::size_t begin = found == std::string::npos ? found : found + before.size();
    const std::size_t end = found == std::string::npos ? found : text.find(behind, begin);
    return end == std::string::npos ? "" : text.substr(begin, end - begin);
}

// CLI11 2.1: "NAME: 1 required TYPE missing", "NAME: At Most 1 required but received 2".
std::string wrong_count(const std::string& said) {
    const std::string name = between(said, "", ": ");
    if (said.ends_with(" missing")) return name + ": its value is missing. Write one behind it.";
    if (said.find(": At Most ") != said.npos)
        return name + ": it is given " + said.substr(said.rfind(' ') + 1) + " times. Give it once.";
    return said + ".";
}

std::vector<CLI::App*> verbs_of(CLI::App& app) {
    return app.get_subcommands([](CLI::App*) { return true; });
}

std::string not_a_verb(CLI::App& app, const std::string& word) {
    std::vector<std::string> names;
    for (const CLI::App* verb : verbs_of(app)) names.push_back(verb->get_name());
    return "`" + word + "` is not a verb of " + app.get_name() + did_you_mean(word, names, app.get_name() + " ");
}

std::string missing(CLI::App& app, const std::string& said) {
    if (said != "A subcommand is required") return said + ".";
    const std::vector<std::string> words = app.remaining();
    return words.empty() ? "A verb is missing." : not_a_verb(app, words.front());
}

// The long names of the options of a program and of the verbs that were given.
void add_options_of(CLI::App& app, std::vector<std::string>& names) {
    for (const CLI::Option* option : app.get_options())
        for (const std::string& name : option->get_lnames()) names.push_back(name);
    for (CLI::App* verb : verbs_of(app))
        if (verb->parsed()) add_options_of(*verb, names);
}

std::string unexpected(CLI::App& app, const std::string& word) {
    std::vector<std::string> names;
    const bool dash = word.starts_with('-') && word.size() > 1;
    if (!word.starts_with("--"))
        return "`" + word + "` was not expected." + (dash ? " A value that begins with - stands behind --." : "");
    add_options_of(app, names);
    return "`" + word + "` was not expected" + did_you_mean(word.substr(2, word.find('=') - 2), names, "--");
}

std::string told(CLI::App& app, const CLI::ParseError& error) {
    const std::string said = error.what();
    switch (static_cast<CLI::ExitCodes>(error.get_exit_code())) {
        case CLI::ExitCodes::ValidationError:
            return said;
        case CLI::ExitCodes::RequiredError:
            return missing(app, said);
        case CLI::ExitCodes::ExcludesError:
            return said + ": give one of the two.";
        case CLI::ExitCodes::ExtrasError: {
            const std::vector<std::string> words = app.remaining(true);
            return words.empty() ? said + "." : unexpected(app, words.front());
        }
        case CLI::ExitCodes::ArgumentMismatch:
            return wrong_count(said);
        case CLI::ExitCodes::ConversionError:
            return between(said, "Could not convert: ", " = ") + ": it takes no value.";
        default:
            return said + ".";
    }
}

bool takes_a_word(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

bool knows(CLI::App& app, const std::string& name) {
    const CLI::Option* option = app.get_option_no_throw(name);
    if (option != nullptr && takes_a_word(*option)) return true;
    for (CLI::App* verb : verbs_of(app))
        if (knows(*verb, name)) return true;
    return false;
}

// `--name=` becomes two words: the library would take the next word as its value.
std::vector<std::string> divided(CLI::App& app, int argc, const char* const* argv) {
    std::vector<std::string> words;
    bool options = true;
    for (int i = 0; i < argc; ++i) {
        std::string word = argv[i];
        options = options && word != "--";
        const bool bare = options && i > 0 && word.starts_with("--") && word.find('=') + 1 == word.size();
        if (bare && knows(app, word.substr(0, word.size() - 1))) {
            word.pop_back();
            words.push_back(std::move(word));
            word.clear();
        }
        words.push_back(std::move(word));
    }
    return words;
}

void take_back_required(CLI::App& app, std::vector<CLI::Option*>& taken_back) {
    for (CLI::Option* option : app.get_options()) {
        if (option->get_required()) taken_back.push_back(option);
        option->required(false);
    }
    for (CLI::App* verb : verbs_of(app)) take_back_required(*verb, taken_back);
}

// `PROGRAM help VERB` becomes `PROGRAM VERB --help`, at every depth of verbs.
void spell_out_help(CLI::App& app, std::vector<std::string>& words) {
    CLI::App* at = &app;
    std::size_t i = 1;
    for (; i < words.size(); ++i) {
        const std::vector<CLI::App*> verbs = verbs_of(*at);
        const auto verb = std::ranges::find(verbs, words[i], [](CLI::App* one) { return one->get_name(); });
        if (verb == verbs.end()) break;
        at = *verb;
    }
    const bool may_stand_here = at == &app || !verbs_of(*at).empty();  // `halp get help`: of the label `help`
    if (i >= words.size() || words[i] != "help" || !may_stand_here) return;
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(i));
    words.emplace_back("--help");
}

}  // namespace

// ---- a program or a verb ----

struct Arguments::Impl {
    std::unique_ptr<CLI::App> program;  // of a verb: none
    CLI::App* app = nullptr;
    std::vector<std::unique_ptr<ArgumentOption::Spec>> options;
    std::vector<std::unique_ptr<Arguments>> verbs;
    std::vector<CLI::Option*> taken_back;  // by requires_nothing()
};

Arguments::Arguments(const std::string& name, const std::string& about) : impl_(std::make_unique<Impl>()) {
    impl_->program = std::make_unique<CLI::App>(about, name);
    impl_->app = impl_->program.get();
}
Arguments::Arguments(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Arguments::~Arguments() = default;

ArgumentOption Arguments::option(const std::string& names, ArgumentTarget target, const std::string& help) {
    auto& spec = *impl_->options.emplace_back(std::make_unique<ArgumentOption::Spec>());
    spec.option = impl_->app->add_option(
        names,
        [&spec](const std::vector<std::string>& words) {
            spec.store(words);
            return true;
        },
        help);
    spec.target = std::move(target);
    std::visit(
        [&](const auto& to) {
            using Target = std::decay_t<decltype(to)>;
            using Value = typename ValueOf<Target>::type;
            spec.type = type_name<Value>();
            if constexpr (is_whole<Value>)
                spec.whole_bounds.max = static_cast<std::uint64_t>(std::numeric_limits<Value>::max());
            if constexpr (takes_many<Target>) spec.option->expected(CLI::detail::expected_max_vector_size);
        },
        spec.target);
    spec.show_type();
    spec.option->check(CLI::Validator([&spec](std::string& word) { return spec.wrong_with(word); }, ""));
    return ArgumentOption{spec};
}

void Arguments::flag(const std::string& names, bool& target, const std::string& help) {
    impl_->app->add_flag(names, target, help);
}

void Arguments::either_flag(const std::string& a, bool& a_given, const std::string& a_help, const std::string& b,
                            bool& b_given, const std::string& b_help) {
    CLI::Option* first = impl_->app->add_flag(a, a_given, a_help);
    impl_->app->add_flag(b, b_given, b_help)->excludes(first);
}

void Arguments::version_flag(const std::string& version, const std::string& help) {
    if (help.empty())
        impl_->app->set_version_flag("--version", version);
    else
        impl_->app->set_version_flag("--version", version, help);
}

Arguments& Arguments::verb(const std::string& name, const std::string& about, std::function<void()> chosen) {
    auto impl = std::make_unique<Impl>();
    impl->app = impl_->app->add_subcommand(name, about);
    if (chosen) impl->app->callback(std::move(chosen));
    return *impl_->verbs.emplace_back(new Arguments(std::move(impl)));
}

void Arguments::footer(const std::string& text) { impl_->app->footer(text); }
void Arguments::needs_a_verb() { impl_->app->require_subcommand(1); }
void Arguments::may_have_a_verb() { impl_->app->require_subcommand(0, 1); }
void Arguments::no_help_flag() { impl_->app->set_help_flag(); }
void Arguments::options_anywhere() { impl_->app->fallthrough(); }
void Arguments::keeps_unknown() { impl_->app->allow_extras(); }
void Arguments::passes_all_on() { impl_->app->fallthrough(false)->allow_extras(); }
void Arguments::requires_nothing() { take_back_required(*impl_->app, impl_->taken_back); }

std::vector<std::string> Arguments::with_help_option(int argc, const char* const* argv) const {
    std::vector<std::string> words(argv, argv + argc);
    spell_out_help(*impl_->app, words);
    return words;
}

std::optional<Arguments::End> Arguments::parse(int argc, const char* const* argv) {
    std::vector<const char*> pointers;
    const std::vector<std::string> given = with_help_option(argc, argv);
    for (const std::string& word : given) pointers.push_back(word.c_str());
    auto end = parse_spelled_out(static_cast<int>(pointers.size()), pointers.data());
    for (CLI::Option* option : impl_->taken_back) option->required();  // so that the help tells
    return end;
}

std::optional<Arguments::End> Arguments::parse_spelled_out(int argc, const char* const* argv) {
    CLI::App& app = *impl_->app;
    const std::vector<std::string> words = divided(app, argc, argv);
    std::vector<const char*> pointers;
    for (const std::string& word : words) pointers.push_back(word.c_str());
    try {
        app.parse(static_cast<int>(pointers.size()), pointers.data());
    } catch (const CLI::CallForHelp& end) {
        const std::vector<std::string> left = app.remaining();
        const bool wrong_verb = !left.empty() && chosen() == nullptr && !verbs_of(app).empty();
        if (wrong_verb) return End{true, not_a_verb(app, left.front()) + "\nTry `" + help_command() + "`."};
        std::ostringstream text;
        app.exit(end, text, text);
        return End{false, text.str()};
    } catch (const CLI::Success& end) {
        std::ostringstream text;
        app.exit(end, text, text);
        return End{false, text.str()};
    } catch (const CLI::ParseError& error) {
        return End{true, told(app, error) + "\nTry `" + help_command() + "`."};
    }
    return std::nullopt;
}

const std::string& Arguments::name() const { return impl_->app->get_name(); }

const Arguments* Arguments::chosen() const {
    for (const auto& verb : impl_->verbs)
        if (verb->impl_->app->parsed()) return verb.get();
    return nullptr;
}

std::vector<std::string> Arguments::unknown() const { return impl_->app->remaining(true); }

std::string Arguments::not_expected(const std::string& word) const { return unexpected(*impl_->app, word); }

std::string Arguments::help(const std::string& words_before) const { return impl_->app->help(words_before); }

namespace {

ArgumentText text_of(const CLI::Option& option) {
    ArgumentText text;
    text.positional = option.get_positional();
    if (text.positional) text.names.push_back(option.get_name(true));
    for (const std::string& name : option.get_snames()) text.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) text.names.push_back("--" + name);
    text.default_value = option.get_default_str();
    text.help = option.get_description();
    text.required = option.get_required();
    text.several = takes_a_word(option) && option.get_items_expected_max() > 1;
    return text;
}

}  // namespace

ArgumentsText Arguments::text() const {
    ArgumentsText text{name(), impl_->app->get_description(), impl_->app->get_footer(), {}, {}};
    for (const CLI::Option* option : impl_->app->get_options([](const CLI::Option*) { return true; })) {
        ArgumentText& argument = text.arguments.emplace_back(text_of(*option));
        for (const auto& spec : impl_->options) {  // of a flag, and of what the library adds, there is none
            if (spec->option != option) continue;
            argument.value = spec->type;
            argument.range = spec->range;
            argument.choices = spec->choices;
        }
    }
    for (const auto& verb : impl_->verbs) text.verbs.push_back(verb->text());
    return text;
}

std::string Arguments::help_command() const {
    std::string words = name();
    for (const Arguments* at = chosen(); at != nullptr; at = at->chosen()) words += " " + at->name();
    return words + " --help";
}

}  // namespace halp
