#include "simulations/swarm/convergence.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "simulations/views/overlay_graph.h"

namespace halp::sim {

namespace {

constexpr std::size_t lines_max = 5;
constexpr std::size_t everything = 1'000'000;

// Sentences of one kind: the first few, and a count of the others.
class Lines {
public:
    template <class Text>
    void add(Text text) {
        if (++count_ <= lines_max) lines_.push_back(text());
    }
    void move_to(std::vector<std::string>& out, const std::string& what) {
        for (std::string& line : lines_) out.push_back(std::move(line));
        if (count_ > lines_max) out.push_back("and " + std::to_string(count_ - lines_max) + " more " + what);
    }

private:
    std::vector<std::string> lines_;
    std::size_t count_ = 0;
};

std::string node_text(std::size_t i) { return "node " + std::to_string(i); }

class Search {
public:
    Search(const std::vector<SwarmMember>& members, const ViewOptions& view) : members_(members) {
        for (std::size_t i = 0; i < members.size(); ++i) {
            index_[members[i].endpoint.text()] = i;
            living_ += members[i].node != nullptr;
        }
        // Only up to 7/8 of the size of the list must a node know all (overlay/gossip/rules.md).
        small_ = living_ <= (view.fresh_max + view.anchors_max + view.pool_max) * 7 / 8;
        graph_.views.resize(members.size());
    }

    void look_at_self(std::size_t i) {
        if (living_ < 2) return;
        const std::optional<Endpoint> self = members_[i].node->status().self;
        if (self == members_[i].endpoint) return;
        selves_.add([&] {
            return node_text(i) + (self ? " takes itself for " + self->text() : " does not know its address") +
                   " and is at " + members_[i].endpoint.text();
        });
    }

    void look_at_peers(std::size_t i) {
        std::vector<bool> listed(members_.size(), false);
        for (const ListedHost& host : members_[i].node->hosts(Label::halp(), 0, everything)) {
            const auto found = index_.find(host.endpoint.text());
            if (found == index_.end()) continue;
            listed[found->second] = true;
            if (!members_[found->second].node && !host.claimed)
                dead_.add([&] { return node_text(i) + " lists " + node_text(found->second) + ", which is dead"; });
        }
        for (const PeerStatus& peer : members_[i].node->peers()) {
            const auto found = index_.find(peer.endpoint.text());
            if (found != index_.end() && (peer.role == PeerRole::fresh || peer.role == PeerRole::anchor))
                graph_.views[i].push_back(static_cast<std::uint32_t>(found->second));
        }
        for (std::size_t k = 0; small_ && k < members_.size(); ++k)
            if (members_[k].node && !listed[k])
                unknown_.add([&] { return node_text(i) + " does not list " + node_text(k); });
    }

    void look_for(const SwarmItem& item) {
        for (std::size_t i = 0; i < members_.size(); ++i) {
            if (!members_[i].node) continue;
            bool listed = false;
            for (const ListedHost& host : members_[i].node->hosts(item.item.label, 0, everything))
                listed = listed || (host.endpoint == item.item.endpoint && !host.claimed);
            if (listed == item.there) continue;
            items_.add([&] {
                return node_text(i) + (listed ? " still lists " : " does not list ") + item.item.label.text() +
                       " " + item.item.endpoint.text();
            });
        }
    }

    std::vector<std::string> result() {
        std::vector<std::string> out;
        std::vector<bool> alive;
        for (const SwarmMember& member : members_) alive.push_back(member.node != nullptr);
        const Components components = components_of(induced(graph_, alive));
        if (components.count > 1)
            out.push_back("the living are " + std::to_string(components.count) + " components, the largest of " +
                          std::to_string(components.largest));
        selves_.move_to(out, "nodes that are wrong about themselves");
        unknown_.move_to(out, "nodes that are not listed");
        dead_.move_to(out, "dead ones listed");
        items_.move_to(out, "lists that are wrong about an item");
        return out;
    }

private:
    const std::vector<SwarmMember>& members_;
    std::unordered_map<std::string, std::size_t> index_;  // never iterated
    std::size_t living_ = 0;
    bool small_ = false;
    ViewGraph graph_;
    Lines selves_, unknown_, dead_, items_;
};

}  // namespace

std::vector<std::string> missing(const std::vector<SwarmMember>& members, const std::vector<SwarmItem>& items,
                                 const ViewOptions& view) {
    Search search{members, view};
    for (std::size_t i = 0; i < members.size(); ++i)
        if (members[i].node) {
            search.look_at_self(i);
            search.look_at_peers(i);
        }
    for (const SwarmItem& item : items) search.look_for(item);
    return search.result();
}

}  // namespace halp::sim
