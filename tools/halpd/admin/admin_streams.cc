// The streams of AdminApi: their first events, and the form of an event.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tools/halpd/admin/admin_api.h"
#include "tools/halpd/admin/admin_json.h"
#include "tools/halpd/admin/event_text.h"

namespace halp {
namespace {

// Joining and leaving nodes have their own events. A stream of the label `halp` shows them as entries.
struct Change {
    const Label* label = nullptr;
    const Endpoint* endpoint = nullptr;
    bool learned = false;
    std::string_view reason;
    bool again = false;  // it was listed before
};

Change change_of(const Event& event) {
    const Label& nodes = Label::halp();
    return match(
        event,
        [](const EntryLearned& e) {
            return Change{&e.label, &e.endpoint, true, text(e.from)};
        },
        [](const EntryForgotten& e) {
            return Change{&e.label, &e.endpoint, false, text(e.why)};
        },
        [&](const PeerJoined& e) {
            return Change{&nodes, &e.peer, true, "gossip"};
        },
        [&](const PeerBuried& e) {
            return Change{&nodes, &e.peer, false, "failed"};
        },
        [&](const PeerLeft& e) {
            return Change{&nodes, &e.peer, false, "withdrawn"};
        },
        [&](const PeerExpired& e) {
            return Change{&nodes, &e.peer, false, "expired"};
        },
        [](const EntryMoved& e) {
            return Change{&e.label, &e.endpoint, true, text(e.from), true};
        },
        [&](const NodeListed& e) {
            return Change{&nodes, &e.peer, true, text(e.from), e.again};
        },
        [&](const NodeUnlisted& e) {
            return Change{&nodes, &e.peer, false, text(e.why)};
        },
        [](const auto&) { return Change{}; });
}

// `now`: the host as it is listed, if it is.
Json change_fields(const Change& change, const std::optional<ListedHost>& now) {
    Json object = Json::object();
    object.set("label", change.label->text());
    add_endpoint(object, *change.endpoint).set(change.learned ? "from" : "why", change.reason);
    if (!change.learned || !now) return object;
    object.set("seen_unix_s", count(now->seen)).set("own", now->own).set("proved", now->proved);
    object.set("claimed", now->claimed).set("tags", json_of_tags(now->tags));
    return change.again ? object.set("again", true) : object;
}

bool for_everybody(const Event& event) {
    return match(
        event, [](const QueryAnswered&) { return false; }, [](const RoundDone&) { return false; },
        [](const EntryMoved&) { return false; }, [](const NodeListed&) { return false; },
        [](const NodeUnlisted&) { return false; }, [](const auto&) { return true; });
}

}  // namespace

std::string AdminApi::framed(std::string_view event, const Json& data) {
    return "event: " + std::string{event} + "\ndata: " + admin_text(data) + "\n\n";
}

std::string AdminApi::with_id(std::string_view event, const Json& data) const {
    return "id: " + std::to_string(last_event_) + "\n" + framed(event, data);
}

void AdminApi::remember_events() { ring_.begin(last_event_); }

// What happens from now on has no id, so no reader may come back with the present one.
void AdminApi::forget_events() {
    ring_.end();
    ++last_event_;
}

void AdminApi::note(const Event& event) {
    if (!ring_.recording() || (!for_everybody(event) && halp::change_of(event).label == nullptr)) return;
    ring_.add(++last_event_, event);
}

// What a reader that comes back has missed; what it begins with when that is not known any more, or when it is new,
// is the caller's.
std::string AdminApi::missed_texts(const AdminRequest& request, const std::optional<Label>& filter) {
    std::string texts = ": resumed\n\n";
    const std::uint64_t newest = last_event_;
    for (const auto& [id, event] : ring_.after(*EventRing::id_of(request.last_event_id))) {
        last_event_ = id;
        texts += stream_text(event, filter);
    }
    last_event_ = newest;
    return texts;
}

std::string AdminApi::leaving_text() { return framed("leaving", Json::object()); }

std::string AdminApi::stream_text(const Event& event, const std::optional<Label>& filter, bool with_id) {
    const auto written = [&](std::string_view name, const Json& data) {
        return with_id ? this->with_id(name, data) : framed(name, data);
    };
    if (!filter) return for_everybody(event) ? written(event_name(event), event_fields(event)) : std::string{};
    const Change change = halp::change_of(event);
    if (change.label == nullptr || *change.label != *filter) return {};
    return written(change.learned ? "entry_learned" : "entry_forgotten",
                   change_fields(change, node_.listed(*change.label, *change.endpoint)));
}

std::string AdminApi::listed_text(const Label& label, const ListedHost& host) {
    const ListedHost now = node_.listed(label, host.endpoint).value_or(host);
    return framed("entry", json_of(now).set("label", label.text()));
}

std::string AdminApi::list_complete_text(const Label& label) {
    const std::size_t total = node_.host_count(label);
    return with_id("initial_list_complete", Json::object().set("label", label.text()).set("total", total));
}

std::optional<AdminApi::EntryChange> AdminApi::change_of(const Event& event, const Label& label) {
    const Change change = halp::change_of(event);
    if (change.label == nullptr || *change.label != label) return std::nullopt;
    return EntryChange{*change.endpoint, change.learned};
}

AdminReply AdminApi::events(const AdminRequest& request) {
    const Result<Parameters> query = Parameters::of_query(request.target);
    if (!query) return failure(400, "bad_request", query.error().message);
    const Result<void> known = query->only({"label"});
    if (!known) return failure(400, "bad_request", known.error().message);
    const std::optional<std::uint64_t> seen = EventRing::id_of(request.last_event_id);
    const bool resumes = seen && ring_.has_all_after(*seen) && *seen <= last_event_;
    const std::string gap = seen && !resumes
                                ? framed("gap", Json::object().set("after", *seen).set("oldest", ring_.oldest()))
                                : std::string{};
    AdminReply reply;
    reply.stream.emplace();
    if (!query->has("label")) {
        reply.stream->opening =
            resumes ? missed_texts(request, std::nullopt) : gap + with_id("initial_list_complete", Json::object());
        return reply;
    }
    const Result<Label> label = Label::parse(*query->text("label"));
    if (!label) return failure(400, "bad_label", label.error().message);
    if (label->lists_names()) return failure(400, "bad_label", "lists of names cannot be watched");
    reply.stream->label = *label;
    node_.watch(*label, true);
    reply.stream->opening = resumes ? missed_texts(request, *label) : gap;
    if (resumes) return reply;
    reply.stream->has_list = true;
    reply.stream->list = node_.hosts(*label, 0, node_.host_count(*label));
    return reply;
}

AdminReply AdminApi::announce(const AdminRequest& request) {
    if (leaving_) return failure(503, "leaving", "the daemon is going down");
    const Result<Parameters> query = Parameters::of_query(request.target);
    if (!query) return failure(400, "bad_request", query.error().message);
    const Result<void> known = query->only({"label", "host", "port", "endpoint", "tags"});
    if (!known) return failure(400, "bad_request", known.error().message);
    const Result<std::string> name = query->text("label");
    if (!name) return failure(400, "bad_request", name.error().message);
    const Result<Label> label = Label::parse(*name);
    if (!label) return failure(400, "bad_label", label.error().message);
    const Named named = endpoint_of(*query, HostRule::self_host);
    if (!named.endpoint) return named.failure;
    const Result<OwnAnnouncement> own = announce_named(*label, *named.endpoint, named.own_host, *query);
    if (!own) return failure(own.error().code == ErrorCode::invalid ? 400 : 403, "refused", own.error().message);
    ++held_[key_of(*own)];
    AdminReply reply;
    reply.stream.emplace();
    reply.stream->held = *own;
    reply.stream->opening = framed("announced", json_of(*own));
    return reply;
}

void AdminApi::watch(const Label& label) { node_.watch(label, true); }

void AdminApi::unwatch(const Label& label) { node_.watch(label, false); }

// A host that was listed already, as somebody's claim, becomes an announcement without an event of its own. So the
// announcements are compared, as soon as any event comes after the move.
std::string AdminApi::moved_text(OwnAnnouncement& held) {
    const std::optional<Endpoint>& self = node_.self();
    if (!held.own_host || !self || self->host == held.endpoint.host) return {};
    for (const OwnAnnouncement& own : node_.announcements()) {
        if (!own.own_host || own.label != held.label || own.endpoint.port != held.endpoint.port) continue;
        if (own.endpoint == held.endpoint) continue;
        held.endpoint = own.endpoint;
        return framed("announced", json_of(held));
    }
    return {};
}

void AdminApi::release(const OwnAnnouncement& held) {
    const Announced announced = key_of(held);
    const auto found = held_.find(announced);
    if (found == held_.end() || --found->second > 0) return;
    held_.erase(found);
    if (kept_.count(announced) > 0) return;
    // False: it was withdrawn by other means.
    static_cast<void>(held.own_host ? node_.withdraw_here(held.label, held.endpoint.port)
                                    : node_.withdraw(held.label, held.endpoint));
}

}  // namespace halp
