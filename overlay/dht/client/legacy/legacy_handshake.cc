#include "overlay/dht/client/legacy/legacy_handshake.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace halp {

std::string HandshakeOutcome::text() const {
    std::string text;
    for (const Failure& failure : failures)
        text += (text.empty() ? "" : "; ") + failure.node.text() + ": " + failure.why;
    const std::string ranges = dht::describe(cover);
    return ranges.empty() || text.empty() ? text + ranges : text + "; " + ranges;
}

LegacyHandshake::LegacyHandshake(LegacyDhtClient& client, const HandshakeSettings& settings, Done done,
                                 OneNode one_node, legacy::Notifier notify)
    : client_(client),
      settings_(settings),
      done_(std::move(done)),
      one_node_(std::move(one_node)),
      notify_(std::move(notify)) {
    begin(std::nullopt);
}

LegacyHandshake::~LegacyHandshake() {
    for (const legacy::RequestId id : running_) client_.cancel(id);
}

void LegacyHandshake::begin(std::optional<Duration> after) {
    failures_.clear();
    LegacyCallOptions options;
    options.after = after;
    options.step_timeout = settings_.step_timeout;
    const auto note = [this](const legacy::About& about, const legacy::Note& what) { hear(about, what); };
    running_ = {client_.get_version(note, options), client_.get_responsible_range(note, options)};
}

void LegacyHandshake::hear(const legacy::About& about, const legacy::Note& note) {
    if (notify_) notify_(about, note);
    if (const auto* ended = std::get_if<legacy::Finished>(&note)) {
        const bool known = about.node && std::ranges::find(failures_, *about.node,
                                                           &HandshakeOutcome::Failure::node) != failures_.end();
        if (!ended->succeeded() && about.node && !known) failures_.push_back({*about.node, describe(*ended)});
        tell_new_nodes();
    }
    if (!std::holds_alternative<legacy::GroupFinished>(note)) return;
    std::erase(running_, about.id);
    if (running_.empty()) finish();
}

void LegacyHandshake::tell_new_nodes() {
    if (!one_node_) return;
    for (const LegacyNodeView& view : client_.nodes())
        if (view.version_known && view.range && told_.insert(view.node).second) one_node_(view.node, *view.range);
}

void LegacyHandshake::finish() {
    HandshakeOutcome outcome{client_.complete(), client_.cover(), failures_};
    complete_ = outcome.complete;
    if (!complete_ && settings_.retry_after) begin(settings_.retry_after);
    const Done done = done_;  // it may destroy this object
    if (done) done(outcome);
}

}  // namespace halp
