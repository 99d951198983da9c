#include "tools/halp-sim/report/measures.h"

#include <algorithm>
#include <array>

namespace halp::sim {
namespace {

constexpr std::array measure_rows{
    Measure{"living", "nodes", "nodes that live at the end of the phase"},
    Measure{"living_low", "nodes", "fewest living nodes of the phase"},
    Measure{"joined_share", "share",
            "share of the living with a usable list: 8 other nodes proved by contact, or all others"},
    Measure{"joined_share_low", "share", "its lowest value in the phase"},
    Measure{"dead_share", "share",
            "share of dead nodes among the entries in the views of the living; a view is what a node draws "
            "partners from"},
    Measure{"dead_share_peak", "share", "its highest value in the phase"},
    Measure{"cut_off", "nodes", "living nodes outside the largest component, over entries that can be reached now"},
    Measure{"cut_off_peak", "nodes", "most of them at one moment of the phase"},
    Measure{"false_burials", "times", "how often a living node was given up while there was no partition"},
    Measure{"periods_to_clean", "gossip periods", "from the kill until less than 1 % of the view entries are dead"},
    Measure{"periods_to_merge", "gossip periods",
            "from the end of the partition until 99 % of the nodes have a node of the other side in view"},
    Measure{"kbit_s_per_node", "kbit/s", "sent per node and second of its life, without TCP and IP headers"},
    Measure{"kbit_s_per_node_peak", "kbit/s", "its highest value between two samples of the phase"},
    Measure{"coverage", "share", "share of the living that list the announced items, mean over the items"},
    Measure{"crossing_share", "share", "share of the living with a node of the partition's other side in view"},
    Measure{"hostile_share", "share", "share of attackers among the entries in the views of the living"},
    Measure{"hostile_share_peak", "share", "its highest value in the phase"},
    Measure{"hostile_fresh", "share", "share of attackers among the fresh entries"},
    Measure{"hostile_anchors", "share", "share of attackers among the anchors"},
    Measure{"hostile_share_of_all", "share", "attackers as a share of all hosts"},
    Measure{"originals", "nodes", "original servers of 2011 that live"},
    Measure{"originals_listed_by_ours", "share",
            "of all pairs of a node and an original: the node lists the original"},
    Measure{"coverage_of_originals", "share", "share of the originals that list the announced items"},
    Measure{"labels_max", "labels", "labels of the fullest node"},
    Measure{"entries_max", "entries", "entries of the fullest node"},
    Measure{"table_bytes_max", "bytes", "table of the fullest node"},
    Measure{"refused", "inserts", "refused by all nodes since their start"},
    Measure{"evicted", "entries", "evicted by all nodes since their start"},
    Measure{"made_up", "entries", "made up by the strangers"},
    Measure{"starts", "nodes", "nodes that started in the phase"},
    Measure{"never_joined", "nodes", "of these, nodes that never had a usable list in that life"},
    Measure{"join_s", "s", "from the start of a node until it had a usable list"},
    Measure{"join_s_median", "s", "median of the join times: from the start of a node until it had a usable list"},
    Measure{"join_s_p99", "s", "99 % of the nodes that joined had a usable list by then"},
    Measure{"join_s_max", "s", "the slowest of the nodes that joined"},
    Measure{"all_know_all_s", "s", "from the begin of the phase until every node lists every other"},
    Measure{"dead_forgotten_s", "s", "from the kill until nobody lists a dead node"},
    Measure{"rounds_to_50", "gossip periods", "until 50 % of the nodes know an announcement, mean over the items"},
    Measure{"rounds_to_99", "gossip periods", "until 99 % of the nodes know an announcement, mean over the items"},
    Measure{"rounds_to_99_9", "gossip periods",
            "until 99.9 % of the nodes know an announcement, mean over the items"},
    Measure{"announcement_s", "s", "from an announcement until one more node knew it"},
    Measure{"in_degree", "nodes", "how many living nodes have the node in view at the end"},
    Measure{"in_degree_mean", "nodes", "mean over the living of how many have a node in view"},
    Measure{"in_degree_sd", "nodes", "standard deviation of the in-degree"},
    Measure{"in_degree_max", "nodes", "largest in-degree"},
    Measure{"bootstrap_in_degree", "nodes", "how many have the first node in view"},
    Measure{"components", "components", "of the graph of views"},
    Measure{"largest_component", "nodes", "size of the largest component"},
    Measure{"clustering", "share", "mean over the nodes of the share of pairs of neighbours that are neighbours"},
    Measure{"path_length", "hops", "mean length of the shortest paths, both directions of an entry counted"},
    Measure{"path_length_error", "hops", "standard error of the path length, which is estimated from a sample"},
    Measure{"path_length_sources", "nodes", "the path length is that from so many nodes, drawn at random"},
    Measure{"sent_kbit_s", "kbit/s",
            "sent per node and second of its life since the sample before, without TCP and IP headers"},
    Measure{"sent_kbit_s_of_node", "kbit/s", "sent by one node over its present life, without TCP and IP headers"},
    Measure{"events", "events", "of the simulation"},
};

}  // namespace

Measure measure_of(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    std::string_view field = dot == std::string_view::npos ? name : name.substr(dot + 1);
    if (field.ends_with(at_end)) field.remove_suffix(at_end.size());
    const auto row = std::ranges::find(measure_rows, field, &Measure::name);
    return row == measure_rows.end() ? Measure{field, "", ""} : *row;
}

std::string phase_of_metric(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    return dot == std::string_view::npos ? "whole run" : std::string{name.substr(0, dot)};
}

std::string meanings(const std::vector<std::string>& names) {
    std::string out;
    std::vector<std::string_view> told;
    for (const std::string& name : names) {
        const Measure m = measure_of(name);
        if (m.meaning.empty() || std::ranges::find(told, m.name) != told.end()) continue;
        told.push_back(m.name);
        out += (out.empty() ? "" : "; ") + std::string{m.name} + ": " + std::string{m.meaning};
    }
    return out.empty() ? out : out + ".";
}

}  // namespace halp::sim
