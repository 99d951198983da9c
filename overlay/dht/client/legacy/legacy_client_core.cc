#include "overlay/dht/client/legacy/legacy_client_core.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace halp::legacy {
namespace {

bool is_handshake(Command command) {
    return command == Command::get_version || command == Command::get_responsible_range;
}

// May be silent for as long as it likes.
bool is_lasting(Command command) { return command == Command::listen || command == Command::redistribute; }

bool needs_channel(Command command) {
    switch (command) {
        case Command::get_channels:
        case Command::get_size:
        case Command::get_responsible_range:
        case Command::get_num_connections:
        case Command::get_version:
        case Command::redistribute:
        case Command::put_batch:  // the originals do not look
            return false;
        default:
            return true;
    }
}

// Whether it matters for which keys the node has answered, so that it is asked for its range behind the answer.
bool is_about_records(Command command) {
    return (has_items(command) && command != Command::listen) || command == Command::get_size ||
           command == Command::get_channel_size || command == Command::remove_channel;
}

// As key_text, without a string.
std::string_view digits_of(Key key, char (&room)[key_text_length]) {
    for (std::size_t i = 0; i < key_text_length; ++i)
        room[i] = "0123456789abcdef"[value_of(key) >> (4 * (key_text_length - 1 - i)) & 0xf];
    return {room, key_text_length};
}

std::string range_question() {
    std::string wire;
    Request what;
    what.command = Command::get_responsible_range;
    encode_request(wire, what);
    return wire;
}

constexpr Duration refresh_step_timeout = std::chrono::seconds{10};
constexpr std::uint32_t status_ok = static_cast<std::uint32_t>(Status::ok);

}  // namespace

ClientCore::ClientCore(Environment environment, ReadControl* reading, LegacyDhtClientOptions options)
    : environment_(environment),
      options_(std::move(options)),
      links_(environment, reading, options_.links, *this),
      deactivator_(options_.deactivate) {}

// ---- nodes ----

Result<void> ClientCore::add(const Endpoint& node) {
    if (links_.find(node)) return Error{ErrorCode::invalid, node.text() + " is known already."};
    if (complete())
        return Error{ErrorCode::refused, node.text() + " comes too late: the nodes have told all ranges already."};
    if (links_.size() >= options_.nodes_max)
        return Error{ErrorCode::full,
                     node.text() + " is one node too many: " + std::to_string(options_.nodes_max) + " are known."};
    links_.add(node);
    version_known_.push_back(false);
    return {};
}

std::vector<LegacyNodeView> ClientCore::nodes() const {
    std::vector<LegacyNodeView> views;
    for (std::uint32_t i = 0; i < links_.size(); ++i) {
        const NodeNumber node{i};
        views.push_back({links_.endpoint(node), version_known_[i], map_.range(node), links_.disabled(node),
                         links_.stats_now(node)});
        views.back().stats.node = views.back().node;
    }
    return views;
}

dht::RangeCover ClientCore::cover() const {
    std::vector<HashRange> ranges;
    for (std::uint32_t i = 0; i < links_.size(); ++i)
        if (const auto range = map_.range(NodeNumber{i}); range && version_known_[i]) ranges.push_back(*range);
    return dht::cover_of(std::move(ranges));
}

bool ClientCore::complete() const {
    for (std::uint32_t i = 0; i < links_.size(); ++i)
        if (!version_known_[i] || !map_.range(NodeNumber{i})) return false;
    return links_.size() > 0 && cover() == dht::RangeCover{};
}

void ClientCore::refresh_ranges() {
    if (refresh_ != 0) return;
    Request what;
    what.command = Command::get_responsible_range;
    // A node that never answers must not keep the client from asking all of them again.
    LegacyCallOptions patient;
    if (options_.step_timeout == Duration{0}) patient.step_timeout = refresh_step_timeout;
    refresh_ = begin(
        what, std::nullopt,
        [this](const About&, const Note& note) {
            if (std::holds_alternative<GroupFinished>(note)) refresh_ = 0;
        },
        patient);
}

// ---- the beginning of a request ----

Trouble ClientCore::judge(const Request& what, bool has_key, const LegacyCallOptions& options) const {
    if (needs_channel(what.command) && !valid_channel(what.channel)) return Trouble::bad_channel_name;
    if (what.command == Command::put && what.value.empty()) return Trouble::empty_value;
    if (what.command == Command::get_all_filter && what.value.empty()) return Trouble::null_filter;
    const bool one_node = what.command == Command::put_batch || what.command == Command::redistribute;
    if (options.node ? !links_.find(*options.node) : one_node && !has_key) return Trouble::unknown_node;
    if (options.after && scheduled_.size() >= options_.scheduled_max) return Trouble::scheduler_full;
    return Trouble::none;
}

