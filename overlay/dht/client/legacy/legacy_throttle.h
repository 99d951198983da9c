// Handles of lists and mirrors by legacy for a Throttle (request_control.h), and a throttle by the queues of the
// client: whoever begins a request for each record of a list holds that list back while the queues are full.
//
//     Throttle throttle;
//     SuspendableList flow(client, client.get_all("from", hear));
//     throttle.add(flow);
//     ... client.put("to", key, value, throttled(client, throttle, notify));
#pragma once

#include <utility>

#include "overlay/dht/client/legacy/legacy_dht_client.h"
#include "overlay/dht/client/legacy/legacy_mirror.h"
#include "overlay/dht/client/request_control.h"

namespace halp {

class SuspendableList final : public Suspendable {
public:
    SuspendableList(LegacyDhtClient& client, LegacyDhtClient::Id id) : client_(client), id_(id) {}
    void suspend() override {
        suspended_ = true;
        client_.suspend(id_);
    }
    void resume() override {
        suspended_ = false;
        client_.resume(id_);
    }
    [[nodiscard]] bool suspended() const override { return suspended_; }

private:
    LegacyDhtClient& client_;
    const LegacyDhtClient::Id id_;
    bool suspended_ = false;
};

class SuspendableMirror final : public Suspendable {
public:
    explicit SuspendableMirror(LegacyMirror& mirror) : mirror_(mirror) {}
    void suspend() override {
        suspended_ = true;
        mirror_.suspend();
    }
    void resume() override {
        suspended_ = false;
        mirror_.resume();
    }
    [[nodiscard]] bool suspended() const override { return suspended_; }

private:
    LegacyMirror& mirror_;
    bool suspended_ = false;
};

// Passes every note on, and tells the throttle how full the fullest queue is. Both must outlive the request.
[[nodiscard]] inline legacy::Notifier throttled(LegacyDhtClient& client, Throttle& throttle,
                                                legacy::Notifier notify) {
    return [&client, &throttle, inner = std::move(notify)](const legacy::About& about, const legacy::Note& note) {
        if (inner) inner(about, note);
        throttle.level(client.queue_level());
    };
}

}  // namespace halp
