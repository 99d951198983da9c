// A request to the admin API without its HTTP form: path segments, query parameters, body fields. Syntax and types
// are checked here, so that routes get values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/endpoint.h"
#include "store/label.h"
#include "store/result.h"

namespace halp {

enum class Method : std::uint8_t { get, put, post, remove, options, other };

struct AdminRequest {
    Method method = Method::get;
    std::string target;  // as on the request line: "/v1/labels/x%2Fy?first=10"
    std::string body;
    bool head = false;                                   // a GET whose body is not sent
    bool trusted = true;                                 // over the unix socket, or with the token
    bool has_token = false;                              // there is a token that would make it trusted
    std::string if_none_match = {}, last_event_id = {};  // headers
};

// Turns "%2F" into "/". Nothing if a "%" is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

// "/v1/labels/x%2Fy" to {"v1", "labels", "x/y"}: decoded after splitting. Nothing when malformed.
std::optional<std::vector<std::string>> path_segments(std::string_view target);

// The named values of a query string or of a JSON object. Numbers and booleans are kept as their text.
class Parameters {
public:
    static Result<Parameters> of_query(std::string_view target);
    static Result<Parameters> of_json(const std::string& body);  // an empty body is an empty object

    // An error if there is a name that is not among these. Ignoring it would hide typing errors.
    [[nodiscard]] Result<void> only(std::initializer_list<std::string_view> names) const;
    [[nodiscard]] bool has(const std::string& name) const { return values_.count(name) > 0; }

    [[nodiscard]] Result<std::string> text(const std::string& name) const;
    [[nodiscard]] Result<std::uint64_t> number(const std::string& name, std::uint64_t fallback, std::uint64_t min,
                                               std::uint64_t max) const;
    [[nodiscard]] Result<bool> flag(const std::string& name) const;

private:
    enum class Kind : std::uint8_t { text, number, flag, any, unusable };  // a query's values may be any
    struct Value {
        Kind kind = Kind::any;
        std::string text;
    };
    friend struct ParameterReader;
    std::map<std::string, Value> values_;
};

}  // namespace halp
