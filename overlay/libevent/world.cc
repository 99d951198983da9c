#include "overlay/libevent/world.h"

#include <event2/event.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <list>
#include <utility>

#include "overlay/libevent/boot_timer.h"
#include "overlay/libevent/library_log.h"
#include "overlay/libevent/listener.h"
#include "overlay/libevent/loop_calls.h"
#include "overlay/libevent/streams.h"

namespace halp {
namespace {

class MachineClock final : public Clock {
public:
    Instant now() const override { return boot_time(); }
    UnixSeconds wall() const override {
        timespec now{};
        clock_gettime(CLOCK_REALTIME, &now);
        return UnixSeconds{now.tv_sec};
    }
};

// xoshiro256++ 1.0 by Blackman and Vigna (public domain), seeded by the kernel.
class MachineRandom final : public Random {
public:
    MachineRandom() {
        const ssize_t got = getrandom(state_.data(), sizeof state_, 0);
        assert(got == static_cast<ssize_t>(sizeof state_));
        static_cast<void>(got);  // only asserted
    }
    std::uint64_t next() override {
        const std::uint64_t word = std::rotl(state_[0] + state_[3], 23) + state_[0];
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return word;
    }

private:
    std::array<std::uint64_t, 4> state_{};
};

// A node sets its alarm often, and mostly to a slightly later time. Then the timer stays as it is, fires too early
// and is set again. A round of the loop for nothing costs more than setting the timer a few times.
constexpr Duration too_early_max = std::chrono::milliseconds{20};

class LoopAlarm final : public Alarm {
public:
    LoopAlarm(event_base* base, const Clock& clock, LibeventStreams& streams, Duration short_wait)
        : clock_(clock),
          streams_(streams),
          timer_(
              base, [](void* self) { static_cast<LoopAlarm*>(self)->fire(); }, this, short_wait) {}

    void wake_at(Instant when) override {
        wanted_ = when;
        if (when < armed_ || (when != no_deadline && when - armed_ > too_early_max)) arm();
    }

private:
    void arm() {
        armed_ = wanted_;
        timer_.set(wanted_);
    }
    void fire() {
        armed_ = no_deadline;
        if (wanted_ == no_deadline) return;
        if (wanted_ > clock_.now()) return arm();
        wanted_ = no_deadline;
        streams_.tell([](EventHandler& handler) { handler.on_wakeup(); });
    }

    const Clock& clock_;
    LibeventStreams& streams_;
    BootTimer timer_;
    Instant wanted_ = no_deadline;
    Instant armed_ = no_deadline;
};

// A call that a program has asked for.
struct Call {
    std::function<void()> call;
    event* trigger = nullptr;
    std::list<Call>* among = nullptr;  // of timers, which happen once
    std::list<Call>::iterator self;
};

}  // namespace

struct LibeventWorld::Parts {
    Parts(const WorldLimits& wanted_limits, event_base* borrowed, FileBudget* given_files, OutputAccount* output)
        : limits(wanted_limits),
          files(given_files ? *given_files : own_files),
          owned(borrowed ? nullptr : new_loop()),
          base(borrowed ? borrowed : owned),
          streams(std::make_unique<LibeventStreams>(base, clock, limits, stats, files, output)),
          alarm(base, clock, *streams, limits.short_wait),
          listener(base, *streams, files, limits, stats) {
        files.guarantee(limits.accepts_as, 2);
        files.guarantee(FileUse::dialled, 2);
    }

    // Call it once, when the limit of open files is known.
    void lower_limits() {
        const std::size_t bearable = files.most(limits.accepts_as);
        if (bearable >= limits.accepted_max) return;
        const bool by_source = limits.accepted_per_source_max < limits.accepted_max;
        limits.accepted_max = bearable;
        limits.accepted_per_source_max =
            std::min(limits.accepted_per_source_max, by_source ? std::max<std::size_t>(bearable / 2, 1) : bearable);
    }

    // Before the first socket listens.
    void count_files() {
        if (std::exchange(files_counted, true)) return;
        if (&files == &own_files) files.set_limit(FileBudget::raise());
        lower_limits();
    }

