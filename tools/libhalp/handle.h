// What a `halp_handle*` points to: a backend, its watches, and the loop that tells them.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/label.h"
#include "tools/libhalp/backend.h"
#include "tools/libhalp/include/halp/halp.h"
#include "tools/libhalp/poller.h"
#include "tools/libhalp/watch_table.h"

namespace halp::lib {

class Handle {
public:
    [[nodiscard]] static Result<std::unique_ptr<Handle>> open(const halp_options& options);

    [[nodiscard]] Backend& backend() { return *backend_; }
    [[nodiscard]] int mode() const { return backend_->mode(); }
    [[nodiscard]] int fd() const { return poller_->fd(); }
    [[nodiscard]] std::chrono::milliseconds timeout() const { return timeout_; }
    // A callback is running.
    [[nodiscard]] bool telling() const { return telling_; }

    [[nodiscard]] Result<Id> announce(const AnnouncementWanted& wanted);
    [[nodiscard]] Result<Id> watch(const Label& label, halp_watch_callback callback, void* context);
    [[nodiscard]] Result<void> cancel(Id id);
    // How many callbacks were called.
    int dispatch(int timeout_ms);

private:
    struct Watch {
        std::string label;
        halp_watch_callback callback = nullptr;
        void* context = nullptr;
        WatchTable table{};
    };
    Handle(std::unique_ptr<Poller> poller, std::chrono::milliseconds timeout)
        : poller_(std::move(poller)), timeout_(timeout) {}
    [[nodiscard]] Result<void> choose_backend(const halp_options& options);
    int tell(std::vector<Update> updates);
    bool tell_one(const Update& update);

    std::unique_ptr<Poller> poller_;
    std::chrono::milliseconds timeout_;
    std::unique_ptr<Backend> backend_;
    std::map<Id, Watch> watches_;
    Id last_id_ = 0;
    bool telling_ = false;
};

}  // namespace halp::lib

// The type of the C interface.
struct halp_handle {
    std::unique_ptr<halp::lib::Handle> handle;
};
