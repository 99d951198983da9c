#include "config/yaml_reader.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <cerrno>
#include <cstring>
#include <istream>
#include <set>
#include <streambuf>
#include <utility>

namespace halp::config {
namespace {

const std::string too_deep = "nested too deeply: at most " + std::to_string(yaml_depth_max) + " levels";

Place place_of(const YAML::Mark& mark) {
    if (mark.is_null()) return {1, 1};
    return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

// The one list whose items are mappings. Their keys are "services.0.label" and so on.
constexpr std::string_view list_of_mappings = "services";

// Receives the events of the parser. A wrong part is reported once and skipped as a whole, so that one run reports
// all errors.
class Flattener final : public YAML::EventHandler {
public:
    explicit Flattener(YamlDocument& document) : document_(document) {}

    [[nodiscard]] Place latest() const { return latest_; }  // where the parser was

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { scalar(mark, "", true); }
    void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  const std::string& text) override {
        if (anchor != 0) problem(mark, "anchors and aliases are not supported");
        scalar(mark, text, false);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        problem(mark, "anchors and aliases are not supported");
        scalar(mark, "", true);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        latest_ = place_of(mark);
        if (skipping_ > 0 || !opens_list(mark)) {
            ++skipping_;
            return;
        }
        Level& top = levels_.back();
        top.in_list = true;
        list_ = YamlEntry{path(), {{}, true}, false, top.key_place, place_of(mark)};
    }
    void OnSequenceEnd() override {
        if (end_skipped()) return;
        Level& top = levels_.back();
        top.in_list = false;
        top.wants_key = true;
        if (top.items == 0) keep(std::move(list_));
        top.items = 0;
    }

    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {
        latest_ = place_of(mark);
        if (skipping_ > 0 || !opens_map(mark)) {
            ++skipping_;
            return;
        }
        levels_.emplace_back();
    }
    void OnMapEnd() override {
        if (end_skipped()) return;
        levels_.pop_back();
        if (levels_.empty()) return;
        levels_.back().in_item = false;
        levels_.back().wants_key = !levels_.back().in_list;
    }

private:
    struct Level {
        bool wants_key = true, in_list = false, in_item = false;
        std::size_t items = 0;  // mappings in the list so far
        std::string key;
        Place key_place;
        std::set<std::string> seen;
    };

    void problem(const YAML::Mark& mark, std::string message) {
        if (document_.problems.size() < yaml_problems_max)
            document_.problems.push_back({place_of(mark), std::move(message)});
    }

    bool opens_list(const YAML::Mark& mark) {
        const bool as_value = !levels_.empty() && !levels_.back().wants_key && !levels_.back().in_list;
        if (!as_value) problem(mark, "a list is not expected here");
        return as_value;
    }
    bool opens_map(const YAML::Mark& mark) {
        if (levels_.empty()) return true;
        const bool as_item = levels_.back().in_list && path() == list_of_mappings && list_.text.items.empty();
        const bool as_value = as_item || (!levels_.back().wants_key && !levels_.back().in_list);
        if (as_item && levels_.size() < yaml_depth_max) {
            levels_.back().in_item = true;
            ++levels_.back().items;
        }
        if (!as_value)
            problem(mark, levels_.back().in_list
                              ? "a list holds values, no mappings: write \"NAME:\" instead of \"-\""
                              : "a mapping is not expected here");
        if (levels_.size() < yaml_depth_max) return as_value;
        if (as_value) problem(mark, too_deep);
        return false;
    }

    // A skipped part takes the place of the key or value that was expected.
    bool end_skipped() {
        if (skipping_ == 0) return false;
        if (--skipping_ == 0 && !levels_.empty() && !levels_.back().in_list) {
            Level& top = levels_.back();
            top.key.clear();
            top.wants_key = !top.wants_key;
        }
        return true;
    }

    void scalar(const YAML::Mark& mark, const std::string& text, bool empty) {
        if (skipping_ > 0) return;
        if (levels_.empty()) {
            if (!empty) problem(mark, "the file must be a mapping of lines \"setting: value\"");
            return;
        }
        Level& top = levels_.back();
        if (top.in_list && top.items > 0) {
            problem(mark, "an item of " + path() + " is a mapping, as the ones before");
        } else if (top.in_list) {
            if (list_.text.items.size() < yaml_entries_max) list_.text.items.push_back(text);
        } else if (top.wants_key) {
            take_key(top, mark, text);
        } else {
            top.wants_key = true;
            keep({path(), {{text}, false}, empty, top.key_place, place_of(mark)});
        }
    }

    void take_key(Level& top, const YAML::Mark& mark, const std::string& text) {
        top.key = text;
        top.key_place = place_of(mark);
        top.wants_key = false;
        if (text.empty()) return problem(mark, "the name before the colon is missing");
        if (!top.seen.insert(text).second) problem(mark, path() + " is set twice in this file");
    }

    void keep(YamlEntry entry) {
        if (document_.entries.size() < yaml_entries_max) document_.entries.push_back(std::move(entry));
    }

    [[nodiscard]] std::string path() const {
        std::string out;
        for (const Level& level : levels_) {
            out += (out.empty() ? "" : ".") + level.key;
            if (level.in_item) out += "." + std::to_string(level.items - 1);
        }
        return out;
    }

    YamlDocument& document_;
    std::vector<Level> levels_;
    YamlEntry list_;
    std::size_t skipping_ = 0;
    Place latest_{1, 1};
};

class NoDocument final : public YAML::EventHandler {
public:
    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}
};

// A stream buffer over bytes that are not copied.
class ViewBuffer final : public std::streambuf {
public:
    explicit ViewBuffer(std::string_view bytes) {
        char* begin = const_cast<char*>(bytes.data());  // streambuf's interface; nothing writes
        setg(begin, begin, begin + bytes.size());
    }
};

}  // namespace

