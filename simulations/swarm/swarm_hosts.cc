// The hosts of a swarm (simulations/swarm/swarm_player.h).
#include <algorithm>
#include <cmath>

#include "simulations/swarm/swarm_player.h"
#include "store/hash.h"

namespace halp::sim {
namespace {

// Nodes are spread over 250 address groups, so that limits per group do not bind.
Endpoint address_of(std::size_t i) {
    return {"10." + std::to_string(i % 250) + "." + std::to_string(i / 250 % 250) + "." +
                std::to_string(1 + i / 62'500),
            3451};
}

// The k-th hostile host. Hostile hosts share `groups` address groups, in which there are no nodes.
Endpoint hostile_address(std::size_t k, std::size_t groups, std::size_t net) {
    const std::size_t group = k % groups, in_group = k / groups;
    return {std::to_string(net + group / 250) + "." + std::to_string(group % 250) + "." +
                std::to_string(in_group / 250) + "." + std::to_string(1 + in_group % 250),
            3451};
}
constexpr std::size_t attacker_net = 20, stranger_net = 40;

// A function of the seed and the number of the node, not of the order of joining.
bool is_original(const Scenario& s, std::size_t member) {
    const std::uint64_t word = mix_words(mix_words(s.seed, 0x6f726967), member);
    return member > 0 && static_cast<double>(word >> 11) * 0x1.0p-53 < s.originals;
}

}  // namespace

std::size_t SwarmPlayer::add_host(const Endpoint& endpoint, Role role) {
    const std::size_t i = hosts_.size();
    Member& h = hosts_.emplace_back();
    h.host = world_.add_host(endpoint);
    h.endpoint = endpoint;
    h.role = role;
    index_[endpoint.host] = i;
    for (Item& item : items_) {
        item.heard.push_back(never);
        item.counted.push_back(false);
    }
    return i;
}

void SwarmPlayer::add_member() {
    const Endpoint me = address_of(members_);
    const Role role = is_original(scenario_, members_) ? Role::original : Role::ours;
    ++members_;
    const std::size_t i = add_host(me, role);
    attack_.victims.push_back(me);
    flood_.victims.push_back(me);
    if (role == Role::original)
        begin_original(i);
    else
        begin(i);
}

void SwarmPlayer::begin(std::size_t i) {
    Member& h = hosts_[i];
    OverlayOptions options = scenario_.node;
    if (i > 0) options.seeds = {hosts_[0].endpoint};
    h.node = std::make_unique<OverlayNode>(world_.env(h.host), table_, options, false);
    h.began = world_.now();
    h.sent_before = world_.counters(h.host).bytes_out;
    h.proved = 0;
    h.join = ours_living_++ > 0 ? out_.joins.size() : no_join;
    if (h.join != no_join) out_.joins.push_back({h.endpoint.host, h.began - start_});
    world_.attach(h.host, *h.node, sizeof(OverlayNode));
    h.node->start();
}

void SwarmPlayer::begin_original(std::size_t i) {
    Member& h = hosts_[i];
    h.scripted = std::make_unique<OriginalHost>(world_.env(h.host), h.endpoint, hosts_[0].endpoint);
    h.began = world_.now();
    world_.attach(h.host, *h.scripted);
    h.scripted->start();
}

void SwarmPlayer::kill(std::size_t i, Crash how) {
    if (!hosts_[i].node) return;
    world_.crash(hosts_[i].host, how);
    hosts_[i].node.reset();
    lived_ += seconds(world_.now() - hosts_[i].began);
    --ours_living_;
    for (Item& item : items_) item.heard[i] = never;
    if (!churning()) return;
    const Duration away = scaled(scenario_.phases[phase_].downtime, -std::log(1 - unit()));
    plan(world_.now() + away, {Action::Kind::restart, i, {}});
}

void SwarmPlayer::restart(std::size_t i) {
    world_.restart(hosts_[i].host);
    begin(i);
    if (churning()) plan_death(i, world_.now());
}

// A host of a trace: a new node at its first session, the same again at each further one.
void SwarmPlayer::come(std::size_t traced) {
    if (traced_[traced] == no_host) {
        traced_[traced] = hosts_.size();
        return add_member();
    }
    if (const Member& h = hosts_[traced_[traced]]; !h.node && !h.scripted) restart(traced_[traced]);
}

void SwarmPlayer::go(std::size_t traced) { kill(traced_[traced], Crash::process); }

// Keeps the machine, the address and the host cache. The upgrade takes no time.
void SwarmPlayer::upgrade(std::size_t i) {
    Member& h = hosts_[i];
    world_.crash(h.host, Crash::process);
    h.scripted.reset();
    h.role = Role::ours;
    restart(i);
}

// Adds as many as make the share of honest and hostile nodes together.
void SwarmPlayer::add_attackers(const Phase& p) {
    const auto honest = static_cast<double>(living());
    const auto wanted = static_cast<std::size_t>(std::llround(honest * p.share / (1 - p.share)));
    attack_.swarm = fnv1a(scenario_.node.swarm);
    attack_.period = scenario_.node.gossip.period;
    attack_.pushes = p.pushes;
    std::vector<std::size_t> fresh;
    for (std::size_t k = 0; k < wanted; ++k) {
        const Endpoint me = hostile_address(attack_.attackers.size(), p.groups, attacker_net);
        attack_.attackers.push_back(me);
        fresh.push_back(add_host(me, Role::attacker));
    }
    for (const std::size_t i : fresh) {
        Member& h = hosts_[i];
        h.scripted = std::make_unique<AttackerHost>(world_.env(h.host), table_, attack_, h.endpoint);
        world_.attach(h.host, *h.scripted);
        h.scripted->start();
    }
}

void SwarmPlayer::add_strangers(const Phase& p) {
    flood_.rate = p.rate;
    flood_.labels = p.labels;
    flood_.entries = p.entries;
    const std::size_t before = static_cast<std::size_t>(std::ranges::count(hosts_, Role::stranger, &Member::role));
    for (std::size_t k = before; k < before + p.strangers; ++k) {
        Member& h = hosts_[add_host(hostile_address(k, p.groups, stranger_net), Role::stranger)];
        h.scripted = std::make_unique<StrangerHost>(world_.env(h.host), flood_);
        world_.attach(h.host, *h.scripted);
        h.scripted->start();
    }
}

void SwarmPlayer::remove_hostile() {
    for (Member& h : hosts_) {
        if (!h.scripted || h.role == Role::original) continue;
        world_.crash(h.host, Crash::machine);
        h.scripted.reset();
    }
}

// ---- random choice ----

std::vector<std::size_t> SwarmPlayer::chosen_count(std::size_t wanted, Role role) {
    std::vector<std::size_t> alive;
    for (std::size_t i = 0; i < hosts_.size(); ++i)
        if (hosts_[i].role == role && (hosts_[i].node || hosts_[i].scripted)) alive.push_back(i);
    random_.shuffle(alive);
    alive.resize(std::min(wanted, alive.size()));
    return alive;
}

std::vector<std::size_t> SwarmPlayer::chosen(double share) {
    return chosen_count(static_cast<std::size_t>(std::llround(share * static_cast<double>(living()))));
}

std::size_t SwarmPlayer::living(Role role) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(hosts_, [&](const Member& h) { return h.role == role && (h.node || h.scripted); }));
}

}  // namespace halp::sim
