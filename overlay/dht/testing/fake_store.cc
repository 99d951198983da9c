#include "overlay/dht/testing/fake_store.h"

#include <utility>

namespace halp {

bool FakeStore::suffer(std::uint64_t& count) const {
    if (honest_ || count == 0) return false;
    if (count != StoreFaults::always) --count;
    return true;
}

// ---- reading ----

Result<bool> FakeStore::get(const Channel& channel, Key key, std::string& value) const {
    if (suffer(faults_.reads_failing)) return Error{ErrorCode::io, "A read failed because a test wants it so."};
    auto found = inner_.get(channel, key, value);
    if (found.value_or(false) && suffer(faults_.values_altered)) value += "?";
    return found;
}

Result<bool> FakeStore::exists(const Channel& channel, Key key) const {
    if (suffer(faults_.reads_failing)) return Error{ErrorCode::io, "A read failed because a test wants it so."};
    return inner_.exists(channel, key);
}

Result<Scan> FakeStore::scan(const Channel& channel, std::optional<Key> after, const Visit& visit) const {
    if (suffer(faults_.reads_failing)) return Error{ErrorCode::io, "A read failed because a test wants it so."};
    bool leave_out = suffer(faults_.scans_short);
    return inner_.scan(channel, after, [&](Key key, std::string_view value) {
        return std::exchange(leave_out, false) || visit(key, value);
    });
}

// ---- writing ----

void FakeStore::write(WriteToken token, std::size_t bytes, std::function<void()> write) {
    if (suffer(faults_.writes_failing)) return own_.push_back({token, Wrote::failed});
    if (suffer(faults_.writes_lost)) return own_.push_back({token, Wrote::done});
    if (honest_ || (faults_.write_delay <= Duration{0} && waiting_.empty())) return write();
    waiting_.push_back(std::move(write));
    waiting_bytes_ += bytes;
}

void FakeStore::put(const Channel& channel, Key key, std::string_view value, WriteToken token) {
    write(token, value.size(),
          [this, channel, key, text = std::string(value), token] { inner_.put(channel, key, text, token); });
}

void FakeStore::update(const Channel& channel, Key key, std::uint64_t original_hash, std::string_view value,
                       WriteToken token) {
    write(token, value.size(), [this, channel, key, original_hash, text = std::string(value), token] {
        inner_.update(channel, key, original_hash, text, token);
    });
}

void FakeStore::remove(const Channel& channel, Key key, WriteToken token) {
    write(token, 0, [this, channel, key, token] { inner_.remove(channel, key, token); });
}

void FakeStore::create_channel(const Channel& channel, WriteToken token) {
    write(token, 0, [this, channel, token] { inner_.create_channel(channel, token); });
}

void FakeStore::remove_channel(const Channel& channel, WriteToken token) {
    write(token, 0, [this, channel, token] { inner_.remove_channel(channel, token); });
}

void FakeStore::take_completions(std::vector<Completion>& completions) {
    completions.insert(completions.end(), own_.begin(), own_.end());
    own_.clear();
    inner_.take_completions(completions);
}

bool FakeStore::commit_due(Instant now) {
    if (sweeping()) return true;
    if (waiting_.empty()) return false;
    if (deadline_ == no_deadline) deadline_ = now + faults_.write_delay;
    return now >= deadline_;
}

Result<void> FakeStore::commit() {
    deadline_ = no_deadline;
    for (const auto& each : std::exchange(waiting_, {})) each();
    waiting_bytes_ = 0;
    return inner_.commit();
}

void FakeStore::empty_channel(const Channel& channel) {
    std::vector<Key> keys;
    // Records in memory can always be read.
    static_cast<void>(inner_.scan(channel, std::nullopt, [&](Key key, std::string_view) {
        keys.push_back(key);
        return true;
    }));
    for (const Key key : keys) inner_.remove(channel, key, WriteToken{});
    // Nobody has requested these removals, so nobody is told.
    std::vector<Completion> nobodys;
    inner_.take_completions(nobodys);
    std::erase_if(nobodys, [](const Completion& completion) { return completion.token == WriteToken{}; });
    own_.insert(own_.end(), nobodys.begin(), nobodys.end());
}

}  // namespace halp
