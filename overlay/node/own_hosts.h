// What the applications of this node want announced, and at which endpoint each wish stands now. A wish without a
// host is for the own address of this node and follows it. A wish for an address of this machine stands while the
// machine has that address: afterwards another one may have it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "overlay/node/node_status.h"
#include "store/endpoint.h"
#include "store/label.h"

namespace halp {

class OwnHosts {
public:
    struct Wish {
        Label label;
        std::string host;  // empty: this node's own, whatever that is
        std::uint16_t port = 0;
        bool of_this_machine = false;       // the interfaces had `host` when it was announced, or later
        std::optional<Endpoint> announced;  // none: waits for an address
        std::string tags{};                 // store/tags.h
    };

    // Adds a wish, or renews it. The caller has announced it.
    void add(const Label& label, const std::string& host, const Endpoint& announced, bool of_this_machine,
             std::string tags);
    // Removes the wish with exactly this host, or the one that follows the own address; none when there is none.
    std::optional<Wish> remove(const Label& label, const std::string& host, std::uint16_t port);
    // Removes a wish that stands at this endpoint, however it was made.
    std::optional<Wish> remove_at(const Label& label, const Endpoint& endpoint);
    // True while a wish for exactly this address of the machine waits.
    [[nodiscard]] bool waits(const Label& label, const Endpoint& endpoint) const;
    // True while a wish stands there.
    [[nodiscard]] bool wanted_at(const Label& label, const Endpoint& endpoint) const;

    // What has to change for the addresses of now: `withdraw` first, then `announce`.
    struct Move {
        std::size_t wish;
        std::optional<Endpoint> withdraw, announce;
    };
    template <class OnThisMachine>
    [[nodiscard]] std::vector<Move> moves(const std::optional<Endpoint>& self, OnThisMachine on_this_machine);
    void set_announced(std::size_t wish, std::optional<Endpoint> endpoint) {
        all_[wish].announced = std::move(endpoint);
    }

    [[nodiscard]] const std::vector<Wish>& all() const { return all_; }
    [[nodiscard]] std::size_t waiting() const;  // for an address, or for room

private:
    std::vector<Wish> all_;
};

template <class OnThisMachine>
std::vector<OwnHosts::Move> OwnHosts::moves(const std::optional<Endpoint>& self, OnThisMachine on_this_machine) {
    std::vector<Move> out;
    for (std::size_t i = 0; i < all_.size(); ++i) {
        Wish& wish = all_[i];
        std::optional<Endpoint> wanted;
        if (wish.host.empty()) {
            if (self) wanted = Endpoint{self->host, wish.port};
        } else {
            const bool here = on_this_machine(wish.host);
            wish.of_this_machine = wish.of_this_machine || here;
            if (here || !wish.of_this_machine) wanted = Endpoint{wish.host, wish.port};
        }
        if (wanted != wish.announced) out.push_back({i, wish.announced, wanted});
    }
    return out;
}

}  // namespace halp
