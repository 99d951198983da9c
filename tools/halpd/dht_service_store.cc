// DhtService: opening its records.
#include "tools/halpd/dht_service.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <utility>

#include "store/records/hash_range.h"
#include "store/records/lmdb_store.h"
#include "store/records/memory_store.h"
#include "store/records/record_cache.h"
#include "store/records/tcm_dump.h"
#include "tools/halpd/huge_segments.h"
#include "tools/program/broken_page.h"

namespace halp {
namespace {

LmdbOptions store_options(const config::DhtSettings& settings) {
    LmdbOptions options;
    options.durability =
        settings.durability == config::DhtDurability::power ? Durability::power : Durability::process;
    options.gather = settings.flush_interval;
    options.map_bytes_max = settings.bytes_max;
    return options;
}

// The enumerations have the same order.
TcmRules dump_rules(const config::DhtSettings& settings, const HashRange& range) {
    TcmRules rules;
    rules.value_bytes_max = settings.dump_value_bytes_max;
    rules.empty_values = static_cast<EmptyValues>(settings.dump_empty_values);
    rules.bad_records = static_cast<BadRecords>(settings.dump_bad_records);
    rules.out_of_range = static_cast<OutOfRange>(settings.dump_out_of_range);
    rules.abort_after_all_out_of_range = settings.dump_out_of_range_max;
    rules.range = range;
    return rules;
}

}  // namespace

// Ensures that no other process uses the data directory, which must exist.
Result<void> DhtService::lock_data() {
    const auto directory = FileStorage::open(data_dir_, IfMissing::create);
    if (!directory) return Error{directory.error().code, directory.error().message + " (dht.data_dir)"};
    const std::string warning = directory_of_others(data_dir_, (*directory)->access());
    if (!warning.empty()) log_.write(LogLevel::warn, "directory_of_others", warning + " (dht.data_dir)");
    Result<StateLock> lock = StateLock::acquire(data_dir_);
    if (!lock) return Error{lock.error().code, lock.error().message + " (dht.data_dir)"};
    lock_ = std::move(*lock);
    return {};
}

Result<void> DhtService::open_dumps() {
    if (Result<void> locked = lock_data(); !locked) return locked;
    RecordDumps& dumps = dumps_.emplace(data_dir_, log_);
    if (Result<void> kept = open_journal(); !kept) return kept;
    const TcmRules rules = dump_rules(settings_, journal_->state().held);
    const Result<HashRange> current = dumps.range();
    if (!current) return current.error();
    if (Result<void> loaded = dumps.load(rules, *store_); !loaded) return loaded;
    if (Result<void> set = store_->set_range(*current); !set) return set;
    return dumps.narrow_to(journal_->state().held);
}

// The range that a redistribution gave the node is kept until the settings have another. Without a directory of its
// own nothing is kept: neither records nor range.
Result<void> DhtService::open_journal() {
    const bool keeps = settings_.engine != config::DhtEngine::memory || settings_.dumps;
    if (keeps) {
        auto files = FileStorage::open(data_dir_, IfMissing::create);
        if (!files) return Error{files.error().code, files.error().message + " (dht.data_dir)"};
        range_file_ = std::move(*files);
    }
    Result<RangeJournal> journal = read_journal();
    if (!journal) return Error{journal.error().code, data_dir_ + "/" + journal.error().message};
    journal_ = std::move(*journal);
    const HashRange& own = journal_->state().own;
    if (!finds_range() && own != wanted_range())
        log_.write(LogLevel::info, "dht_range_kept",
                   "keeping the range that a redistribution gave this node, " + key_text(Key{own.min()}) + " to " +
                       key_text(Key{own.max()}) +
                       ", and not dht.range_min and dht.range_max, which have not changed since");
    if (journal_->settings_changed())
        log_.write(LogLevel::warn, "dht_range_from_settings",
                   "dht.range_min and dht.range_max have changed and replace the range that the node had");
    return {};
}

// A node that finds its range begins with none, or with the one that it had when it had a fixed range.
Result<RangeJournal> DhtService::read_journal() const {
    if (!finds_range()) return RangeJournal::open(range_file_.get(), wanted_range());
    HashRange kept;
    if (store_ && store_->total().records > 0) kept = store_->range();
    if (dumps_) {
        const Result<std::vector<std::string>> files = range_file_->list();
        if (!files) return files.error();
        const bool has_dumps = std::ranges::any_of(*files, [](const auto& name) { return name.ends_with(".tcm"); });
        const Result<HashRange> current = dumps_->range();
        if (!current) return current.error();
        if (has_dumps) kept = *current;
    }
    return RangeJournal::open_automatic(range_file_.get(), kept);
}

HashRange DhtService::wanted_range() const {
    if (finds_range()) return {};
    return HashRange::make(settings_.range_min, settings_.range_max).value();
}

// Records that this node does not serve any more are set aside before the first client comes. Of very many of them
// the rest is left to the running node.
Result<void> DhtService::begin_range(RecordStore& store) {
    constexpr Duration patience = std::chrono::seconds{2};
    if (Result<void> set = journal_->begin(store); !set) return set;
    if (!store.sweeping()) return {};
    const Instant latest = world_.clock().now() + patience;
    while (store.sweeping() && world_.clock().now() < latest)
        if (Result<void> slice = store.commit(); !slice) return slice;
    if (!store.sweeping()) dht_log_.note(DhtRangeChanged{store.range(), store.set_aside()});
    return {};
}

Result<void> DhtService::open_store() {
    return settings_.engine == config::DhtEngine::memory ? open_memory() : open_file();
}

Result<void> DhtService::open_memory() {
    if (!settings_.dumps)
        if (Result<void> kept = open_journal(); !kept) return kept;
    MemoryStore::Limits limits;
    limits.bytes_max = settings_.bytes_max / settings_.threads;
    if (workers_) {
        for (std::size_t i = 0; i < workers_->threads(); ++i)
            workers_->share(i).set_store(std::make_unique<MemoryStore>(limits, std::make_unique<HugeSegments>()));
        store_ = workers_->records_of(0);
    } else {
        store_ = std::make_unique<MemoryStore>(limits, std::make_unique<HugeSegments>());
    }
    if (settings_.dumps)
        if (Result<void> loaded = open_dumps(); !loaded) return loaded;
    if (Result<void> checked = check_for_threads(); !checked) return checked;
    return begin_range(*store_);
}

// A redistribution belongs to one thread: the range changes between two of its turns.
Result<void> DhtService::check_for_threads() const {
    const RangeState& state = journal_->state();
    if (!workers_ || (!state.task && !state.passing && state.handed.empty())) return {};
    return Error{ErrorCode::busy,
                 "a redistribution of this node was interrupted and can go on with one thread only: start with "
                 "dht.threads 1 until it is over"};
}

// The file is read through a map of it. A page that cannot be had ends the process.
void DhtService::expect_broken_pages() const {
    end_on_broken_page(
        {SIGBUS},
        "halpd: a page of " + data_dir_ + (workers_ ? "/share-*" : "") +
            "/records.lmdb cannot be read or written: the file was cut short while it was in use, or "
            "its disk is full or fails. Ending. Records in other pages are whole; the next start looks "
            "what is missing.",
        log_file_);
}

Result<void> DhtService::open_file() {
    expect_broken_pages();
    if (Result<void> locked = lock_data(); !locked) return locked;
    auto notes = FileStorage::open(data_dir_, IfMissing::create);
    if (!notes) return Error{notes.error().code, notes.error().message + " (dht.data_dir)"};
    const auto said = [this](const std::string& sentence) {
        log_.write(LogLevel::info, "dht_records_moved", sentence);
    };
    Result<std::vector<RecordFile>> files =
        open_record_files({data_dir_, settings_.threads, store_options(settings_), said}, **notes);
    if (!files) return Error{files.error().code, files.error().message + " (dht.data_dir)"};
    if (!workers_) store_ = std::move(files->front().store);
    if (Result<void> kept = open_journal(); !kept) return kept;
    if (Result<void> checked = check_for_threads(); !checked) return checked;
    if (!workers_) files->front().store.reset(static_cast<LmdbStore*>(store_.release()));
    for (std::size_t i = 0; i < files->size(); ++i)
        if (Result<void> opened = use_file(i, std::move((*files)[i])); !opened)
            return Error{opened.error().code, opened.error().message + " (dht.data_dir)"};
    if (workers_) store_ = workers_->records_of(0);
    return {};
}

// The completed writes of a share go to the inboxes of the threads.
Result<void> DhtService::use_file(std::size_t number, RecordFile file) {
    if (const std::string& repaired = file.store->repaired(); !repaired.empty())
        log_.write(LogLevel::info, "dht_store_repaired", repaired);
    if (Result<void> begun = begin_range(*file.store); !begun) return begun;
    if (file.lock) share_locks_.push_back(std::move(*file.lock));
    if (settings_.cache_bytes > 0) {
        const std::size_t bytes = std::max(settings_.cache_bytes / settings_.threads, RecordCache::bytes_min);
        file.store->use_cache(std::make_unique<RecordCache>(bytes, std::make_unique<HugeSegments>()));
    }
    RecordShare* const share = workers_ ? &workers_->share(number) : nullptr;
    const auto finished = [this, share, number](const Result<void>& outcome) {
        if (!outcome && workers_) workers_->report_from(number, DhtStoreFailed{outcome.error().message});
        if (!outcome && !workers_) dht_log_.note(DhtStoreFailed{outcome.error().message});
        if (share) share->distribute();
        if (share) return workers_->nudge(number);
        node_->records_changed();
    };
    auto commits =
        std::make_unique<CommitThread>(std::move(file.store), workers_ ? workers_->base(number) : world_.base(),
                                       world_.clock(), finished, share ? &share->lock() : nullptr);
    commits_.push_back(commits.get());
    if (share)
        share->set_store(std::move(commits));
    else
        store_ = std::move(commits);
    return {};
}

}  // namespace halp
