#include "tools/halp-sim/report/views_report.h"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/csv_table.h"
#include "tools/halp-sim/report/html_page.h"
#include "tools/halp-sim/report/json_report.h"
#include "tools/halp-sim/report/publications.h"
#include "tools/halp-sim/report/run_files.h"
#include "tools/halp-sim/report/svg_plot.h"
#include "tools/program/json.h"

namespace halp::sim {
namespace {

template <class... Values>
std::string text(const char* format, Values... values) {
    char line[256];
    std::snprintf(line, sizeof line, format, values...);
    return line;
}

double messages_per_cpu_s(const ViewsOutcome& o) {
    return static_cast<double>(o.done.messages) / std::max(o.cpu_s, 1e-9);
}
double bytes_per_message(const ViewsOutcome& o) {
    return static_cast<double>(o.done.wire_bytes) /
           static_cast<double>(std::max<std::uint64_t>(o.done.messages, 1));
}

PublicationRows publications(const ViewsOutcome& o) {
    return overlay_publications(o.options.nodes, o.overlay->figures, o.overlay->in_degrees.spread());
}

std::string in_degree_csv(const DegreeCounts& counts) {
    std::string out = csv_header("in_degree_counts.csv");
    const std::vector<std::uint64_t>& nodes = counts.nodes_by_degree();
    for (std::size_t degree = 0; degree < nodes.size(); ++degree)
        if (nodes[degree] > 0) out += csv_row({std::to_string(degree), std::to_string(nodes[degree])});
    return out;
}

PageFigure in_degree_figure(const ViewsOutcome& o) {
    const std::vector<std::uint64_t>& nodes = o.overlay->in_degrees.nodes_by_degree();
    std::vector<std::pair<double, double>> points;
    std::uint64_t left = o.options.nodes;
    for (std::size_t degree = 0; degree < nodes.size(); ++degree) {
        if (nodes[degree] == 0) continue;
        points.emplace_back(static_cast<double>(degree), static_cast<double>(left) / o.options.nodes);
        left -= nodes[degree];
    }
    Plot plot{"In-degree at the end (CCDF)",
              "in-degree: how many have the node in view",
              "share of nodes with at least so many",
              {{"nodes", points, true}},
              true,
              1,
              {}};
    return {"in_degree", svg(plot), "A node that stands far to the right is a hub: many depend on it."};
}

std::string headline_of(const ViewsOutcome& o) {
    const std::string played = std::to_string(o.options.nodes) + " views of the rule " + o.rule +
                               " exchanged for " + std::to_string(o.periods) + " periods";
    if (!o.overlay) return "Interrupted: " + played + ".";
    const Spread degrees = o.overlay->in_degrees.spread();
    const GraphFigures& g = o.overlay->figures;
    return played + "; at the end the graph had " + std::to_string(g.components.count) +
           (g.components.count == 1 ? " component, " : " components, ") + path_text(g, o.options.nodes) +
           " steps between two nodes and clustering " + number(g.clustering, 4) + "; a node was in " +
           number(degrees.mean, 1) + " views (sd " + number(degrees.deviation, 2) + ", at most " +
           number(degrees.max, 0) + ").";
}

std::string views_page(const ViewsOutcome& o, const std::vector<PageFigure>& figures) {
    std::string out =
        page_begin("views, " + o.rule, "Peer views alone, one exchange a node and period.") + lead(headline_of(o));
    if (o.overlay) {
        out += html_table(publications(o)) + terms(publication_terms());
        out += terms(
            "Clustering: of the pairs of neighbours of a node, the share that is linked, mean over all nodes. Path "
            "length: steps between two nodes that reach each other. Both are of the undirected graph, which has an "
            "edge where one of two nodes has the other in view; the in-degree is of the directed one.");
        out += figure_grid(figures);
    }
    return out +
           html_table({{"run card", ""},
                       {"program", std::string{"halp-sim "} + HALP_VERSION},
                       {"run digest", digest_text(o.digest)},
                       {"seed", std::to_string(o.options.seed)},
                       {"view", std::to_string(o.options.view.fresh_max)},
                       {"messages", std::to_string(o.done.messages)},
                       {"messages per CPU second", number(messages_per_cpu_s(o), 0)}}) +
           page_end();
}

}  // namespace

std::string path_text(const GraphFigures& figures, std::size_t nodes) {
    if (nodes == 0) return "-";
    const bool estimate = figures.path_sources < nodes;
    return (estimate ? "about " : "") + number(figures.path_length, 3) +
           (estimate ? " +- " + number(figures.path_error, 3) + " (standard error, from " +
                           std::to_string(figures.path_sources) + " nodes)"
                     : "");
}

std::string views_text(const ViewsOutcome& o) {
    std::string out = text("%s: %u nodes, %u periods, seed %llu\n", o.rule.c_str(), o.options.nodes, o.periods,
                           static_cast<unsigned long long>(o.options.seed));
    out += text("digest %016llx, %llu messages in %.1f s of CPU: %.0f messages per CPU second\n",
                static_cast<unsigned long long>(o.digest), static_cast<unsigned long long>(o.done.messages),
                o.cpu_s, messages_per_cpu_s(o));
    if (o.options.wire) out += text("%.0f bytes a message\n", bytes_per_message(o));
    if (!o.overlay) return out;
    const Spread degrees = o.overlay->in_degrees.spread();
    out += text("clustering %.4f, path length %s, %zu component(s), in-degree %.1f (sd %.2f, max %.0f)\n",
                o.overlay->figures.clustering, path_text(o.overlay->figures, o.options.nodes).c_str(),
                o.overlay->figures.components.count, degrees.mean, degrees.deviation, degrees.max);
    return out + "\n" + table(publications(o));
}

std::string views_json(const ViewsOutcome& o) {
    Json out = Json::object({{"schema_version", 2},
                             {"rule", o.rule},
                             {"nodes", o.options.nodes},
                             {"periods", o.periods},
                             {"complete", o.complete},
                             {"seed", std::to_string(o.options.seed)},
                             {"digest", digest_text(o.digest)},
                             {"messages", o.done.messages},
                             {"cpu_s", o.cpu_s},
                             {"messages_per_cpu_s", messages_per_cpu_s(o)},
                             {"bytes_per_message", o.options.wire ? Json{bytes_per_message(o)} : Json{}}});
    Json overlay;
    if (o.overlay) overlay = overlay_json(o.options.nodes, o.overlay->figures, o.overlay->in_degrees.spread());
    return out.set("overlay", overlay).line();
}

Result<void> write_views_files(const std::string& directory, const ViewsOutcome& o) {
    if (auto done = make_directory(directory); !done) return done;
    if (auto done = remove_results(directory); !done) return done;
    std::vector<PageFigure> figures;
    std::vector<std::pair<std::string, std::string>> files{{"views.json", views_json(o) + "\n"}};
    if (o.overlay) {
        figures.push_back(in_degree_figure(o));
        files.emplace_back("in_degree_counts.csv", in_degree_csv(o.overlay->in_degrees));
        files.emplace_back("columns.csv", columns_csv({"in_degree_counts.csv"}));
    }
    files.emplace_back("report.html", views_page(o, figures));
    for (const auto& [name, content] : files)
        if (auto done = write_file(directory + "/" + name, content); !done) return done;
    return write_figures(directory, figures);
}

}  // namespace halp::sim
