#include "simulations/world/faulty_storage.h"

#include <algorithm>
#include <cassert>

namespace halp {

namespace {

// Counts the bytes that an update writes.
class CountedChange final : public Storage::Change {
public:
    CountedChange(Storage::Change& inner, std::size_t& bytes) : inner_(inner), bytes_(bytes) {}
    std::string apply(Bytes old_content) override {
        std::string content = inner_.apply(old_content);
        bytes_ += content.size();
        return content;
    }

private:
    Storage::Change& inner_;
    std::size_t& bytes_;
};

}  // namespace

void FaultyStorage::fail(StorageFault fault, std::size_t operations) {
    fault_ = fault;
    left_ = fault == StorageFault::none ? 0 : operations;
}

bool FaultyStorage::strikes(Operation operation) {
    if (watcher_ && operation != Operation::read && fault_ == StorageFault::none && !watcher_->may_write())
        assert(fault_ == StorageFault::broken);  // the files of a dead process
    bool hit = false;
    switch (fault_) {
        case StorageFault::none:
            break;
        case StorageFault::full:
            hit = operation != Operation::read && operation != Operation::remove;
            break;
        case StorageFault::read_only:
            hit = operation != Operation::read;
            break;
        case StorageFault::busy:
            hit = operation == Operation::update;
            break;
        case StorageFault::broken:
            hit = true;
            break;
    }
    if (!hit || left_ == 0) return false;
    if (left_ != for_ever) --left_;
    ++failures_;
    return true;
}

Error FaultyStorage::error(const std::string& name) const {
    switch (fault_) {
        case StorageFault::full:
            return {ErrorCode::full, "The disk is full; " + name + " was not written."};
        case StorageFault::read_only:
            return {ErrorCode::io, "The directory is read-only; " + name + " stays as it is."};
        case StorageFault::busy:
            return {ErrorCode::busy, "Another process holds the lock of " + name + "."};
        case StorageFault::none:
        case StorageFault::broken:
            break;
    }
    return {ErrorCode::io, "The disk does not answer for " + name + "."};
}

void FaultyStorage::forget_durable(std::vector<Tail>& tails) const {
    if (!clock_) return;
    const Instant now = clock_->now();
    std::erase_if(tails, [now](const Tail& tail) { return now - tail.appended >= durable_after; });
}

void FaultyStorage::lose_power(Random& random) {
    for (auto& [name, tails] : recent_appends_) {
        const Result<std::string> content = inner_.read(name);
        if (!content) continue;
        forget_durable(tails);
        std::size_t at_risk = 0;
        for (const Tail& tail : tails) at_risk += tail.bytes;
        const std::size_t lost = static_cast<std::size_t>(random.below(std::min(at_risk, content->size()) + 1));
        const Bytes whole{*content};
        const Result<void> cut = inner_.replace(name, whole.substr(0, whole.size() - lost));
        assert(cut.has_value());
    }
    recent_appends_.clear();
}

Result<std::string> FaultyStorage::read(const std::string& name) {
    if (strikes(Operation::read)) return error(name);
    return inner_.read(name);
}

Result<void> FaultyStorage::replace(const std::string& name, Bytes content) {
    if (strikes(Operation::write)) return error(name);
    ++replacements_;
    bytes_written_ += content.size();
    recent_appends_.erase(name);
    return inner_.replace(name, content);
}

Result<void> FaultyStorage::remove(const std::string& name) {
    if (strikes(Operation::remove)) return error(name);
    recent_appends_.erase(name);
    return inner_.remove(name);
}

Result<std::vector<std::string>> FaultyStorage::list() {
    if (strikes(Operation::read)) return error("the directory");
    return inner_.list();
}

Result<void> FaultyStorage::update(const std::string& name, Change& change) {
    if (strikes(Operation::update)) return error(name);
    ++replacements_;
    recent_appends_.erase(name);
    CountedChange counted{change, bytes_written_};
    return inner_.update(name, counted);
}

Result<void> FaultyStorage::append(const std::string& name, Bytes bytes) {
    if (strikes(Operation::append)) {
        const Bytes torn = bytes.substr(0, std::min(torn_bytes_, bytes.size()));
        if (fault_ == StorageFault::full && !torn.empty()) {
            const Result<void> piece = inner_.append(name, torn);
            assert(piece.has_value());
        }
        return error(name);
    }
    ++appends_;
    bytes_written_ += bytes.size();
    std::vector<Tail>& tails = recent_appends_[name];
    forget_durable(tails);
    tails.push_back({clock_ ? clock_->now() : Instant{}, bytes.size()});
    return inner_.append(name, bytes);
}

}  // namespace halp
