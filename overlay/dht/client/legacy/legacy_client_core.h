// What is behind a LegacyDhtClient: the nodes with their ranges, the running requests, and turns. A turn is begun
// by an event of the world. Notes are delivered within it, and at its end what is to be sent leaves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "overlay/dht/client/legacy/legacy_client_links.h"
#include "overlay/dht/client/legacy/legacy_client_request.h"
#include "overlay/dht/client/legacy/legacy_dht_client.h"
#include "overlay/dht/client/legacy/node_deactivator.h"
#include "overlay/dht/client/node_map.h"

namespace halp::legacy {

class ClientCore final : LinksOwner {
public:
    ClientCore(Environment environment, ReadControl* reading, LegacyDhtClientOptions options);

    [[nodiscard]] Result<void> add(const Endpoint& node);
    [[nodiscard]] std::vector<LegacyNodeView> nodes() const;
    [[nodiscard]] bool complete() const;
    [[nodiscard]] dht::RangeCover cover() const;
    [[nodiscard]] std::optional<NodeNumber> responsible(Key key) const { return map_.newest(key); }
    void refresh_ranges();

    // `what` needs no key if `key` is given.
    RequestId begin(Request what, std::optional<Key> key, Notifier notify, const LegacyCallOptions& options);
    bool cancel(RequestId id);
    bool set_suspended(RequestId id, bool suspended);
    [[nodiscard]] RunningRequest* find(RequestId id) const {
        const auto at = requests_.find(id);
        return at == requests_.end() ? nullptr : at->second.get();
    }
    [[nodiscard]] ClientLinks& links() { return links_; }
    [[nodiscard]] const ClientLinks& links() const { return links_; }
    [[nodiscard]] LegacyClientStats stats() const;
    void clear_stats();
    void set_disabled(NodeNumber node, bool disabled);
    [[nodiscard]] bool available(NodeNumber node) const { return links_.available(node, now()); }

    void begin_turn();
    void woken();
    void finish_turn();
    void arm();

private:
    // Something that is to be told in the next turn, because the client may not call a notifier now.
    struct News {
        enum class What : std::uint8_t { scheduled, queued, started, failed };
        RequestId request = 0;
        std::uint32_t part = 0;
        What what = What::started;
        Trouble trouble = Trouble::none;
    };

    // LinksOwner
    void on_begun(const CallHead& call) override;
    SessionAnswers::Next on_item(const CallHead& call, const ReadItem& item) override;
    SessionAnswers::Next on_released(const CallHead& call) override;
    void on_done(const CallHead& call, const ReadAnswer& answer) override;
    void on_failed(const CallHead& call, Trouble trouble, std::string_view why) override;
    void on_node_error(NodeNumber node) override;

    [[nodiscard]] Trouble judge(const Request& what, bool has_key, const LegacyCallOptions& options) const;
    void assign(RunningRequest& running, Bytes wire);
    void choose_parts(RunningRequest& running);
    void add_part(RunningRequest& running, NodeNumber node);
    void fail_without_node(RunningRequest& running, Trouble trouble);
    void assign_part(RunningRequest& running, std::uint32_t part, Bytes wire);
    [[nodiscard]] CallHead head_of(const RunningRequest& running, std::uint32_t part) const;
    void deliver_news();
    void deliver(RunningRequest& running, const News& news);
    [[nodiscard]] Trouble learn(NodeNumber node, const ReadAnswer& answer, Command command);
    [[nodiscard]] Trouble learn_range(NodeNumber node, const ReadAnswer& answer);
    [[nodiscard]] bool ask_whose_key(RunningRequest& running, const CallHead& call);
    void on_range_behind(RunningRequest& running, RequestPart& part, const ReadAnswer& answer);
    void finish_part(RunningRequest& running, RequestPart& part, const Finished& how);
    void end_request(RunningRequest& running);
    [[nodiscard]] Instant now() const { return in_turn_ ? turn_began_ : environment_.clock.now(); }

    Environment environment_;
    const LegacyDhtClientOptions options_;
    ClientLinks links_;
    NodeMap map_;
    NodeDeactivator deactivator_;
    std::vector<bool> version_known_;  // by node
    RequestId last_id_ = 0;
    RequestId refresh_ = 0;  // the request that refreshes the ranges; 0: none
    std::unordered_map<RequestId, std::unique_ptr<RunningRequest>> requests_;
    std::set<std::pair<Instant, RequestId>> scheduled_;
    std::deque<News> news_;
    std::vector<std::unique_ptr<RunningRequest>> ended_;  // destroyed at the end of the turn
    std::map<Command, RequestTimes> times_;
    std::string wire_;  // reused
    Instant armed_ = no_deadline, turn_began_ = never;
    bool in_turn_ = false;
};

}  // namespace halp::legacy
