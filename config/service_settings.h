// The services of the configuration: hosts that this node announces, each while its check passes. They stand below
// `services` as a list of mappings (config/README.md, "Services").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/typed_value.h"
#include "store/result.h"
#include "store/time.h"

namespace halp::config {

struct ServiceSettings {
    enum class Check : std::uint8_t { none, tcp, http, command };

    std::string label, host;  // host: empty: the address at which others see this node
    std::size_t port = 0;
    std::string tags;                                  // store/tags.h
    std::string check_tcp, check_http, check_command;  // one of them, or none
    Duration interval = std::chrono::seconds{10};      // between the end of a check and the next one
    Duration timeout = std::chrono::seconds{2};

    [[nodiscard]] Check check() const;
    [[nodiscard]] const std::string& target() const;  // of the check
    bool operator==(const ServiceSettings&) const = default;
};

// The fields below one service: "label", "check.tcp".
[[nodiscard]] std::vector<std::string> service_fields();
[[nodiscard]] Result<void> assign_service(ServiceSettings& service, std::string_view field, const ValueText& text);
// What is wrong with a service whose fields are all set; empty when nothing is.
[[nodiscard]] std::string service_problem(const ServiceSettings& service);
// Its fields that are set, as lines of YAML.
[[nodiscard]] std::string service_lines(const ServiceSettings& service, const std::string& indent);

// "http://127.0.0.1:8080/health" in its parts.
struct CheckedUrl {
    Endpoint endpoint;
    std::string path;
};
[[nodiscard]] Result<CheckedUrl> parse_checked_url(std::string_view url);
// Where a check by TCP dials; `yes` stands for the service itself.
[[nodiscard]] Result<Endpoint> checked_endpoint(const ServiceSettings& service);

}  // namespace halp::config