RequestId ClientCore::begin(Request what, std::optional<Key> key, Notifier notify,
                            const LegacyCallOptions& options) {
    const RequestId id = ++last_id_;
    const std::uint64_t context = options.context.value_or(key ? value_of(*key) : 0);
    auto& running =
        *(requests_[id] = std::make_unique<RunningRequest>(id, what.command, context, std::move(notify)));
    running.began = now();
    running.key = key;
    running.step_timeout =
        options.step_timeout.value_or(is_lasting(what.command) ? Duration{0} : options_.step_timeout);
    const bool one_node = what.command == Command::put_batch || what.command == Command::redistribute;
    running.on_all_nodes = !key && !options.node && !one_node;  // a refusal is told as any other group, too
    const Trouble wrong = judge(what, key.has_value(), options);
    if (wrong != Trouble::none) {
        fail_without_node(running, wrong);
        arm();
        return id;
    }
    if (options.node) running.only = links_.find(*options.node);
    char digits[key_text_length];
    if (key) what.key = digits_of(*key, digits);
    wire_.clear();
    encode_request(wire_, what);
    if (options.after) {
        running.wire = wire_;
        running.begins_at = now() + *options.after;
        scheduled_.insert({running.begins_at, id});
        news_.push_back({id, 0, News::What::scheduled, Trouble::none});
    } else {
        assign(running, wire_);
    }
    arm();
    return id;
}

void ClientCore::add_part(RunningRequest& running, NodeNumber node) {
    RequestPart& part = running.parts.emplace_back();
    part.node = node;
    part.endpoint = &links_.endpoint(node);
    part.range = map_.range(node);
}

void ClientCore::fail_without_node(RunningRequest& running, Trouble trouble) {
    running.parts.emplace_back();
    news_.push_back({running.id(), 0, News::What::failed, trouble});
}

void ClientCore::choose_parts(RunningRequest& running) {
    if (running.only) return add_part(running, *running.only);
    if (running.key) {
        if (const auto node = map_.newest(*running.key)) add_part(running, *node);
        return;
    }
    for (std::uint32_t i = 0; i < links_.size(); ++i) add_part(running, NodeNumber{i});
}

void ClientCore::assign(RunningRequest& running, Bytes wire) {
    choose_parts(running);
    // A request to all of no nodes fails, too. It is told as any other group.
    if (running.parts.empty()) return fail_without_node(running, Trouble::no_responsible_node);
    if (running.on_all_nodes && is_about_records(running.command())) {
        const std::string both = std::string(wire) + range_question();
        for (std::uint32_t i = 0; i < running.parts.size(); ++i) assign_part(running, i, both);
    } else {
        for (std::uint32_t i = 0; i < running.parts.size(); ++i) assign_part(running, i, wire);
    }
}

CallHead ClientCore::head_of(const RunningRequest& running, std::uint32_t part) const {
    CallHead head;
    head.request = running.id();
    head.part = part;
    head.command = running.command();
    head.confirmed_behind = running.on_all_nodes && is_about_records(running.command());
    head.step_timeout = running.step_timeout;
    return head;
}

void ClientCore::assign_part(RunningRequest& running, std::uint32_t number, Bytes wire) {
    RequestPart& part = running.parts[number];
    News news{running.id(), number, News::What::started, Trouble::none};
    if (!is_handshake(running.command()) && !version_known_[static_cast<std::size_t>(part.node)]) {
        news.what = News::What::failed;
        news.trouble = Trouble::no_version;
    } else {
        switch (links_.submit(part.node, head_of(running, number), wire, now())) {
            case ClientLinks::Taken::begun:
                part.begun = true;
                // It was suspended while it waited for its time.
                if (running.suspended) links_.hold(part.node, running.id(), true);
                break;
            case ClientLinks::Taken::queued:
                news.what = News::What::queued;
                break;
            case ClientLinks::Taken::full:
                news.what = News::What::failed;
                news.trouble = Trouble::queue_full;
                break;
            case ClientLinks::Taken::disabled:
                news.what = News::What::failed;
                news.trouble = Trouble::node_disabled;
                break;
        }
    }
    news_.push_back(news);
}

// ---- what the connections say ----

void ClientCore::on_begun(const CallHead& call) {
    RunningRequest* running = find(call.request);
    if (!running || call.confirms) return;
    RequestPart& part = running->parts[call.part];
    part.begun = true;
    part.range = map_.range(part.node);
    if (part.missed) return;
    news_.push_back({call.request, call.part, News::What::started, Trouble::none});
    if (running->suspended) links_.hold(part.node, call.request, true);
}

