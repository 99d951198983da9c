#include "tools/libhalp/node_backend.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "store/tags.h"
#include "tools/libhalp/endpoint_list.h"
#include "tools/libhalp/include/halp/halp.h"
#include "tools/libhalp/node_thread.h"

namespace halp::lib {
namespace {

// `total` counts the hosts with the tag.
HostPage tagged_page(const OverlayNode& node, const Label& label, const PageWanted& wanted) {
    HostPage page;
    for (const ListedHost& host : node.hosts(label, 0, node.host_count(label))) {
        if (!has_tag(host.tags, wanted.tag)) continue;
        if (page.total++ >= wanted.first && page.hosts.size() < wanted.count) page.hosts.push_back(host_of(host));
    }
    return page;
}

}  // namespace

Result<std::unique_ptr<Backend>> NodeBackend::open(const NodeSettings& settings, Poller& poller) {
    auto mailbox = Mailbox::make(poller);
    if (!mailbox) return mailbox.error();
    auto thread = NodeThread::start(settings, **mailbox);
    if (!thread) return thread.error();
    return std::unique_ptr<Backend>{new NodeBackend{std::move(*mailbox), std::move(*thread)}};
}

NodeBackend::NodeBackend(std::unique_ptr<Mailbox> mailbox, std::unique_ptr<NodeThread> thread)
    : mailbox_(std::move(mailbox)), thread_(std::move(thread)) {}

NodeBackend::~NodeBackend() = default;

int NodeBackend::mode() const { return HALP_NODE; }

Result<HostPage> NodeBackend::lookup(const Label& label, const PageWanted& wanted) {
    return thread_->call([&](NodeThread& at) {
        HostPage page;
        if (!wanted.tag.empty()) return tagged_page(at.node(), label, wanted);
        for (const ListedHost& host : at.node().hosts(label, wanted.first, wanted.count))
            page.hosts.push_back(host_of(host));
        page.total = at.node().host_count(label);
        return page;
    });
}

Result<HostPage> NodeBackend::labels(const Label& directory, const PageWanted& wanted) {
    const std::string prefix = directory == Label::labels() ? "" : directory.text();
    return thread_->call([&](NodeThread& at) {
        HostPage page;
        for (const ListedName& name : at.node().names(directory, wanted.first, wanted.count))
            page.hosts.push_back({Endpoint{prefix + name.name, 0}, count(name.seen), 0});
        page.total = page.hosts.size();
        return page;
    });
}

Result<void> NodeBackend::announce(Id id, const AnnouncementWanted& wanted) {
    return thread_->call([&](NodeThread& at) -> Result<void> {
        const Endpoint endpoint{wanted.host.value_or(""), wanted.port};
        if (wanted.host) {
            if (auto announced = at.node().announce(wanted.label, endpoint, wanted.tags); !announced)
                return announced;
        } else if (const auto here = at.node().announce_here(wanted.label, wanted.port, wanted.tags); !here) {
            return here.error();
        }
        at.announced.insert_or_assign(id, NodeThread::Announced{wanted.label, endpoint, !wanted.host});
        return {};
    });
}

Result<void> NodeBackend::watch(Id id, const Label& label) {
    return thread_->call([&](NodeThread& at) -> Result<void> {
        at.node().watch(label, true);
        at.watches.emplace(label, id);
        mailbox_->put_all(at.list(id, label));
        return {};
    });
}

Result<void> NodeBackend::cancel(Id id) {
    return thread_->call([&](NodeThread& at) -> Result<void> {
        if (const auto found = at.announced.find(id); found != at.announced.end()) {
            const NodeThread::Announced what = found->second;
            at.announced.erase(found);
            const bool still = std::ranges::any_of(at.announced, [&](const auto& other) {
                return other.second.label == what.label && other.second.endpoint == what.endpoint;
            });
            if (still) return {};
            // False: the node has cleared it already.
            static_cast<void>(what.own_host ? at.node().withdraw_here(what.label, what.endpoint.port)
                                            : at.node().withdraw(what.label, what.endpoint));
            return {};
        }
        const auto watch = std::ranges::find(at.watches, id, [](const auto& one) { return one.second; });
        if (watch == at.watches.end())
            return Error{ErrorCode::not_found, "There is no such watch or announcement."};
        at.node().watch(watch->first, false);
        at.watches.erase(watch);
        mailbox_->drop(id);
        return {};
    });
}

Result<void> NodeBackend::confirm(const Label& label, const Endpoint& endpoint, bool worked) {
    return thread_->call([&](NodeThread& at) { return at.node().confirm(label, endpoint, worked); });
}

void NodeBackend::step(const std::vector<std::uint64_t>& ready, std::vector<Update>& updates) {
    if (std::ranges::find(ready, Mailbox::token) == ready.end()) return;
    Mailbox::Content content = mailbox_->take();
    std::ranges::move(content.updates, std::back_inserter(updates));
    if (!content.overflowed) return;
    // Changes were dropped, so every list is told anew.
    thread_->call([&](NodeThread& at) {
        for (const auto& [label, id] : at.watches) {
            mailbox_->drop(id);
            std::ranges::move(at.list(id, label), std::back_inserter(updates));
        }
        return true;
    });
}

}  // namespace halp::lib
