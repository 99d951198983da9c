// A node of this process. It runs in a thread of its own: a node that waits for the application's next turn would
// look dead to its peers as soon as the application is busy for a few seconds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/libhalp/backend.h"
#include "tools/libhalp/mailbox.h"
#include "tools/libhalp/poller.h"

namespace halp::lib {

// Texts as the application gave them; "" is the default.
struct NodeSettings {
    std::string cache_dir, state_dir, listen, advertise, join, swarm, profile;
};

class NodeThread;

class NodeBackend final : public Backend {
public:
    [[nodiscard]] static Result<std::unique_ptr<Backend>> open(const NodeSettings& settings, Poller& poller);
    ~NodeBackend() override;

    [[nodiscard]] int mode() const override;
    [[nodiscard]] Result<HostPage> lookup(const Label& label, const PageWanted& wanted) override;
    [[nodiscard]] Result<HostPage> labels(const Label& directory, const PageWanted& wanted) override;
    [[nodiscard]] Result<void> announce(Id id, const AnnouncementWanted& wanted) override;
    [[nodiscard]] Result<void> watch(Id id, const Label& label) override;
    [[nodiscard]] Result<void> cancel(Id id) override;
    [[nodiscard]] Result<void> confirm(const Label& label, const Endpoint& endpoint, bool worked) override;
    void step(const std::vector<std::uint64_t>& ready, std::vector<Update>& updates) override;

private:
    NodeBackend(std::unique_ptr<Mailbox> mailbox, std::unique_ptr<NodeThread> thread);

    std::unique_ptr<Mailbox> mailbox_;  // outlives the thread
    std::unique_ptr<NodeThread> thread_;
};

}  // namespace halp::lib
