// Updates from another thread of the handle: the cache's or the node's.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "tools/libhalp/backend.h"
#include "tools/libhalp/poller.h"

namespace halp::lib {

class Mailbox {
public:
    static constexpr std::size_t updates_max = std::size_t{1} << 16;
    static constexpr std::uint64_t token = ~std::uint64_t{0} - 1;

    [[nodiscard]] static Result<std::unique_ptr<Mailbox>> make(Poller& poller);

    // False when it is full: the update is dropped, and overflowed() says so once.
    bool put(Update update);
    void put_all(std::vector<Update> updates);  // of a list, which may be longer
    void drop(Id watch);
    struct Content {
        std::vector<Update> updates;
        bool overflowed = false;
    };
    [[nodiscard]] Content take();

private:
    explicit Mailbox(Descriptor bell) : bell_(std::move(bell)) {}
    void ring();

    Descriptor bell_;
    std::mutex mutex_;
    Content content_;
};

}  // namespace halp::lib
