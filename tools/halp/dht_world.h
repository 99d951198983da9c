// A libevent world with what protocol code wants besides: files and an observer that the DHT does not use.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/libevent_world.h"

namespace halp::cli {

class NoStorage final : public Storage {
public:
    [[nodiscard]] Result<std::string> read(const std::string&) override { return none(); }
    [[nodiscard]] Result<void> replace(const std::string&, Bytes) override { return none(); }
    [[nodiscard]] Result<void> remove(const std::string&) override { return {}; }
    [[nodiscard]] Result<std::vector<std::string>> list() override { return std::vector<std::string>{}; }
    [[nodiscard]] Result<void> update(const std::string&, Change&) override { return none(); }
    [[nodiscard]] Result<void> append(const std::string&, Bytes) override { return none(); }

private:
    static Error none() { return {ErrorCode::io, "There are no files here."}; }
};

class NoObserver final : public Observer {
public:
    void note(const Event&) override {}
};

struct DhtWorld {
    explicit DhtWorld(std::size_t connections_max) : world(limits_for_streaming(connections_max)) {}
    [[nodiscard]] Environment doors() {
        return {world.clock(), world.alarm(), world.random(), world.transport(), storage, storage, observer};
    }
    LibeventWorld world;
    NoStorage storage;
    NoObserver observer;
};

}  // namespace halp::cli
