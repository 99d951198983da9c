#include "overlay/gossip/contacts.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace halp {

namespace {

constexpr std::size_t contacts_max = 512;
constexpr Duration contested_for = std::chrono::minutes{2};
constexpr Duration failures_kept = std::chrono::minutes{10};
constexpr std::uint32_t failures_told = 2;  // between calls of the node itself

}  // namespace

Contacts::Contact& Contacts::touch(EndpointId endpoint, Instant now) {
    const auto key = static_cast<std::uint32_t>(endpoint);
    const auto known = contacts_.find(key);
    if (known == contacts_.end() && contacts_.size() >= contacts_max) {
        // By age, then by id: equal nodes forget alike.
        const auto oldest = std::ranges::min_element(contacts_, [](const auto& a, const auto& b) {
            return a.second.at != b.second.at ? a.second.at < b.second.at : a.first < b.first;
        });
        contacts_.erase(oldest);
        ++forgotten_;
    }
    Contact& contact = contacts_[key];
    contact.at = now;
    return contact;
}

// A restarted node has a new number, and its old one never comes back.
Contacts::Heard Contacts::heard(EndpointId endpoint, std::uint64_t number, Instant now) {
    Contact& contact = touch(endpoint, now);
    if (contact.number == number) {
        if (std::exchange(contact.failed_since_heard, false)) ++contact.failures;
        return {};
    }
    contact.failures = 0;
    contact.failed_since_heard = false;
    const bool came_back =
        contact.number_before == number && contact.replaced != never && now - contact.replaced < contested_for;
    contact.number_before = contact.number;
    contact.number = number;
    contact.replaced = now;
    if (!came_back) return {false, former_of(number, endpoint)};
    const bool first = contact.contested == never || now - contact.contested >= contested_for;
    contact.contested = now;
    return {first, no_endpoint};
}

EndpointId Contacts::former_of(std::uint64_t number, EndpointId now_at) const {
    auto former = static_cast<std::uint32_t>(no_endpoint);
    for (const auto& [endpoint, contact] : contacts_)
        if (contact.number == number && EndpointId{endpoint} != now_at) former = std::min(former, endpoint);
    return EndpointId{former};
}

void Contacts::call_failed(EndpointId endpoint, ConnectFailure why, Instant now) {
    if (!contacts_.contains(static_cast<std::uint32_t>(endpoint))) return;  // it never called this node
    Contact& contact = touch(endpoint, now);
    if (contact.failures == 0 && !contact.failed_since_heard) contact.failing_since = now;
    contact.failed_since_heard = true;
    contact.why = why;
}

void Contacts::call_worked(EndpointId endpoint) {
    const auto known = contacts_.find(static_cast<std::uint32_t>(endpoint));
    if (known == contacts_.end()) return;
    known->second.failures = 0;
    known->second.failed_since_heard = false;
}

gossip::Notice Contacts::notice_for(EndpointId endpoint, Instant now) const {
    gossip::Notice notice;
    const auto known = contacts_.find(static_cast<std::uint32_t>(endpoint));
    if (known == contacts_.end()) return notice;
    const Contact& contact = known->second;
    notice.contested = contact.contested != never && now - contact.contested < contested_for;
    if (contact.failures < failures_told || now - contact.at >= failures_kept) return notice;
    notice.failures = contact.failures;
    notice.why = contact.why;
    notice.failing_s = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(now - contact.failing_since).count());
    return notice;
}

std::size_t Contacts::contested(Instant now) const {
    return static_cast<std::size_t>(std::ranges::count_if(contacts_, [now](const auto& each) {
        return each.second.contested != never && now - each.second.contested < contested_for;
    }));
}

void Contacts::mark_endpoints(std::vector<bool>& marks) const {
    for (const auto& [endpoint, contact] : contacts_)
        if (endpoint < marks.size()) marks[endpoint] = true;
}

}  // namespace halp
