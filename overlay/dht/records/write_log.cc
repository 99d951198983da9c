#include "overlay/dht/records/write_log.h"

#include <algorithm>
#include <cassert>

namespace halp {

WriteToken WriteLog::expect(Kind kind, const Channel& channel, Key key, Requester requester,
                            std::size_t value_bytes) {
    pending_.push_back({kind, false, key, channel, requester, value_bytes});
    wrote_ = true;
    return WriteToken{first_token_ + pending_.size() - 1};
}

std::optional<Wrote> WriteLog::put(const Channel& channel, Key key, std::string_view value, Requester requester) {
    return put_as(Kind::change, channel, key, value, requester);
}
std::optional<Wrote> WriteLog::put_quietly(const Channel& channel, Key key, std::string_view value,
                                           Requester requester) {
    return put_as(Kind::quiet, channel, key, value, requester);
}
std::optional<Wrote> WriteLog::remove(const Channel& channel, Key key, Requester requester) {
    return remove_as(Kind::removal, channel, key, requester);
}
std::optional<Wrote> WriteLog::remove_quietly(const Channel& channel, Key key, Requester requester) {
    return remove_as(Kind::quiet, channel, key, requester);
}

std::optional<Wrote> WriteLog::put_as(Kind kind, const Channel& channel, Key key, std::string_view value,
                                      Requester requester) {
    if (at_once()) {
        store_.put(channel, key, value, next_token());
        return complete(kind, channel, key, value.size());
    }
    store_.put(channel, key, value, expect(kind, channel, key, requester, value.size()));
    return std::nullopt;
}

std::optional<Wrote> WriteLog::remove_as(Kind kind, const Channel& channel, Key key, Requester requester) {
    if (at_once()) {
        store_.remove(channel, key, next_token());
        return complete(kind, channel, key);
    }
    store_.remove(channel, key, expect(kind, channel, key, requester));
    return std::nullopt;
}

// No other write is pending, so the only completion is that of this write.
Wrote WriteLog::complete(Kind kind, const Channel& channel, Key key, std::size_t value_bytes) {
    completions_.clear();
    store_.take_completions(completions_);
    assert(completions_.size() == 1);
    const Wrote wrote = completions_.front().wrote;
    if (wrote != Wrote::done) return wrote;
    if (kind == Kind::change) actions_.written.add(value_bytes);
    tell(kind, channel, key);
    return wrote;
}

std::optional<Wrote> WriteLog::update(const Channel& channel, Key key, std::uint64_t original_hash,
                                      std::string_view value, Requester requester) {
    if (at_once()) {
        store_.update(channel, key, original_hash, value, next_token());
        return complete(Kind::change, channel, key, value.size());
    }
    store_.update(channel, key, original_hash, value, expect(Kind::change, channel, key, requester, value.size()));
    return std::nullopt;
}

void WriteLog::remove_channel(const Channel& channel, Requester requester) {
    store_.remove_channel(channel, expect(Kind::channel_removal, channel, Key{}, requester));
}

std::optional<Wrote> WriteLog::create_channel(const Channel& channel, Requester requester) {
    if (at_once()) {
        store_.create_channel(channel, next_token());
        return complete(Kind::creation, channel, Key{});
    }
    store_.create_channel(channel, expect(Kind::creation, channel, Key{}, requester));
    return std::nullopt;
}

void WriteLog::collect() {
    completions_.clear();
    store_.take_completions(completions_);
    for (const Completion& completion : completions_) {
        const std::uint64_t at = static_cast<std::uint64_t>(completion.token) - first_token_;
        assert(at < pending_.size() && !pending_[at].over);
        Pending& write = pending_[at];
        write.over = true;
        if (write.kind == Kind::change && completion.wrote == Wrote::done) actions_.written.add(write.value_bytes);
        const bool gone = write.kind == Kind::channel_removal && completion.wrote == Wrote::absent;
        if (completion.wrote == Wrote::done || gone) tell(write.kind, write.channel, write.key);
        const Requester requester = write.requester;
        if (requester.handler) requester.handler->on_written(requester.stream, requester.request, completion.wrote);
    }
    for (; !pending_.empty() && pending_.front().over; ++first_token_) pending_.pop_front();
    if (store_tells_) tell_changes();
}

void WriteLog::tell_changes() {
    changes_.clear();
    store_.take_changes(changes_);
    for (const RecordChange& change : changes_) {
        const Kind kind = change.kind == RecordChange::Kind::written   ? Kind::change
                          : change.kind == RecordChange::Kind::removed ? Kind::removal
                                                                       : Kind::channel_removal;
        tell_listeners(kind, change.channel, change.key);
    }
}

void WriteLog::forget(const CompletionHandler& handler) {
    for (Pending& write : pending_)
        if (write.requester.handler == &handler) write.requester.handler = nullptr;
}

void WriteLog::tell(Kind kind, const Channel& channel, Key key) {
    if (!watchers_.empty()) tell_watchers(kind, channel, key);
    if (!listeners_.empty() && !store_tells_) tell_listeners(kind, channel, key);
}

void WriteLog::tell_listeners(Kind kind, const Channel& channel, Key key) {
    const auto found = listeners_.find(channel);
    if (found == listeners_.end()) return;
    if (kind == Kind::channel_removal) {
        const std::vector<RecordListener*> removed = std::move(found->second);
        listeners_.erase(found);
        if (store_tells_) store_.follow(channel, false);
        for (RecordListener* listener : removed) listener->on_channel_removed();
        return;
    }
    for (RecordListener* listener : found->second) {
        if (kind == Kind::change) listener->on_changed(key);
        if (kind == Kind::removal) listener->on_removed(key);
    }
}

void WriteLog::tell_watchers(Kind kind, const Channel& channel, Key key) {
    for (RecordWatcher* watcher : watchers_) {
        if (kind == Kind::change || kind == Kind::removal) watcher->on_write(channel, key);
        if (kind == Kind::channel_removal) watcher->on_channel_removed(channel);
    }
}

void WriteLog::listen(const Channel& channel, RecordListener& listener) {
    if (store_tells_) tell_changes();  // of the time before, which are not for this listener
    std::vector<RecordListener*>& listeners = listeners_[channel];
    if (store_tells_ && listeners.empty()) store_.follow(channel, true);
    listeners.push_back(&listener);
}

void WriteLog::unlisten(const Channel& channel, RecordListener& listener) {
    const auto found = listeners_.find(channel);
    if (found == listeners_.end()) return;
    std::erase(found->second, &listener);
    if (!found->second.empty()) return;
    listeners_.erase(found);
    if (store_tells_) store_.follow(channel, false);
}

std::vector<Channel> WriteLog::listened_channels() const {
    std::vector<Channel> out;
    for (const auto& [channel, listeners] : listeners_) out.push_back(channel);
    return out;
}

std::size_t WriteLog::listener_count(const Channel& channel) const {
    const auto found = listeners_.find(channel);
    return found == listeners_.end() ? 0 : found->second.size();
}

Result<void> WriteLog::commit_if_due(Instant now, std::size_t waiting_bytes_max) {
    const bool asked = wrote_ || now >= store_.next_deadline();
    wrote_ = false;
    if (!asked) return {};
    const bool due = store_.commit_due(now) || store_.waiting_bytes() > waiting_bytes_max;
    return due ? store_.commit() : Result<void>{};
}

std::vector<Key> WriteLog::keys_pending(const Channel& channel) const {
    std::vector<Key> keys;
    for (const Pending& one : pending_)
        if (!one.over && one.channel == channel) keys.push_back(one.key);
    std::ranges::sort(keys);
    return keys;
}

std::size_t WriteLog::listeners_sending(const Channel& channel) const {
    const auto found = listeners_.find(channel);
    if (found == listeners_.end()) return 0;
    const auto count = std::ranges::count_if(found->second, [](const auto* one) { return one->sending(); });
    return static_cast<std::size_t>(count);
}

}  // namespace halp
