// The control messages of GetAll and Mirror (overlay/dht/wire/neo.md, 6): the client may suspend, resume or stop
// the stream. Each control message is acknowledged with an Ack, and takes effect when the Ack is sent.
#pragma once

#include <cstdint>
#include <variant>

#include "overlay/dht/wire/neo_codec.h"
#include "overlay/environment.h"

namespace halp::neo {

class StreamControl {
public:
    explicit StreamControl(bool suspended) : suspended_(suspended) {}

    enum class Heard : std::uint8_t { acknowledge, nothing, over, broken };
    Heard hear(Bytes payload) {
        const auto decoded = decode_control(payload);
        const auto* control = std::get_if<Control>(&decoded);
        if (!control) return Heard::broken;
        if (ending_) return *control == Control::ack ? Heard::over : Heard::nothing;
        // The client must wait for each Ack before its next control message.
        if (*control == Control::ack || ack_due_) return Heard::broken;
        heard_ = *control;
        ack_due_ = true;
        return Heard::acknowledge;
    }

    [[nodiscard]] bool ack_due() const { return ack_due_; }
    // To be called when the Ack is sent: the control message takes effect. Returns false when it was Stop.
    [[nodiscard]] bool acknowledged() {
        ack_due_ = false;
        if (heard_ == Control::suspend) suspended_ = true;
        if (heard_ == Control::resume) suspended_ = false;
        return heard_ != Control::stop;
    }
    // To be called when the last data message is sent. From then on only the client's closing Ack counts.
    void end() {
        ending_ = true;
        ack_due_ = false;
    }

    [[nodiscard]] bool suspended() const { return suspended_; }
    [[nodiscard]] bool ending() const { return ending_; }

private:
    bool suspended_;
    bool ack_due_ = false;
    bool ending_ = false;
    Control heard_ = Control::ack;
};

}  // namespace halp::neo
