#include "overlay/dht/libevent/blocking_legacy_client.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "overlay/libevent/limits.h"
#include "overlay/libevent/runner.h"

namespace halp {

using legacy::Trouble;

namespace {

constexpr Duration before_the_next_attempt = std::chrono::milliseconds{50};
constexpr int owners_tried_max = 3;

LegacyDhtClientOptions with_timeout(LegacyDhtClientOptions options, Duration timeout) {
    options.step_timeout = timeout;
    return options;
}

ErrorCode code_of(const legacy::Finished& ended) {
    switch (ended.trouble) {
        case Trouble::bad_channel_name:
        case Trouble::empty_value:
        case Trouble::null_filter:
            return ErrorCode::invalid;
        case Trouble::timed_out:
        case Trouble::connection_timed_out:
            return ErrorCode::timed_out;
        case Trouble::connection_failed:
        case Trouble::disconnected:
        case Trouble::no_responsible_node:
        case Trouble::no_version:
        case Trouble::node_disabled:
            return ErrorCode::unreachable;
        case Trouble::queue_full:
        case Trouble::scheduler_full:
            return ErrorCode::busy;
        default:
            return ended.status == static_cast<std::uint32_t>(legacy::Status::out_of_memory) ? ErrorCode::full
                                                                                             : ErrorCode::io;
    }
}

Error error_of(const legacy::About& about, const legacy::Finished& ended) {
    return {code_of(ended), (about.node ? about.node->text() + ": " : "") + legacy::describe(ended)};
}

}  // namespace

BlockingLegacyClient::BlockingLegacyClient(BlockingLegacyOptions options)
    : timeout_(options.timeout),
      refusal_patience_(options.refusal_patience),
      partial_(options.partial),
      world_(limits_for_streaming(1)),
      client_(world_.environment(), &world_.reading(), with_timeout(std::move(options.client), options.timeout)) {
    world_.attach(client_);
}

BlockingLegacyClient::~BlockingLegacyClient() = default;

bool BlockingLegacyClient::run_until(const std::function<bool()>& done, Duration span) {
    return LibeventRunner{world_}.run_until(done, span);
}

const std::string* BlockingLegacyClient::trouble(const Endpoint& node) const {
    const auto at = troubles_.find(node);
    return at == troubles_.end() ? nullptr : &at->second;
}

// ---- nodes ----

HandshakeOutcome BlockingLegacyClient::connect(const std::vector<Endpoint>& nodes) {
    for (const Endpoint& node : nodes)
        if (const auto added = client_.add_node(node); !added && added.error().code != ErrorCode::invalid)
            return {false, client_.cover(), {{node, added.error().message}}};
    const Instant give_up = world_.clock().now() + std::min(refusal_patience_, timeout_);
    for (;;) {
        HandshakeOutcome outcome = attempt();
        if (outcome.complete || outcome.failures.empty() || world_.clock().now() >= give_up) return outcome;
        run_until([] { return false; }, before_the_next_attempt);
    }
}

HandshakeOutcome BlockingLegacyClient::handshake() { return attempt(); }

HandshakeOutcome BlockingLegacyClient::attempt() {
    std::optional<HandshakeOutcome> outcome;
    const LegacyHandshake handshake(client_, {}, [&](const HandshakeOutcome& how) { outcome = how; });
    run_until([&] { return outcome.has_value(); }, for_ever);
    troubles_.clear();
    if (!outcome) return {};
    for (const auto& failure : outcome->failures) troubles_[failure.node] = failure.why;
    return *outcome;
}

// ---- requests about one key ----

Result<void> BlockingLegacyClient::run_on_key(const BeginOne& begin, const legacy::Notifier& notify) {
    std::optional<Error> trouble;
    for (int attempts = 0; attempts < owners_tried_max; ++attempts) {
        bool over = false, wrong_node = false;
        trouble.reset();
        begin([&](const legacy::About& about, const legacy::Note& note) {
            if (notify) notify(about, note);
            const auto* ended = std::get_if<legacy::Finished>(&note);
            if (!ended) return;
            over = true;
            wrong_node = ended->status == static_cast<std::uint32_t>(legacy::Status::wrong_node);
            if (!ended->succeeded()) trouble = error_of(about, *ended);
        });
        run_until([&] { return over; }, for_ever);
        if (!wrong_node) break;
        static_cast<void>(attempt());  // learns the ranges; what fails shows in the next attempt
    }
    return trouble ? Result<void>{*trouble} : Result<void>{};
}

Result<void> BlockingLegacyClient::put(Bytes channel, Key key, Bytes value) {
    return run_on_key([&](legacy::Notifier notify) { return client_.put(channel, key, value, std::move(notify)); },
                      {});
}

Result<std::optional<std::string>> BlockingLegacyClient::get(Bytes channel, Key key) {
    std::optional<std::string> value;
    const Result<void> ended =
        run_on_key([&](legacy::Notifier notify) { return client_.get(channel, key, std::move(notify)); },
                   [&](const legacy::About&, const legacy::Note& note) {
                       const auto* got = std::get_if<legacy::GotValue>(&note);
                       if (got && !got->value.empty()) value = std::string(got->value);
                   });
    if (!ended) return ended.error();
    return value;
}

Result<bool> BlockingLegacyClient::exists(Bytes channel, Key key) {
    bool there = false;
    const Result<void> ended =
        run_on_key([&](legacy::Notifier notify) { return client_.exists(channel, key, std::move(notify)); },
                   [&](const legacy::About&, const legacy::Note& note) {
                       if (const auto* got = std::get_if<legacy::GotFlag>(&note)) there = got->exists;
                   });
    if (!ended) return ended.error();
    return there;
}

Result<void> BlockingLegacyClient::remove(Bytes channel, Key key) {
    return run_on_key([&](legacy::Notifier notify) { return client_.remove(channel, key, std::move(notify)); }, {});
}

// ---- requests to all nodes ----

Result<void> BlockingLegacyClient::run_on_all(const BeginOne& begin, const legacy::Notifier& notify,
                                              const bool* stop, Duration span) {
    std::optional<Error> trouble;
    bool over = false, any = false;
    cover_ = {};
    const legacy::RequestId id = begin([&](const legacy::About& about, const legacy::Note& note) {
        notify(about, note);
        if (const auto* ended = std::get_if<legacy::Finished>(&note)) {
            any = any || ended->succeeded();
            if (!ended->succeeded() && !trouble) trouble = error_of(about, *ended);
        } else if (const auto* all = std::get_if<legacy::GroupFinished>(&note)) {
            over = true;
            cover_ = all->cover;
        }
    });
    run_until([&] { return over || (stop && *stop); }, span);
    if (!over) client_.cancel(id);
    if (!over || (!trouble && cover_.missing.empty())) return {};
    if (partial_ && any) return {};
    const std::string gaps = describe(dht::RangeCover{cover_.missing, {}});
    if (!trouble) return Error{ErrorCode::io, gaps};
    return Error{trouble->code, trouble->message + (gaps.empty() ? "" : "; " + gaps)};
}

Result<void> BlockingLegacyClient::get_all(Bytes channel, const LegacyScan& settings, const Each& each) {
    bool stop = false;
    const auto hear = [&](const legacy::About&, const legacy::Note& note) {
        if (stop) return;
        if (const auto* record = std::get_if<legacy::GotRecord>(&note)) stop = !each(record->key, record->value);
        if (const auto* key = std::get_if<legacy::GotKey>(&note)) stop = !each(key->key, {});
    };
    const auto begin = [&](legacy::Notifier notify) {
        // Keys alone are enough only when no value is looked at.
        if (!settings.filter.empty()) return client_.get_all_filter(channel, settings.filter, std::move(notify));
        return settings.keys_only ? client_.get_all_keys(channel, std::move(notify))
                                  : client_.get_all(channel, std::move(notify));
    };
    return run_on_all(begin, hear, &stop);
}

Result<void> BlockingLegacyClient::each_channel(const std::function<void(Bytes name)>& each) {
    return run_on_all([&](legacy::Notifier notify) { return client_.get_channels(std::move(notify)); },
                      [&](const legacy::About&, const legacy::Note& note) {
                          if (const auto* got = std::get_if<legacy::GotChannel>(&note)) each(got->name);
                      });
}

Result<std::vector<std::string>> BlockingLegacyClient::get_channels() {
    std::set<std::string> names;
    const Result<void> ended = each_channel([&](Bytes name) { names.emplace(name); });
    if (!ended) return ended.error();
    return std::vector<std::string>(names.begin(), names.end());
}

Result<BlockingLegacyClient::Sizes> BlockingLegacyClient::sizes(const BeginOne& begin) {
    Sizes all;
    const Result<void> ended = run_on_all(begin, [&](const legacy::About& about, const legacy::Note& note) {
        const auto* got = std::get_if<legacy::GotSize>(&note);
        if (!got) return;
        all.records += got->records;
        all.bytes += got->bytes;
        all.by_node[*about.node] = *got;
    });
    if (!ended) return ended.error();
    return all;
}

Result<BlockingLegacyClient::Sizes> BlockingLegacyClient::get_channel_size(Bytes channel) {
    return sizes([&](legacy::Notifier notify) { return client_.get_channel_size(channel, std::move(notify)); });
}

Result<BlockingLegacyClient::Sizes> BlockingLegacyClient::get_size() {
    return sizes([&](legacy::Notifier notify) { return client_.get_size(std::move(notify)); });
}

Result<void> BlockingLegacyClient::remove_channel(Bytes channel) {
    return run_on_all([&](legacy::Notifier notify) { return client_.remove_channel(channel, std::move(notify)); },
                      [](const legacy::About&, const legacy::Note&) {});
}

Result<std::map<Endpoint, std::uint64_t>> BlockingLegacyClient::get_num_connections() {
    std::map<Endpoint, std::uint64_t> all;
    const Result<void> ended =
        run_on_all([&](legacy::Notifier notify) { return client_.get_num_connections(std::move(notify)); },
                   [&](const legacy::About& about, const legacy::Note& note) {
                       if (const auto* got = std::get_if<legacy::GotConnections>(&note))
                           all[*about.node] = got->connections;
                   });
    if (!ended) return ended.error();
    return all;
}

Result<void> BlockingLegacyClient::listen(Bytes channel, std::optional<Duration> span, const Each& each) {
    bool stop = false;
    const auto hear = [&](const legacy::About&, const legacy::Note& note) {
        const auto* record = std::get_if<legacy::GotRecord>(&note);
        if (record && !stop) stop = !each(record->key, record->value);
    };
    return run_on_all([&](legacy::Notifier notify) { return client_.listen(channel, std::move(notify)); }, hear,
                      &stop, span.value_or(for_ever));
}

Result<void> BlockingLegacyClient::perform(const Begin& begin, const legacy::Notifier& notify) {
    std::optional<Error> trouble;
    begin(client_, [&](const legacy::About& about, const legacy::Note& note) {
        if (notify) notify(about, note);
        const auto* over = std::get_if<legacy::Finished>(&note);
        if (over && !over->succeeded() && !trouble) trouble = error_of(about, *over);
    });
    run_until([&] { return client_.stats().requests_active == 0; }, for_ever);
    return trouble ? Result<void>{*trouble} : Result<void>{};
}

}  // namespace halp
