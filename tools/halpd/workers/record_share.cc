#include "tools/halpd/workers/record_share.h"

#include <cassert>

#include "store/hash.h"

namespace halp {
namespace {

RecordChange change_of(const RecordShare::Write& write) {
    using enum RecordShare::Kind;
    const bool removed = write.kind == remove || write.kind == remove_channel;
    return {removed ? RecordChange::Kind::removed : RecordChange::Kind::written, write.channel, write.key};
}

// Whether followers hear of the write itself. They hear of a channel's removal when every share has removed it.
bool is_told(RecordShare::Kind kind) {
    using enum RecordShare::Kind;
    return kind == put || kind == update || kind == remove;
}

}  // namespace

std::size_t share_of(Key key, std::size_t shares) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::size_t>((static_cast<Wide>(mix(value_of(key))) * shares) >> 64);
}

void RecordShare::set_store(std::unique_ptr<RecordStore> store) {
    store_ = std::move(store);
    at_once_ = store_->completes_at_once();
    due_at_ = store_->next_deadline();
}

void RecordShare::apply(const Write& write, WriteToken token) {
    switch (write.kind) {
        case Kind::put:
            return store_->put(write.channel, write.key, write.value, token);
        case Kind::update:
            return store_->update(write.channel, write.key, write.original_hash, write.value, token);
        case Kind::remove:
            return store_->remove(write.channel, write.key, token);
        case Kind::create_channel:
            return store_->create_channel(write.channel, token);
        case Kind::remove_channel:
            return store_->remove_channel(write.channel, token);
    }
}

std::optional<Wrote> RecordShare::write(const Write& write, const Writer& writer) {
    const std::lock_guard guard{lock_};
    if (!at_once_) {
        pending_.push_back({writer, change_of(write), !is_told(write.kind)});
        apply(write, WriteToken{first_token_ + pending_.size() - 1});
        distribute();
        return std::nullopt;
    }
    apply(write, WriteToken{});
    completions_.clear();
    store_->take_completions(completions_);
    assert(completions_.size() == 1);
    const Wrote wrote = completions_.front().wrote;
    if (wrote == Wrote::done && !followers_.empty() && is_told(write.kind)) tell(change_of(write));
    return wrote;
}

void RecordShare::tell(const RecordChange& change) {
    const auto found = followers_.find(change.channel);
    if (found == followers_.end()) return;
    for (std::size_t worker = 0; worker < inboxes_.size(); ++worker)
        if ((found->second >> worker & 1U) != 0) inboxes_[worker]->post(change);
}

void RecordShare::distribute() {
    completions_.clear();
    store_->take_completions(completions_);
    for (const Completion& completion : completions_) {
        const std::uint64_t at = static_cast<std::uint64_t>(completion.token) - first_token_;
        assert(at < pending_.size() && !pending_[at].over);
        Pending& write = pending_[at];
        write.over = true;
        if (completion.wrote == Wrote::done && !write.silent && !followers_.empty()) tell(write.change);
        inboxes_[write.writer.worker]->post(Completion{write.writer.token, completion.wrote});
    }
    for (; !pending_.empty() && pending_.front().over; ++first_token_) pending_.pop_front();
    due_at_ = store_->next_deadline();
}

void RecordShare::follow(const Channel& channel, std::size_t worker, bool wanted) {
    const std::lock_guard guard{lock_};
    const WorkerSet bit = WorkerSet{1} << worker;
    if (wanted) {
        followers_[channel] |= bit;
        return;
    }
    const auto found = followers_.find(channel);
    if (found == followers_.end()) return;
    found->second &= ~bit;
    if (found->second == 0) followers_.erase(found);
}

WorkerSet RecordShare::followers_of(const Channel& channel) {
    const std::lock_guard guard{lock_};
    const auto found = followers_.find(channel);
    return found == followers_.end() ? 0 : found->second;
}

Result<void> RecordShare::set_range(const HashRange& wanted) {
    const std::lock_guard guard{lock_};
    Result<void> set = store_->set_range(wanted);
    distribute();
    return set;
}

bool RecordShare::commit_due(Instant now) {
    const std::lock_guard guard{lock_};
    const bool due = store_->commit_due(now);
    due_at_ = store_->next_deadline();
    return due;
}

Result<void> RecordShare::commit() {
    const std::lock_guard guard{lock_};
    Result<void> done = store_->commit();
    distribute();
    return done;
}

}  // namespace halp