YamlDocument read_yaml(std::string_view content) {
    YamlDocument document;
    // The problem that ends the reading is always reported, in place of the last one when the list is full.
    const auto end_with = [&document](Place place, std::string message) {
        if (document.problems.size() == yaml_problems_max) document.problems.pop_back();
        document.problems.push_back({place, std::move(message)});
    };
    if (content.size() > yaml_bytes_max) {
        document.problems.push_back({{1, 1}, "the file is larger than 1 MiB"});
        return document;
    }
    ViewBuffer buffer{content};
    std::istream stream{&buffer};
    Flattener flattener{document};
    try {
        YAML::Parser parser{stream};
        NoDocument ignored;
        if (parser.HandleNextDocument(flattener) && parser.HandleNextDocument(ignored))
            end_with({1, 1}, "the file holds more than one document (---)");
    } catch (const YAML::DeepRecursion& error) {  // its own message is "bad file", its place the beginning
        end_with(flattener.latest(), too_deep);
    } catch (const YAML::Exception& error) {
        end_with(place_of(error.mark), "not YAML: " + error.msg);
    } catch (const std::exception& error) {
        end_with({1, 1}, std::string{"not YAML: "} + error.what());
    }
    return document;
}

Result<NamedText> open_config_file(const std::string& path, std::size_t bytes_max, Pipes pipes) {
    auto read = read_named_file(path, bytes_max, pipes);
    if (read) return read;
    if (read.error().code == ErrorCode::not_found)
        return Error{ErrorCode::not_found, "cannot read " + path + ": " + std::strerror(ENOENT)};
    return Error{ErrorCode::io, path + " " + read.error().message};
}

Result<std::string> read_config_file(const std::string& path, std::size_t bytes_max, Pipes pipes) {
    auto read = open_config_file(path, bytes_max, pipes);
    if (!read) return read.error();
    return std::move(read->text);
}

}  // namespace halp::config
