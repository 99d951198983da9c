// The real world of a node: the machine's clock, sockets, timers and randomness on one libevent loop and one
// thread. Protocol code sees only the interfaces of overlay/environment.h. A program makes the world, attaches the
// node and runs the loop.
//
//     LibeventWorld world;
//     OverlayNode node({world.environment(), cache, state, observer}, endpoints, options);
//     world.attach(node);
//     auto listening = world.listen({"::", 3451});
//     world.on_signal(SIGTERM, [&] { world.stop(); });
//     world.run();
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "overlay/environment.h"
#include "overlay/libevent/address.h"
#include "overlay/libevent/file_budget.h"
#include "overlay/libevent/limits.h"
#include "overlay/libevent/output_account.h"
#include "overlay/read_control.h"
#include "store/endpoint.h"
#include "store/result.h"
#include "store/time.h"

struct event_base;

namespace halp {

class LibeventWorld {
public:
    // With `borrowed`, an event base that outlives the world, several worlds share one loop. A program with several
    // worlds or other connections gives all of them one budget of files and one account of unsent bytes, which
    // outlive them. SIGPIPE is ignored from now on, in the whole process, and what libevent says goes where
    // library_log.h says.
    explicit LibeventWorld(const WorldLimits& limits = {}, event_base* borrowed = nullptr,
                           FileBudget* files = nullptr, OutputAccount* output = nullptr);
    ~LibeventWorld();
    LibeventWorld(const LibeventWorld&) = delete;
    LibeventWorld& operator=(const LibeventWorld&) = delete;

    // To be called once, before listen() and before the first connection.
    void attach(EventHandler& handler);

    // Port 0 takes any free port; the answer says which. "::" takes IPv4 too. May be called several times. The
    // first call raises the process's limit of open files to what is allowed, unless the budget is given.
    [[nodiscard]] Result<Endpoint> listen(const Endpoint& local);
    // The same with a socket that listens already, such as one of systemd's. The world closes it, also on an error.
    [[nodiscard]] Result<Endpoint> adopt_listening(int fd);
    void stop_listening();
    // A program with worlds on several threads accepts in one of them. `call` is asked about each connection before
    // anybody hears of it; true: it has taken the descriptor, and gives it to adopt() of another world, on that
    // world's thread. A world that has no room closes it, as if it had accepted it.
    void on_accepted(std::function<bool(int descriptor, const SocketAddress& source)> call);
    void adopt(int descriptor, const SocketAddress& source);

    void run();  // until stop()
    void stop();
    // True when no stream is left, not even one that is being closed.
    [[nodiscard]] bool quiet() const;
    // Ends run() as soon as every stream is closed and flushed, at the latest after `patience`.
    void stop_when_quiet(Duration patience);

    [[nodiscard]] Clock& clock();
    [[nodiscard]] Alarm& alarm();
    [[nodiscard]] Random& random();
    [[nodiscard]] Transport& transport();
    [[nodiscard]] ReadControl& reading();
    [[nodiscard]] Environment environment();  // these four

    // For programs. Protocol code uses its Alarm.
    void call_after(Duration delay, std::function<void()> call);
    void on_signal(int signal, std::function<void()> call);
    [[nodiscard]] event_base* base();

    [[nodiscard]] const WorldStats& stats() const;
    [[nodiscard]] const WorldLimits& limits() const;  // as listen() has lowered them
    [[nodiscard]] FileBudget& files();
    [[nodiscard]] OutputAccount& output() const;
    // Of answers of name servers, since the start: addresses that were not read, and names whose turns were
    // forgotten, for want of room.
    [[nodiscard]] std::uint64_t name_answers_cut() const;
    [[nodiscard]] std::uint64_t name_turns_forgotten() const;
    // Called for each connection that is refused or cut off; the source is nullptr when it is not known.
    void on_shed(std::function<void(Shed, const SocketAddress*)> call);
    [[nodiscard]] std::optional<Endpoint> local_address(StreamId stream) const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace halp
