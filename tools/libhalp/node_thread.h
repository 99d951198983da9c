// An overlay node with its world, in a thread of its own. Everybody else asks it by call().
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "overlay/event.h"
#include "overlay/libevent/file_budget.h"
#include "overlay/libevent/file_storage.h"
#include "overlay/libevent/interface_watch.h"
#include "overlay/libevent/world.h"
#include "overlay/node/overlay_node.h"
#include "overlay/overlay_options.h"
#include "tools/libhalp/mailbox.h"
#include "tools/libhalp/node_backend.h"
#include "tools/libhalp/poller.h"

struct event;

namespace halp::lib {

class NodeThread final : Observer {
public:
    // What an announcement of the application stands for.
    struct Announced {
        Label label;
        Endpoint endpoint;
        bool own_host = false;
    };

    // Ready when it listens. `mailbox` outlives it.
    [[nodiscard]] static Result<std::unique_ptr<NodeThread>> start(const NodeSettings& settings, Mailbox& mailbox);
    ~NodeThread() override;  // leaves the swarm

    // Runs `body` in the thread and waits for what it returns.
    template <class Body>
    auto call(Body body) {
        using Answer = decltype(body(std::declval<NodeThread&>()));
        std::packaged_task<Answer()> task{[&] { return body(*this); }};
        auto answer = task.get_future();
        post([&task] { task(); });
        return answer.get();
    }

    // The rest is for bodies of call().
    OverlayNode& node() { return *node_; }
    [[nodiscard]] UnixSeconds wall() { return world_->clock().wall(); }
    [[nodiscard]] std::vector<Update> list(Id id, const Label& label);
    std::map<Id, Announced> announced;
    std::multimap<Label, Id> watches;

private:
    explicit NodeThread(Mailbox& mailbox) : mailbox_(mailbox) {}
    void post(std::function<void()> call);
    void run(const NodeSettings& settings, std::promise<Result<void>>& started);
    [[nodiscard]] Result<void> open(const NodeSettings& settings);
    [[nodiscard]] Result<void> open_storage(const NodeSettings& settings);
    void run_calls();
    void note(const Event& event) override;
    void tell(const Label& label, const Endpoint& endpoint, bool listed);
    void finish();

    Mailbox& mailbox_;
    std::thread thread_;
    Descriptor bell_;
    std::mutex mutex_;
    std::vector<std::function<void()>> calls_;  // under the mutex

    // Of the thread. What others refer to goes last.
    std::unique_ptr<FileBudget> files_;
    std::unique_ptr<LibeventWorld> world_;
    std::unique_ptr<Storage> cache_, state_;
    std::unique_ptr<EndpointTable> endpoints_;
    std::unique_ptr<InterfaceWatch> interfaces_;
    std::unique_ptr<OverlayNode> node_;
    event* bell_event_ = nullptr;
    bool leaving_ = false;
};

}  // namespace halp::lib
