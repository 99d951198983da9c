// The halpd processes of `halp demo`, on loopback. The destructor ends them all and removes the one temporary
// directory to which they write.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/endpoint.h"
#include "store/result.h"
#include "tools/halp/daemon/admin_api.h"
#include "tools/program/child_process.h"

namespace halp::cli {

struct DemoNode {
    DemoNode(std::string directory_name, process::ChildProcess child);
    std::string directory;
    process::ChildProcess process;
    AdminApi admin;
    Endpoint endpoint;  // known once it listens

    [[nodiscard]] std::string log_path() const { return directory + "/log"; }
};

class DemoSwarm {
public:
    [[nodiscard]] static Result<std::unique_ptr<DemoSwarm>> make(std::string halpd);
    ~DemoSwarm();
    DemoSwarm(const DemoSwarm&) = delete;
    DemoSwarm& operator=(const DemoSwarm&) = delete;

    // Starts one more; the first is the bootstrap that all others join.
    [[nodiscard]] Result<void> start_node();
    // Reads the line `listening on` of its log. True once its endpoint is known.
    [[nodiscard]] static bool find_endpoint(DemoNode& node);
    // Ends all nodes in order and waits for them. False if some had to be killed.
    bool stop();

    [[nodiscard]] std::vector<std::unique_ptr<DemoNode>>& nodes() { return nodes_; }
    [[nodiscard]] const std::string& directory() const { return directory_; }

private:
    DemoSwarm(std::string halpd, std::string directory)
        : halpd_(std::move(halpd)), directory_(std::move(directory)) {}

    std::string halpd_;
    std::string directory_;
    std::vector<std::unique_ptr<DemoNode>> nodes_;
};

// The halpd beside `own_program`, else the first on the search path; not_found with a sentence.
[[nodiscard]] Result<std::string> find_halpd(const std::string& wanted, const std::string& own_program,
                                             const std::string& search_path);
// The address in a log's first whole `listening on HOST:PORT`.
[[nodiscard]] Result<Endpoint> listening_endpoint(std::string_view log);

}  // namespace halp::cli