    WorldLimits limits;
    WorldStats stats;
    FileBudget own_files;
    FileBudget& files;
    event_base* owned;
    event_base* base;
    MachineClock clock;
    MachineRandom random;
    std::unique_ptr<LibeventStreams> streams;
    LoopAlarm alarm;
    LibeventListener listener;
    std::list<Call> timers;
    std::list<Call> signals;
    bool files_counted = false;
};

LibeventWorld::LibeventWorld(const WorldLimits& limits, event_base* borrowed, FileBudget* files,
                             OutputAccount* output) {
    std::signal(SIGPIPE, SIG_IGN);
    take_over_library_log();
    parts_ = std::make_unique<Parts>(limits, borrowed, files, output);
}

LibeventWorld::~LibeventWorld() {
    for (auto* calls : {&parts_->timers, &parts_->signals})
        for (const Call& call : *calls) event_free(call.trigger);
    event_base* const base = parts_->owned;
    const bool resolving = parts_->streams->resolving();
    parts_.reset();
    if (!base) return;
    // The loop frees cancelled questions to name servers, in a few turns.
    for (int turn = 0; resolving && turn < 4; ++turn) run_loop(base, EVLOOP_NONBLOCK);
    event_base_free(base);
}

void LibeventWorld::attach(EventHandler& handler) {
    assert(!parts_->streams->attached());
    parts_->streams->attach(handler);
}

Result<Endpoint> LibeventWorld::listen(const Endpoint& local) {
    parts_->count_files();
    return parts_->listener.listen(local);
}

Result<Endpoint> LibeventWorld::adopt_listening(int fd) {
    parts_->count_files();
    return parts_->listener.adopt(fd);
}

void LibeventWorld::stop_listening() { parts_->listener.stop(); }

void LibeventWorld::on_accepted(std::function<bool(int, const SocketAddress&)> call) {
    parts_->listener.on_accepted(std::move(call));
}

void LibeventWorld::adopt(int descriptor, const SocketAddress& source) {
    LibeventStreams& streams = *parts_->streams;
    if (!streams.welcomes(source)) {
        ::close(descriptor);
        return;
    }
    streams.receive_first(streams.adopt(descriptor, source));
}

void LibeventWorld::run() {
    assert(parts_->streams->attached());  // connections that were made since listen() are accepted from here on
    run_loop(parts_->base, EVLOOP_NO_EXIT_ON_EMPTY);
}

bool LibeventWorld::quiet() const { return parts_->streams->size() == 0; }

void LibeventWorld::stop() { must(event_base_loopbreak(parts_->base) == 0, "stop the event loop"); }

void LibeventWorld::stop_when_quiet(Duration patience) {
    const Instant latest = parts_->clock.now() + patience;
    const auto look = [this, latest](const auto& again) -> void {
        if (quiet() || parts_->clock.now() >= latest) return stop();
        call_after(std::chrono::milliseconds{5}, [again] { again(again); });
    };
    look(look);
}

Clock& LibeventWorld::clock() { return parts_->clock; }
Alarm& LibeventWorld::alarm() { return parts_->alarm; }
Random& LibeventWorld::random() { return parts_->random; }
Transport& LibeventWorld::transport() { return *parts_->streams; }
ReadControl& LibeventWorld::reading() { return *parts_->streams; }
Environment LibeventWorld::environment() { return {clock(), alarm(), random(), transport()}; }
event_base* LibeventWorld::base() { return parts_->base; }
const WorldStats& LibeventWorld::stats() const { return parts_->stats; }
const WorldLimits& LibeventWorld::limits() const { return parts_->limits; }
FileBudget& LibeventWorld::files() { return parts_->files; }
OutputAccount& LibeventWorld::output() const { return parts_->streams->output(); }
std::uint64_t LibeventWorld::name_answers_cut() const { return parts_->streams->resolver().addresses_cut(); }
std::uint64_t LibeventWorld::name_turns_forgotten() const { return parts_->streams->resolver().turns_forgotten(); }
void LibeventWorld::on_shed(std::function<void(Shed, const SocketAddress*)> call) {
    parts_->streams->on_shed(std::move(call));
}

std::optional<Endpoint> LibeventWorld::local_address(StreamId stream) const {
    return parts_->streams->local_address(stream);
}

void LibeventWorld::call_after(Duration delay, std::function<void()> call) {
    Call& timer = parts_->timers.emplace_front();
    timer.call = std::move(call);
    timer.among = &parts_->timers;
    timer.self = parts_->timers.begin();
    timer.trigger = new_event(
        parts_->base, -1, 0,
        [](evutil_socket_t, short, void* context) {
            auto* due = static_cast<Call*>(context);
            const std::function<void()> run_it = std::move(due->call);
            event_free(due->trigger);
            due->among->erase(due->self);
            run_it();
        },
        &timer);
    set_timer(timer.trigger, delay);
}

void LibeventWorld::on_signal(int signal, std::function<void()> call) {
    Call& entry = parts_->signals.emplace_front();
    entry.call = std::move(call);
    entry.trigger = new_event(
        parts_->base, signal, EV_SIGNAL | EV_PERSIST,
        [](evutil_socket_t, short, void* context) { static_cast<Call*>(context)->call(); }, &entry);
    must(watch(entry.trigger), "handle a signal");
}

}  // namespace halp
