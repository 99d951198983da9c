// Who is told which address. An address of loopback means something on one machine, a link-local one on one link,
// and the zone behind it (`%eth0`) names an interface of one machine only. So a zone is never sent: a link-local
// address is told over connections of its own link, without the zone, and the receiver adds the zone of its
// interface (overlay/gossip/rules.md, section 3, "Names that mean nothing elsewhere").
#pragma once

#include <cstdint>
#include <optional>

#include "overlay/gossip/wire/gossip_message.h"
#include "store/endpoint.h"

namespace halp {

class AddressRule {
public:
    explicit AddressRule(EndpointTable& endpoints) : endpoints_(endpoints) {}

    // How to name `endpoint` to somebody whose socket is at `receiver`; nothing when it means nothing there.
    [[nodiscard]] static std::optional<Endpoint> as_told(const Endpoint& endpoint, const Endpoint& receiver);
    // What somebody at `speaker` means by `endpoint`; nothing when that cannot be dialled from here. Addresses of
    // loopback and wildcards are judged elsewhere (Identity::plausible).
    [[nodiscard]] static std::optional<Endpoint> as_heard(const Endpoint& endpoint, const Endpoint& speaker);

    // Removes from a message what means nothing at the other side, or here, and counts it.
    void before_sending(gossip::Message& message, const Endpoint& receiver);
    void after_receiving(gossip::Message& message, const Endpoint& speaker);

    [[nodiscard]] std::uint64_t not_told() const { return not_told_; }
    [[nodiscard]] std::uint64_t not_taken() const { return not_taken_; }
    void count_not_told() { ++not_told_; }
    void count_not_taken() { ++not_taken_; }

private:
    template <class Rule>
    std::uint64_t apply(gossip::Message& message, bool loopback_is_known, Rule rule);

    EndpointTable& endpoints_;
    std::uint64_t not_told_ = 0, not_taken_ = 0;  // addresses, each time
};

}  // namespace halp
