#include "tools/halp/local_cache.h"

#include <algorithm>
#include <vector>

#include "overlay/cache/line_origins.h"
#include "store/label_table.h"

namespace halp::cli {
namespace {

class MergeNews final : public Storage::Change {
public:
    MergeNews(const Label& label, const CacheFile& news) : label_(label), news_(news) {}
    std::string apply(Bytes old_content) override {
        const CacheFile on_disk = parse_cache_file(label_, old_content);
        return format_cache_file(label_, merge_cache_files(on_disk, news_, {}, TableLimits::entries_hard_max));
    }

private:
    const Label& label_;
    const CacheFile& news_;
};

// Whoever writes a line by hand does not say of which swarm its host is.
class ForgetOrigins final : public Storage::Change {
public:
    ForgetOrigins(const Label& label, const CacheFile& news) : label_(label), news_(news) {}
    std::string apply(Bytes old_content) override {
        LineOrigins origins = LineOrigins::parse(label_, old_content);
        for (const CacheLine& line : news_.lines) origins.forget(line.endpoint);
        return origins.format(label_);
    }

private:
    const Label& label_;
    const CacheFile& news_;
};

}  // namespace

Result<CacheFile> LocalCache::load(const Label& label) {
    const std::string name = cache_file_name(label);
    const Result<std::string> content = storage_.read(name);
    if (!content && content.error().code == ErrorCode::not_found) return CacheFile{};
    if (!content) return content.error();
    CacheFile file = parse_cache_file(label, *content);
    for (const BadCacheLine& bad : file.bad)
        complain_(name + ":" + std::to_string(bad.line) + ": skipped: " + bad.why);
    if (file.bad_count > file.bad.size())
        complain_(name + ": " + std::to_string(file.bad_count - file.bad.size()) + " more lines are skipped");
    // Sort as a merge does: the file may have been written by hand.
    return merge_cache_files(file, {}, {}, TableLimits::entries_hard_max);
}

Result<void> LocalCache::merge(const Label& label, const CacheFile& news) {
    if (news.lines.empty() && news.names.empty()) return {};
    if (!label.storable())
        return Error{ErrorCode::refused, "A label of more than 255 bytes cannot be kept in a file."};
    MergeNews change{label, news};
    if (auto merged = storage_.update(cache_file_name(label), change); !merged || label.lists_names())
        return merged;
    ForgetOrigins forgetting{label, news};
    return storage_.update(LineOrigins::file_name(label), forgetting);
}

Result<void> LocalCache::mention(const Label& label, UnixSeconds now) {
    for (const auto& [directory, name] : label.listings()) {
        CacheFile news;
        news.names.push_back({now, name});
        if (auto merged = merge(directory, news); !merged) return merged;
    }
    return {};
}

Result<bool> LocalCache::clear(const Label& label) {
    if (!label.storable()) return false;
    const std::string name = cache_file_name(label);
    const Result<std::string> content = storage_.read(name);
    if (!content && content.error().code == ErrorCode::not_found) return false;
    if (auto removed = storage_.remove(name); !removed) return removed.error();
    if (auto removed = storage_.remove(LineOrigins::file_name(label)); !removed) return removed.error();
    return true;
}

Result<std::size_t> LocalCache::clear_all() {
    const Result<std::vector<std::string>> names = storage_.list();
    if (!names) return names.error();
    std::size_t cleared = 0;
    for (const std::string& name : *names) {
        const bool origins = name.starts_with(LineOrigins::file_prefix);
        if (!origins && !label_of_cache_file(name)) continue;
        if (auto removed = storage_.remove(name); !removed) return removed.error();
        cleared += origins ? 0 : 1;
    }
    return cleared;
}

Listing listing_of(const Label& label, const CacheFile& file, UnixSeconds now) {
    Listing listing{label};
    for (const CacheLine& line : file.lines)
        listing.hosts.push_back({line.endpoint, std::min(line.seen, now), false, false, false});
    for (const CacheNameLine& line : file.names) listing.names.push_back({line.name, std::min(line.seen, now)});
    return listing;
}

}  // namespace halp::cli
