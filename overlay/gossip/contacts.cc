#include "overlay/gossip/contacts.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "store/tight_growth.h"
#include "store/word_search.h"

namespace halp {

namespace {

constexpr std::size_t contacts_max = 512;
constexpr Duration contested_for = std::chrono::minutes{2};
constexpr Duration failures_kept = std::chrono::minutes{10};
constexpr std::uint32_t failures_told = 2;  // between calls of the node itself

}  // namespace

std::size_t Contacts::place(EndpointId endpoint) const {
    const auto at = std::lower_bound(endpoints_.begin(), endpoints_.end(), endpoint);
    const bool known = at != endpoints_.end() && *at == endpoint;
    return known ? static_cast<std::size_t>(at - endpoints_.begin()) : endpoints_.size();
}

std::size_t Contacts::touch(EndpointId endpoint, Instant now) {
    if (const std::size_t known = place(endpoint); known < endpoints_.size()) {
        at_[known] = stamp(now);
        return known;
    }
    if (endpoints_.size() >= contacts_max) {
        // The first of the oldest has the lowest id: equal nodes forget alike.
        drop(static_cast<std::size_t>(std::min_element(at_.begin(), at_.end()) - at_.begin()));
        ++forgotten_;
    }
    const auto at = static_cast<std::size_t>(std::lower_bound(endpoints_.begin(), endpoints_.end(), endpoint) -
                                             endpoints_.begin());
    insert_tightly(endpoints_, at, endpoint);
    insert_tightly(numbers_, at, std::uint64_t{0});
    insert_tightly(at_, at, stamp(now));
    return at;
}

std::uint32_t Contacts::stamp(Instant now) {
    if (!clock_.covers(now)) {
        const std::uint32_t moved = clock_.move_to(now);
        for (std::uint32_t& at : at_) at = at > moved ? at - moved : 1;
    }
    return clock_.stamp(now);
}

void Contacts::drop(std::size_t at) {
    if (const Trouble* gone = trouble(endpoints_[at]))
        troubles_.erase(troubles_.begin() + (gone - troubles_.data()));
    const auto offset = static_cast<std::ptrdiff_t>(at);
    endpoints_.erase(endpoints_.begin() + offset);
    numbers_.erase(numbers_.begin() + offset);
    at_.erase(at_.begin() + offset);
}

const Contacts::Trouble* Contacts::trouble(EndpointId endpoint) const {
    const auto at = std::ranges::lower_bound(troubles_, endpoint, {}, &Trouble::endpoint);
    return at != troubles_.end() && at->endpoint == endpoint ? &*at : nullptr;
}

Contacts::Trouble* Contacts::trouble(EndpointId endpoint) {
    return const_cast<Trouble*>(std::as_const(*this).trouble(endpoint));
}

Contacts::Trouble& Contacts::trouble_of(EndpointId endpoint) {
    const auto at = std::ranges::lower_bound(troubles_, endpoint, {}, &Trouble::endpoint);
    if (at != troubles_.end() && at->endpoint == endpoint) return *at;
    return *troubles_.insert(at, Trouble{.endpoint = endpoint});
}

// A restarted node has a new number, and its old one never comes back.
Contacts::Heard Contacts::heard(EndpointId endpoint, std::uint64_t number, Instant now) {
    std::size_t at = place(endpoint);
    const bool known = at < endpoints_.size();
    if (known)
        at_[at] = stamp(now);
    else
        at = touch(endpoint, now);
    std::uint64_t& present = numbers_[at];
    Trouble* before = trouble(endpoint);
    if (present == number) {
        if (before && std::exchange(before->failed_since_heard, false)) ++before->failures;
        return {};
    }
    const std::uint64_t replaced = std::exchange(present, number);
    if (!known) return {false, former_of(number, endpoint)};
    Trouble& now_known = trouble_of(endpoint);
    now_known.failures = 0;
    now_known.failed_since_heard = false;
    const bool came_back = now_known.number_before == number && now_known.replaced != never &&
                           now - now_known.replaced < contested_for;
    now_known.number_before = replaced;
    now_known.replaced = now;
    if (!came_back) return {false, former_of(number, endpoint)};
    const bool first = now_known.contested == never || now - now_known.contested >= contested_for;
    now_known.contested = now;
    return {first, no_endpoint};
}

EndpointId Contacts::former_of(std::uint64_t number, EndpointId now_at) const {
    std::size_t at = place_of_word(numbers_, number);
    if (at < numbers_.size() && endpoints_[at] == now_at) at = place_of_word(numbers_, number, at + 1);
    return at < numbers_.size() ? endpoints_[at] : no_endpoint;
}

void Contacts::call_failed(EndpointId endpoint, ConnectFailure why, Instant now) {
    if (place(endpoint) == endpoints_.size()) return;  // it never called this node
    touch(endpoint, now);
    Trouble& failing = trouble_of(endpoint);
    if (failing.failures == 0 && !failing.failed_since_heard) failing.failing_since = now;
    failing.failed_since_heard = true;
    failing.why = why;
}

void Contacts::call_worked(EndpointId endpoint) {
    Trouble* known = trouble(endpoint);
    if (!known) return;
    known->failures = 0;
    known->failed_since_heard = false;
}

gossip::Notice Contacts::notice_for(EndpointId endpoint, Instant now) const {
    gossip::Notice notice;
    const Trouble* known = trouble(endpoint);
    if (!known) return notice;
    notice.contested = known->contested != never && now - known->contested < contested_for;
    if (known->failures < failures_told || now - clock_.instant(at_[place(endpoint)]) >= failures_kept)
        return notice;
    notice.failures = known->failures;
    notice.why = known->why;
    notice.failing_s = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(now - known->failing_since).count());
    return notice;
}

std::size_t Contacts::contested(Instant now) const {
    return static_cast<std::size_t>(std::ranges::count_if(troubles_, [now](const Trouble& each) {
        return each.contested != never && now - each.contested < contested_for;
    }));
}

void Contacts::mark_endpoints(std::vector<bool>& marks) const {
    for (const EndpointId endpoint : endpoints_)
        if (static_cast<std::size_t>(endpoint) < marks.size()) marks[static_cast<std::size_t>(endpoint)] = true;
}

}  // namespace halp