SessionAnswers::Next ClientCore::on_item(const CallHead& call, const ReadItem& item) {
    RunningRequest* running = find(call.request);
    return running ? running->on_item(running->parts[call.part], item) : SessionAnswers::Next::more;
}

SessionAnswers::Next ClientCore::on_released(const CallHead& call) {
    RunningRequest* running = find(call.request);
    return running ? running->go_on(running->parts[call.part]) : SessionAnswers::Next::more;
}

void ClientCore::on_done(const CallHead& call, const ReadAnswer& answer) {
    RunningRequest* running = find(call.request);
    if (!running) return;
    RequestPart& part = running->parts[call.part];
    if (call.confirms) return on_range_behind(*running, part, answer);
    Finished how{answer.status, Trouble::none, {}};
    const bool failed =
        answer.status == static_cast<std::uint32_t>(Status::error) || status_name(answer.status) == "unknown";
    if (failed) how.trouble = Trouble::fatal;
    if (answer.status == status_ok && is_handshake(call.command))
        how.trouble = learn(part.node, answer, call.command);
    const bool found = call.command == Command::exists ? answer.exists : !answer.value.empty();
    const bool asks_for_one = call.command == Command::get || call.command == Command::exists;
    if (asks_for_one && answer.status == status_ok && !found && options_.confirm_misses &&
        ask_whose_key(*running, call))
        return;
    running->tell_result(part, answer);
    part.status = answer.status;
    if (call.confirmed_behind && !failed) return;  // finished by the answer behind it
    finish_part(*running, part, how);
}

void ClientCore::on_failed(const CallHead& call, Trouble trouble, std::string_view why) {
    RunningRequest* running = find(call.request);
    if (!running || running->parts[call.part].ended) return;  // the answer behind one that has failed
    RequestPart& part = running->parts[call.part];
    finish_part(*running, part, {part.status, trouble, why});
}

void ClientCore::on_node_error(NodeNumber node) {
    if (deactivator_.note_error(node, now(), links_.size())) links_.disable(node, true);
}

void ClientCore::set_disabled(NodeNumber node, bool disabled) {
    deactivator_.forget(node);
    links_.disable(node, disabled);
}

// ---- what nodes say of themselves ----

Trouble ClientCore::learn(NodeNumber node, const ReadAnswer& answer, Command command) {
    if (command == Command::get_responsible_range) return learn_range(node, answer);
    const bool right = answer.value == version_text;
    version_known_[static_cast<std::size_t>(node)] = right;
    return right ? Trouble::none : Trouble::wrong_version;
}

Trouble ClientCore::learn_range(NodeNumber node, const ReadAnswer& answer) {
    const Result<HashRange> range = HashRange::make(answer.min, answer.max);
    if (!range) return Trouble::malformed;
    const bool known = map_.range(node) == *range;
    if (!known) map_.set(node, *range);
    for (std::uint32_t i = 0; i < links_.size(); ++i) {
        const auto other = map_.range(NodeNumber{i});
        if (NodeNumber{i} != node && other && other->overlaps(*range)) return Trouble::range_overlap;
    }
    return Trouble::none;
}

// Get and Exists do not look at the range: a node that has given a key away says that there is no record.
bool ClientCore::ask_whose_key(RunningRequest& running, const CallHead& call) {
    RequestPart& part = running.parts[call.part];
    if (!running.key || running.only) return false;
    CallHead head = call;
    head.command = Command::get_responsible_range;
    head.confirms = true;
    part.missed = true;
    const auto taken = links_.submit(part.node, head, range_question(), now());
    if (taken == ClientLinks::Taken::full) finish_part(running, part, {0, Trouble::queue_full, {}});
    if (taken == ClientLinks::Taken::disabled) finish_part(running, part, {0, Trouble::node_disabled, {}});
    return true;
}

void ClientCore::on_range_behind(RunningRequest& running, RequestPart& part, const ReadAnswer& answer) {
    const std::optional<HashRange> before = part.range;
    const bool told = answer.status == status_ok && learn_range(part.node, answer) != Trouble::malformed;
    if (!told) return finish_part(running, part, {part.status, Trouble::malformed, "it does not tell its range"});
    const HashRange after = map_.range(part.node).value_or(HashRange{});
    if (part.missed) {
        if (!after.contains(*running.key))
            return finish_part(running, part, {static_cast<std::uint32_t>(Status::wrong_node), Trouble::none, {}});
        ReadAnswer nothing;
        nothing.status = status_ok;
        running.tell_result(part, nothing);
        return finish_part(running, part, {status_ok, Trouble::none, {}});
    }
    if (part.status == status_ok && before) part.covered = before->common(after);
    finish_part(running, part, {part.status, Trouble::none, {}});
}

