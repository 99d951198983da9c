// A daemon on this machine, through its admin socket. An announcement is a stream that the daemon ends by itself
// when this process dies; a watch is a stream of events. Streams that break are opened again, with growing pauses.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/libhalp/backend.h"
#include "tools/libhalp/daemon_connection.h"
#include "tools/libhalp/poller.h"

namespace halp::lib {

class DaemonBackend final : public Backend {
public:
    // `poller` outlives it.
    DaemonBackend(std::string socket, std::chrono::milliseconds timeout, Poller& poller)
        : socket_(std::move(socket)), timeout_(timeout), poller_(poller), calls_(socket_, timeout) {}

    // Ok when a daemon answers there.
    [[nodiscard]] Result<void> probe();

    [[nodiscard]] int mode() const override;
    [[nodiscard]] Result<HostPage> lookup(const Label& label, const PageWanted& wanted) override;
    [[nodiscard]] Result<HostPage> labels(const Label& directory, const PageWanted& wanted) override;
    [[nodiscard]] Result<void> announce(Id id, const AnnouncementWanted& wanted) override;
    [[nodiscard]] Result<void> watch(Id id, const Label& label) override;
    [[nodiscard]] Result<void> cancel(Id id) override;
    [[nodiscard]] Result<void> confirm(const Label& label, const Endpoint& endpoint, bool worked) override;
    void step(const std::vector<std::uint64_t>& ready, std::vector<Update>& updates) override;
    [[nodiscard]] std::optional<Endpoint> own_dht_node() override;

private:
    struct Kept {
        bool watches = false;
        DaemonStream stream;
        bool open = false;               // it was answered
        SteadyClock::time_point next{};  // when to open it again, or when its silence is too long
        std::chrono::milliseconds pause{};
        std::vector<Update> early{};  // what came while it was being opened
    };
    [[nodiscard]] Result<void> keep(Id id, bool watches, const std::string& target);
    void read(Id id, Kept& kept, std::vector<Update>& updates);
    void open_again(Id id, Kept& kept, std::vector<Update>& updates);
    void lose(Id id, Kept& kept, std::vector<Update>& updates);
    void set_timer();

    std::string socket_;
    std::chrono::milliseconds timeout_;
    Poller& poller_;
    DaemonCalls calls_;
    std::string target_;
    std::map<Id, std::unique_ptr<Kept>> kept_;
};

// Where a daemon may listen, in the order to look: $HALP_SOCKET alone, or the usual places.
[[nodiscard]] std::vector<std::string> daemon_sockets();

}  // namespace halp::lib
