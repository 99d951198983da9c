// What happens to the lists of a table, as watchers, logs and the host cache are told. The table itself tells it
// (store/label_table.h), at the one place where a host begins or ceases to be listed, so whoever follows the events
// ends with the list that is shown.
#pragma once

#include <cstdint>

#include "store/endpoint.h"
#include "store/label.h"

namespace halp {

enum class LearnedFrom : std::uint8_t { own, text, gossip, cache, application, original };
enum class ForgottenWhy : std::uint8_t { expired, withdrawn, evicted, cleared, failed };

// Called in the middle of an operation of the table: it may read the table and must not change it.
class ListObserver {
public:
    virtual ~ListObserver() = default;
    virtual void host_listed(const Label& label, EndpointId host, LearnedFrom from) = 0;
    // It is listed still, at another rank or on other grounds. Only for labels that are watched.
    virtual void host_moved(const Label& label, EndpointId host, LearnedFrom from) = 0;
    virtual void host_gone(const Label& label, EndpointId host, ForgottenWhy why) = 0;
};

}  // namespace halp