// ---- the end of a request ----

void ClientCore::finish_part(RunningRequest& running, RequestPart& part, const Finished& how) {
    if (part.endpoint && !how.succeeded()) ++links_.stats(part.node).errors;
    if (how.succeeded() && !is_about_records(running.command())) part.covered = map_.range(part.node);
    if (how.status == static_cast<std::uint32_t>(Status::wrong_node)) refresh_ranges();
    running.finish(part, how);
    if (running.all_ended()) end_request(running);
}

void ClientCore::end_request(RunningRequest& running) {
    if (running.over()) return;
    if (running.on_all_nodes) running.tell(GroupFinished{running.cover(), running.failed});
    running.end();
    times_[running.command()].record(now() - running.began);
    const auto at = requests_.find(running.id());
    if (at == requests_.end()) return;
    ended_.push_back(std::move(at->second));
    requests_.erase(at);
}

bool ClientCore::cancel(RequestId id) {
    const auto at = requests_.find(id);
    if (at == requests_.end()) return false;
    RunningRequest& running = *at->second;
    running.end();
    if (running.begins_at != never) scheduled_.erase({running.begins_at, id});
    for (const RequestPart& part : running.parts)
        if (part.endpoint && !part.ended) links_.cancel(part.node, id);
    ended_.push_back(std::move(at->second));
    requests_.erase(at);
    arm();
    return true;
}

bool ClientCore::set_suspended(RequestId id, bool suspended) {
    RunningRequest* running = find(id);
    if (!running || !has_items(running->command())) return false;
    running->suspended = suspended;
    for (const RequestPart& part : running->parts)
        if (part.endpoint && part.begun && !part.ended) links_.hold(part.node, id, suspended);
    arm();
    return true;
}

// ---- a turn ----

void ClientCore::deliver_news() {
    // What comes meanwhile waits for the next turn. Otherwise a notifier that begins a failing request each time
    // would keep the loop from all other events.
    for (std::size_t left = news_.size(); left > 0; --left) {
        const News news = news_.front();
        news_.pop_front();
        if (RunningRequest* running = find(news.request)) deliver(*running, news);
    }
}

void ClientCore::deliver(RunningRequest& running, const News& news) {
    if (news.what == News::What::scheduled) return running.tell(Scheduled{});
    RequestPart& part = running.parts[news.part];
    switch (news.what) {
        case News::What::queued:
            return running.tell(Queued{}, part.endpoint);
        case News::What::started:
            return running.tell(Started{}, part.endpoint);
        default:
            return finish_part(running, part, {0, news.trouble, {}});
    }
}

void ClientCore::begin_turn() {
    turn_began_ = environment_.clock.now();
    in_turn_ = true;
    deliver_news();
}

void ClientCore::woken() {
    armed_ = no_deadline;
    links_.on_deadlines(turn_began_);
    for (const NodeNumber node : deactivator_.take_due(turn_began_)) links_.disable(node, false);
    while (!scheduled_.empty() && scheduled_.begin()->first <= turn_began_) {
        RunningRequest& running = *find(scheduled_.begin()->second);
        scheduled_.erase(scheduled_.begin());
        running.begins_at = never;
        const std::string wire = std::move(running.wire);
        assign(running, wire);
    }
}

void ClientCore::finish_turn() {
    deliver_news();
    links_.flush();
    ended_.clear();
    in_turn_ = false;
    arm();
}

void ClientCore::arm() {
    if (in_turn_) return;
    Instant next = std::min(links_.next_deadline(), deactivator_.next_deadline());
    if (!scheduled_.empty()) next = std::min(next, scheduled_.begin()->first);
    if (links_.wants_flush() || !news_.empty() || !ended_.empty()) next = environment_.clock.now();
    if (next == armed_) return;
    armed_ = next;
    environment_.alarm.wake_at(next);
}

LegacyClientStats ClientCore::stats() const {
    LegacyClientStats all;
    for (const LegacyNodeView& view : nodes()) all.nodes.push_back(view.stats);
    all.requests_active = requests_.size();
    all.scheduled = scheduled_.size();
    all.times = times_;
    return all;
}

void ClientCore::clear_stats() {
    times_.clear();
    for (std::uint32_t i = 0; i < links_.size(); ++i) links_.stats(NodeNumber{i}) = {};
}

}  // namespace halp::legacy
