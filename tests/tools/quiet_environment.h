// The interfaces of a world in which nothing happens by itself: a test moves the time, connections get no answer, files
// are in memory. For tests of code around a node.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "overlay/environment.h"
#include "overlay/event.h"

namespace halp {

class StandingClock final : public Clock {
public:
    Instant now() const override { return now_; }
    UnixSeconds wall() const override { return UnixSeconds{1'700'000'000}; }
    void advance(Duration by) { now_ += by; }

private:
    Instant now_{std::chrono::hours{1}};
};

class MemoryStorage final : public Storage {
public:
    Result<std::string> read(const std::string& name) override {
        const auto found = files_.find(name);
        if (found == files_.end()) return Error{ErrorCode::not_found, name + " does not exist"};
        return found->second;
    }
    Result<void> replace(const std::string& name, Bytes content) override {
        files_[name] = std::string{content};
        return {};
    }
    Result<void> remove(const std::string& name) override {
        files_.erase(name);
        return {};
    }
    Result<std::vector<std::string>> list() override {
        std::vector<std::string> names;
        for (const auto& [name, content] : files_) names.push_back(name);
        return names;
    }
    Result<void> update(const std::string& name, Change& change) override {
        files_[name] = change.apply(files_[name]);
        return {};
    }
    Result<void> append(const std::string& name, Bytes bytes) override {
        files_[name] += bytes;
        return {};
    }

private:
    std::map<std::string, std::string> files_;
};

class QuietWorld final : public Alarm, public Random, public Transport, public Observer {
public:
    void wake_at(Instant) override {}
    std::uint64_t next() override { return state_ = state_ * 6364136223846793005u + 1442695040888963407u; }
    StreamId connect(const Endpoint& to) override {
        dialled.push_back(to);
        return StreamId{++streams_};
    }
    void write(StreamId, Bytes) override {}
    void close(StreamId) override {}
    void abort(StreamId) override {}
    void note(const Event& event) override { events.push_back(event); }

    OverlayEnvironment environment() { return {{clock, *this, *this, *this}, cache, state, *this}; }

    StandingClock clock;
    MemoryStorage cache, state;
    std::vector<Endpoint> dialled;
    std::vector<Event> events;

private:
    std::uint64_t state_ = 42, streams_ = 0;
};

}  // namespace halp
