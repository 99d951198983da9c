#include "tools/libhalp/cache_backend.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "overlay/libevent/text_query.h"
#include "overlay/text/text_client.h"
#include "store/label_table.h"
#include "tools/libhalp/include/halp/halp.h"
#include "tools/libhalp/signals_held.h"

namespace halp::lib {
namespace {

using std::chrono::milliseconds;
constexpr Duration writers_patience = std::chrono::seconds{2};
// Closing the handle waits for the query that is under way.
constexpr Duration one_query_of_thread = std::chrono::seconds{2};
constexpr std::size_t failed_max = 4096;

class SystemClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override {
        return Instant{std::chrono::duration_cast<Duration>(SteadyClock::now().time_since_epoch())};
    }
    [[nodiscard]] UnixSeconds wall() const override {
        const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
        return UnixSeconds{std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count()};
    }
};

class NetworkAsker final : public cli::TextAsker {
public:
    Result<std::string> ask(const Endpoint& server, const std::string& query, Duration timeout) override {
        return halp::ask(server, query, timeout, TextAnswer::bytes_max);
    }
};

// Bad lines of a cache file are passed over, as every reader of it does.
void ignore(const std::string&) {}

// One visit to the cache and its servers.
struct Visit {
    Visit(Storage& storage, cli::RoundLimits limits)
        : cache(storage, ignore), asker(network, clock, limits), round(cache, asker, ignore) {}

    SystemClock clock;
    NetworkAsker network;
    cli::LocalCache cache;
    cli::TimedAsker asker;
    cli::ServerRound round;
};

cli::RoundLimits limits_of(milliseconds timeout, Duration one) {
    cli::RoundLimits limits;
    limits.all = timeout;
    limits.one = std::min<Duration>({limits.one, limits.all, one});
    return limits;
}

Result<HostPage> page_of(Visit& visit, const Label& label, const PageWanted& wanted) {
    const auto file = visit.cache.load(label);
    if (!file) return file.error();
    const cli::Listing listing = cli::listing_of(label, *file, visit.clock.wall());
    HostPage page;
    const std::string prefix = label == Label::labels() ? "" : label.text();
    for (const cli::ListedAt& host : listing.hosts)
        page.hosts.push_back({host.endpoint, count(host.seen), HALP_CLAIMED});
    for (const cli::NameAt& name : listing.names)
        page.hosts.push_back({Endpoint{prefix + name.name, 0}, count(name.seen), 0});
    page.total = page.hosts.size();
    page.hosts.erase(page.hosts.begin(),
                     page.hosts.begin() + static_cast<std::ptrdiff_t>(std::min(wanted.first, page.hosts.size())));
    if (page.hosts.size() > wanted.count) page.hosts.resize(wanted.count);
    return page;
}

// The servers' answers go into the cache. That none can be reached is no error: the cache has what it has.
Result<void> ask_servers(Visit& visit, const Label& label) {
    if (auto begun = visit.round.begin(); !begun) return begun;
    const auto fetched = visit.round.fetch(label);
    return fetched ? Result<void>{} : fetched.error();
}

Result<void> keep_line(Visit& visit, const Label& label, const Endpoint& endpoint) {
    const UnixSeconds now = visit.clock.wall();
    CacheFile news;
    news.lines.push_back({now, endpoint});
    if (auto kept = visit.cache.merge(label, news); !kept) return kept;
    return visit.cache.mention(label, now);
}

// How many servers took it.
std::size_t tell_servers(Visit& visit, const Label& label, const Endpoint& endpoint) {
    const auto queries = insert_queries(label, {{visit.clock.wall(), endpoint}});
    // Labels that HALP text cannot insert stay in this cache.
    if (!queries || !visit.round.begin() || !visit.round.refresh()) return 0;
    std::size_t told = 0;
    for (const Endpoint& server : visit.round.servers()) {
        if (told == CacheBackend::servers_told || visit.asker.time_is_up()) break;
        const auto answer = visit.asker.ask(server, queries->front());
        if (answer && parse_insert_answer(queries->front(), *answer).stored > 0) ++told;
    }
    return told;
}

}  // namespace

Result<std::string> cache_directory_or_usual(const std::string& named) {
    if (!named.empty()) return named;
    const char* const home = std::getenv("HOME");
    if (home != nullptr && *home != '\0') return std::string{home} + "/.halp";
    return Error{ErrorCode::invalid, "HOME is not set, so there is no ~/.halp: name a directory with cache_dir."};
}

Result<std::unique_ptr<Backend>> CacheBackend::open(CacheSettings settings, Poller& poller) {
    auto directory = cache_directory_or_usual(settings.directory);
    if (!directory) return directory.error();
    auto storage = FileStorage::open(*directory, IfMissing::create);
    if (!storage) return storage.error();
    auto of_thread = FileStorage::open(*directory, IfMissing::create);
    if (!of_thread) return of_thread.error();
    auto mailbox = Mailbox::make(poller);
    if (!mailbox) return mailbox.error();
    return std::unique_ptr<Backend>{
        new CacheBackend{std::move(settings), std::move(*storage), std::move(*of_thread), std::move(*mailbox)}};
}

CacheBackend::CacheBackend(CacheSettings settings, std::unique_ptr<FileStorage> storage,
                           std::unique_ptr<FileStorage> of_thread, std::unique_ptr<Mailbox> mailbox)
    : settings_(std::move(settings)),
      storage_(std::move(storage)),
      storage_of_thread_(std::move(of_thread)),
      mailbox_(std::move(mailbox)) {
    storage_->wait_for_writers(writers_patience);
    storage_of_thread_->wait_for_writers(writers_patience);
}

