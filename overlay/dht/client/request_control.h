// Handles for a running GetAll or Mirror, for code that does not know its purpose: one to end it, one to hold it
// back while its consumer is full.
//
//     Throttle throttle;                                        // suspends above 75 %, resumes below 10 %
//     SuspendableRequest flow(client, *client.mirror(...));
//     throttle.add(flow);
//     ...  throttle.level(double(queue.size()) / queue_max);    // whenever the queue has changed
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "overlay/dht/client/dht_client.h"

namespace halp {

// The calls of DhtClient for one request. The client must outlive the handle. Each call returns false when it does
// nothing: the request is over, or (suspend, resume, stop) some node has not acknowledged the change before.
class RequestControl {
public:
    RequestControl(DhtClient& client, DhtRequestId id) : client_(&client), id_(id) {}

    [[nodiscard]] DhtRequestId id() const { return id_; }
    [[nodiscard]] bool active() const { return client_->active(id_); }
    bool suspend() { return client_->suspend(id_); }
    bool resume() { return client_->resume(id_); }
    bool stop() { return client_->stop(id_); }
    bool cancel() { return client_->cancel(id_); }

private:
    DhtClient* client_;
    DhtRequestId id_;
};

// A flow that can be held back. Calls may come at any time and any number of times; the last one counts.
class Suspendable {
public:
    virtual ~Suspendable() = default;
    virtual void suspend() = 0;
    virtual void resume() = 0;
    [[nodiscard]] virtual bool suspended() const = 0;  // the state that the last call asked for
};

// Suspends when the nodes have acknowledged the change before. Records that are under way still arrive.
class SuspendableRequest final : public Suspendable {
public:
    SuspendableRequest(DhtClient& client, DhtRequestId id) : client_(client), id_(id) {}
    void suspend() override { set(true); }
    void resume() override { set(false); }
    [[nodiscard]] bool suspended() const override { return suspended_; }

private:
    void set(bool suspended) {
        suspended_ = suspended;
        client_.set_suspended(id_, suspended);
    }

    DhtClient& client_;
    const DhtRequestId id_;
    bool suspended_ = false;
};

// Holds flows back by the level of what they fill. The two thresholds lie apart, so that a level near one of them
// does not toggle the flows.
class Throttle {
public:
    explicit Throttle(double suspend_at = 0.75, double resume_at = 0.1)
        : suspend_at_(suspend_at), resume_at_(resume_at) {}

    // The flow must outlive the throttle or be removed.
    void add(Suspendable& flow) {
        flows_.push_back(&flow);
        if (holding_) flow.suspend();
    }
    void remove(Suspendable& flow) { std::erase(flows_, &flow); }
    // `filled` is from 0 to 1.
    void level(double filled) {
        const bool hold = holding_ ? filled > resume_at_ : filled >= suspend_at_;
        if (hold == holding_) return;
        holding_ = hold;
        for (Suspendable* flow : flows_) hold ? flow->suspend() : flow->resume();
    }
    [[nodiscard]] bool holding() const { return holding_; }

private:
    const double suspend_at_, resume_at_;
    bool holding_ = false;
    std::vector<Suspendable*> flows_;
};

// The same by the number of things that are under way, such as requests that the records of a list have caused.
class CountThrottle {
public:
    // Suspends at so many, and resumes when there are not more than `resume_at` left.
    CountThrottle(std::size_t suspend_at, std::size_t resume_at)
        : most_(static_cast<double>(std::max<std::size_t>(1, suspend_at))),
          throttle_(1, static_cast<double>(resume_at) / most_) {}

    void add(Suspendable& flow) { throttle_.add(flow); }
    void remove(Suspendable& flow) { throttle_.remove(flow); }
    void begin_one() { throttle_.level(static_cast<double>(++count_) / most_); }
    void end_one() { throttle_.level(static_cast<double>(--count_) / most_); }
    [[nodiscard]] std::size_t under_way() const { return count_; }
    [[nodiscard]] bool holding() const { return throttle_.holding(); }

private:
    const double most_;
    Throttle throttle_;
    std::size_t count_ = 0;
};

}  // namespace halp
