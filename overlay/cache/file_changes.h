// What a save of the host cache does to a file while nobody else can change it: the label's file, and the file of
// origins beside it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "overlay/cache/line_origins.h"
#include "overlay/environment.h"
#include "store/cache_format.h"
#include "store/label.h"

namespace halp {

// Merges what the node knows into the file, while nobody else can change the file. The lines of other swarms stay,
// up to as many again.
class MergingHosts final : public Storage::Change {
public:
    MergingHosts(const Label& label, CacheFile ours, std::vector<ForgottenHost> forgotten, std::size_t lines_max)
        : label_(label), ours_(std::move(ours)), forgotten_(std::move(forgotten)), lines_max_(lines_max) {}

    void ignore_disk() { ignores_disk_ = true; }
    void keep_aside(const LineOrigins& origins, const std::string& swarm, std::vector<CacheLine> more) {
        origins_ = &origins;
        swarm_ = &swarm;
        others_.lines = std::move(more);
    }
    std::string apply(Bytes old_content) override {
        const bool any_other = origins_ && !origins_->only(*swarm_);
        CacheFile on_disk = ignores_disk_ ? CacheFile{}
                            : any_other   ? parse_cache_file(label_, old_content)
                                          : parse_cache_lines(label_, old_content);
        CacheFile aside;
        if (any_other) aside.lines = of_other_swarms(on_disk);
        merged_ = merge_cache_files(std::move(on_disk), std::move(ours_), std::move(forgotten_), lines_max_);
        if (!aside.lines.empty() || !others_.lines.empty())
            aside = merge_cache_files(std::move(aside), std::move(others_), {}, lines_max_);
        const std::size_t cut_lines = merged_.cut_lines + aside.cut_lines, cut_names = merged_.cut_names;
        if (!aside.lines.empty())
            merged_ = merge_cache_files(std::move(merged_), std::move(aside), {}, 2 * lines_max_);
        merged_.cut_lines += cut_lines;
        merged_.cut_names += cut_names;
        return format_cache_file(label_, merged_);
    }
    [[nodiscard]] const CacheFile& merged() const { return merged_; }

private:
    std::vector<CacheLine> of_other_swarms(CacheFile& on_disk) const {
        const auto first = std::stable_partition(
            on_disk.lines.begin(), on_disk.lines.end(),
            [&](const CacheLine& line) { return origins_->of(line, *swarm_) != LineOrigin::other_swarm; });
        std::vector<CacheLine> others(std::make_move_iterator(first), std::make_move_iterator(on_disk.lines.end()));
        on_disk.lines.erase(first, on_disk.lines.end());
        return others;
    }

    const Label& label_;
    CacheFile ours_;
    std::vector<ForgottenHost> forgotten_;
    std::size_t lines_max_;
    const LineOrigins* origins_ = nullptr;
    const std::string* swarm_ = nullptr;
    CacheFile others_;
    CacheFile merged_;
    bool ignores_disk_ = false;
};

// Changes the file of origins, while nobody else can change it.
class NotingOrigins final : public Storage::Change {
public:
    NotingOrigins(const Label& label, std::function<void(LineOrigins&)> change)
        : label_(label), change_(std::move(change)) {}
    // What comes of `content`, which was read without a lock: it holds if nobody has written since then.
    void prepare(LineOrigins origins, std::string content, std::string changed) {
        origins_ = std::move(origins);
        content_ = std::move(content);
        changed_ = std::move(changed);
    }
    std::string apply(Bytes old_content) override {
        if (changed_ && old_content == content_) return *std::move(changed_);
        origins_ = LineOrigins::parse(label_, old_content);
        change_(origins_);
        return origins_.format(label_);
    }
    [[nodiscard]] LineOrigins& origins() { return origins_; }

private:
    const Label& label_;
    std::function<void(LineOrigins&)> change_;
    LineOrigins origins_;
    std::string content_;
    std::optional<std::string> changed_;
};

}  // namespace halp
