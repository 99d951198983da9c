// The doors that nodes and clients of the DHT are given and never use: files and the overlay's events.
#pragma once

#include <string>
#include <vector>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "store/result.h"

namespace halp {

class NoFiles final : public Storage {
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

class NoEvents final : public Observer {
public:
    void note(const Event&) override {}
};

struct UnusedDoors {
    NoFiles files;
    NoEvents events;
};

}  // namespace halp
