// `halp dht mirror`: prints the records of a channel and every change until it is stopped.
#include <csignal>
#include <optional>
#include <string>
#include <variant>

#include "overlay/dht/client/legacy/legacy_mirror.h"
#include "store/overloaded.h"
#include "tools/halp/dht/dht_cover.h"
#include "tools/halp/dht/dht_verbs.h"
#include "tools/halp/output/printed_text.h"

namespace halp::cli {
namespace {

class MirrorView {
public:
    MirrorView(const DhtTool& tool)
        : console_(tool.console),
          typed_(tool.command.dht),
          doing_(typed_.verb == DhtVerb::listen ? "listening" : "mirroring"),
          for_s_(tool.command.for_s) {}

    void hear(const dht::MirrorNote& note) {
        std::visit(
            overloaded{
                [&](const dht::Updated& n) { record("updated", "+ ", n.key, &n.value); },
                [&](const dht::Refreshed& n) { record("refreshed", "= ", n.key, &n.value); },
                [&](const dht::Deleted& n) { record("deleted", "- ", n.key, nullptr); },
                [&](const dht::Started&) { event("started", "", until_words(doing_, for_s_)); },
                [&](const dht::UpdatesLost& n) { event("updates_lost", n.node.text(), describe(note)); },
                [&](const dht::ChannelRemoved& n) { event("channel_removed", n.node.text(), describe(note)); },
                [&](const dht::NodeDisconnected& n) { event("disconnected", n.node.text(), describe(note)); },
                [&](const dht::NodeError& n) { fail(n.node, describe(note)); },
                [&](const dht::Unsupported& n) { fail(n.node, describe(note)); },
                [&](const dht::CoverChanged& n) { covered(n.cover, describe(note)); },
                [&](const dht::Incomplete& n) {
                    over_ = true;
                    end(n.cover);
                },
                [&](const dht::Finished&) { over_ = true; }, [&](const dht::Stopped&) { over_ = true; },
                [](const auto&) {}},
            note);
    }
    void interrupt() { interrupted_ = true; }

    // It ends because its time is over, or because no node goes on.
    void end(const dht::RangeCover& cover) {
        if (cover.missing.empty()) return;
        failed_ = failed_ || !typed_.partial;
        covered(cover, describe(cover));
    }

    [[nodiscard]] bool over() const { return over_; }
    [[nodiscard]] bool enough() const {
        return over_ || interrupted_ || reader_left_ || (typed_.limit > 0 && shown_ >= typed_.limit);
    }
    [[nodiscard]] ExitCode code() const {
        if (interrupted_) return ExitCode::interrupted;
        return failed_ ? ExitCode::failed : ExitCode::ok;
    }

private:
    void record(const std::string& name, const std::string& sign, Key key, const Bytes* value) {
        if (enough()) return;
        ++shown_;
        std::string line;
        if (console_.style().json) {
            line = R"({"schema_version":1,"event":")" + name + R"(","key":")" + shown_key(key) + "\"";
            if (value)
                line += ",\"bytes\":" + std::to_string(value->size()) + R"(,"value_base64":")" + base64_of(*value) +
                        "\"";
            line += "}";
        } else {
            const ValueForm form = typed_.form == ValueForm::automatic ? ValueForm::escape : typed_.form;
            line = sign + shown_key(key);
            if (value) line += " " + written_value(*value, form);
        }
        reader_left_ = !console_.line(line);
    }
    // Node addresses and event names contain nothing to escape.
    void event(const std::string& name, const std::string& node, const std::string& words) {
        console_.say(words);
        if (!console_.style().json) return;
        std::string line = R"({"schema_version":1,"event":")" + name + "\"";
        if (!node.empty()) line += R"(,"node":")" + node + "\"";
        reader_left_ = !console_.line(line + "}") || reader_left_;
    }
    void covered(const dht::RangeCover& cover, const std::string& words) {
        console_.say(words + ".");
        if (!console_.style().json) return;
        Json object = Json::object({{"schema_version", 1}, {"event", "ranges"}});
        add_cover(object, cover);
        reader_left_ = !console_.line(object.line()) || reader_left_;
    }
    void fail(const Endpoint& node, const std::string& words) {
        failed_ = true;
        event("error", node.text(), words);
    }

    Console& console_;
    const DhtCommand& typed_;
    const std::string doing_;
    std::optional<double> for_s_;
    std::uint64_t shown_ = 0;
    bool over_ = false, interrupted_ = false, reader_left_ = false, failed_ = false;
};

Duration span_of(const CommandLine& command) {
    constexpr Duration for_ever = std::chrono::hours{24 * 365 * 100};
    return command.for_s ? Duration{static_cast<std::int64_t>(*command.for_s * 1e6)} : for_ever;
}

}  // namespace

namespace {

ExitCode mirror_by_legacy(const DhtTool& tool, DhtReach& reach, MirrorView& view) {
    const DhtCommand& typed = tool.command.dht;
    LegacyMirrorSettings settings;
    using Fill = LegacyMirrorSettings::Fill;
    const bool again = typed.refresh_every_s > 0;
    settings.fill = typed.verb == DhtVerb::listen ? Fill::none
                    : typed.refresh               ? (again ? Fill::repeating_now : Fill::once)
                    : again                       ? Fill::repeating
                                                  : Fill::none;
    settings.update_after = std::chrono::seconds{typed.refresh_every_s};
    const LegacyMirror mirror(reach.legacy().client(), typed.channel, settings,
                              [&](const dht::MirrorNote& note) { view.hear(note); });
    reach.legacy().run_until([&] { return view.enough(); }, span_of(tool.command));
    if (!view.enough()) view.end(mirror.cover());
    return view.code();
}

}  // namespace

ExitCode run_dht_mirror(const DhtTool& tool) {
    const DhtCommand& typed = tool.command.dht;
    const auto reach = DhtReach::open(tool, Reach::every_node);
    if (!reach) return tool.console.fail(reach.error());
    if (const auto refused = refuse_gaps(tool, **reach, Json::object({{"schema_version", 1}, {"event", "ranges"}})))
        return *refused;
    MirrorView view(tool);
    for (const int signal : {SIGINT, SIGTERM}) (*reach)->world().on_signal(signal, [&] { view.interrupt(); });
    if (typed.legacy) return mirror_by_legacy(tool, **reach, view);
    BlockingDhtClient& dht = (*reach)->dht();
    const bool listens = typed.verb == DhtVerb::listen;
    const MirrorSettings settings{typed.refresh && !listens, listens ? 0 : typed.refresh_every_s};
    const auto begun =
        dht.client().mirror(typed.channel, settings, [&](const dht::MirrorNote& note) { view.hear(note); });
    if (!begun) return tool.console.fail(begun.error());
    dht.run_until([&] { return view.enough(); }, span_of(tool.command));
    if (const auto cover = dht.client().cover(*begun); cover && !view.enough()) view.end(*cover);
    // Tells the nodes, so that they need not detect the lost connection.
    if (!view.over() && dht.client().stop(*begun))
        dht.run_until([&] { return view.over(); }, std::chrono::seconds{1});
    return view.code();
}

}  // namespace halp::cli