CacheBackend::~CacheBackend() {
    {
        const std::lock_guard guard{mutex_};
        ending_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

int CacheBackend::mode() const { return HALP_CACHE; }

Result<HostPage> CacheBackend::lookup(const Label& label, const PageWanted& wanted) {
    if (!wanted.tag.empty())
        return Error{ErrorCode::invalid, "The cache directory has no tags: ask a daemon or a node for them."};
    Visit visit{*storage_, limits_of(settings_.timeout, settings_.timeout)};
    if (!wanted.local)
        if (auto asked = ask_servers(visit, label); !asked) return asked.error();
    auto page = page_of(visit, label, wanted);
    if (!page) return page;
    HostPage ordered = std::move(*page);
    std::stable_partition(ordered.hosts.begin(), ordered.hosts.end(),
                          [&](const Host& host) { return failed_.count(host.endpoint) == 0; });
    return ordered;
}

Result<HostPage> CacheBackend::labels(const Label& directory, const PageWanted& wanted) {
    Visit visit{*storage_, limits_of(settings_.timeout, settings_.timeout)};
    if (!wanted.local)
        if (auto asked = ask_servers(visit, directory); !asked) return asked.error();
    return page_of(visit, directory, wanted);
}

Result<void> CacheBackend::announce(Id id, const AnnouncementWanted& wanted) {
    if (!wanted.tags.empty())
        return Error{ErrorCode::invalid, "HALP text has no tags: announce them through a daemon or a node."};
    if (!wanted.host)
        return Error{ErrorCode::invalid, "Without a daemon nobody knows this machine's address: give a host."};
    Endpoint endpoint{*wanted.host, wanted.port};
    Visit visit{*storage_, limits_of(settings_.timeout, settings_.timeout)};
    if (auto kept = keep_line(visit, wanted.label, endpoint); !kept) return kept;
    add(id,
        {wanted.label, std::move(endpoint), SteadyClock::now()});  // the servers are told at once, by the thread
    return {};
}

Result<void> CacheBackend::watch(Id id, const Label& label) {
    Visit visit{*storage_, limits_of(settings_.timeout, settings_.timeout)};
    if (auto readable = visit.cache.load(label); !readable) return readable.error();
    add(id, {label, std::nullopt, SteadyClock::now()});
    return {};
}

Result<void> CacheBackend::cancel(Id id) {
    const std::lock_guard guard{mutex_};
    if (tasks_.erase(id) == 0) return Error{ErrorCode::not_found, "There is no such watch or announcement."};
    mailbox_->drop(id);
    return {};
}

Result<void> CacheBackend::confirm(const Label& label, const Endpoint& endpoint, bool worked) {
    if (!worked) {
        if (failed_.size() < failed_max) failed_.insert(endpoint);
        return {};
    }
    failed_.erase(endpoint);
    Visit visit{*storage_, limits_of(settings_.timeout, settings_.timeout)};
    return keep_line(visit, label, endpoint);
}

void CacheBackend::step(const std::vector<std::uint64_t>& ready, std::vector<Update>& updates) {
    if (std::ranges::find(ready, Mailbox::token) == ready.end()) return;
    Mailbox::Content content = mailbox_->take();
    std::ranges::move(content.updates, std::back_inserter(updates));
}

// ---- the thread ----

void CacheBackend::add(Id id, Task task) {
    const std::lock_guard guard{mutex_};
    tasks_.insert_or_assign(id, std::move(task));
    if (!thread_.joinable()) {
        const SignalsHeld held;  // signals are for the application's threads
        thread_ = std::thread{[this] { work(); }};
    }
    changed_.notify_all();
}

bool CacheBackend::wanted(Id id) {
    const std::lock_guard guard{mutex_};
    return !ending_ && tasks_.count(id) != 0;
}

void CacheBackend::work() {
    std::unique_lock lock{mutex_};
    while (!ending_) {
        const auto next = std::ranges::min_element(
            tasks_, [](const auto& a, const auto& b) { return a.second.due < b.second.due; });
        if (next == tasks_.end()) {
            changed_.wait(lock);
            continue;
        }
        const auto due = next->second.due;
        if (due > SteadyClock::now()) {
            changed_.wait_until(lock, due);
            continue;
        }
        const Id id = next->first;
        const Task task = next->second;
        next->second.due = SteadyClock::now() + (task.announced ? settings_.announce_every : settings_.poll_every);
        lock.unlock();
        carry_out(id, task);
        lock.lock();
    }
}

void CacheBackend::carry_out(Id id, const Task& task) {
    Visit visit{*storage_of_thread_, limits_of(settings_.timeout, one_query_of_thread)};
    if (task.announced) {
        // What could not be kept or told now is kept and told the next time.
        if (keep_line(visit, task.label, *task.announced)) tell_servers(visit, task.label, *task.announced);
        return;
    }
    const auto told = ask_servers(visit, task.label);
    const auto page = page_of(visit, task.label, {0, TableLimits::entries_hard_max, true});
    if (!told || !page || !wanted(id)) return;  // the next look may work
    std::vector<Update> updates{{id, Update::Kind::begin}};
    for (const Host& host : page->hosts) updates.push_back({id, Update::Kind::host, host});
    updates.push_back({id, Update::Kind::complete});
    mailbox_->put_all(std::move(updates));
}

}  // namespace halp::lib
