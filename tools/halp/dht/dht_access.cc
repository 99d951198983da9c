#include "tools/halp/dht/dht_access.h"

#include <algorithm>
#include <utility>

namespace halp::cli {
namespace {

class NeoAccess final : public DhtAccess {
public:
    explicit NeoAccess(BlockingDhtClient& client) : client_(client) {}

    Result<void> put(Bytes channel, Key key, Bytes value) override { return client_.put(channel, key, value); }
    Result<std::optional<std::string>> get(Bytes channel, Key key) override { return client_.get(channel, key); }
    Result<bool> exists(Bytes channel, Key key) override { return client_.exists(channel, key); }
    Result<bool> remove(Bytes channel, Key key) override { return client_.remove(channel, key); }

    Result<void> scan(Bytes channel, const GetAllSettings& settings, const Each& each) override {
        DhtRecords records = client_.records(channel, settings);
        for (const DhtRecord& record : records)
            if (!each(record.key, record.value)) break;
        return concluded(records);
    }
    Result<void> channels(std::vector<std::string>& names) override {
        DhtChannels found = client_.channels();
        for (const std::string& name : found) names.push_back(name);
        std::ranges::sort(names);
        return concluded(found);
    }
    Result<void> remove_channel(Bytes channel) override {
        const Result<void> removed = client_.remove_channel(channel);
        cover_ = client_.cover();
        return removed;
    }
    // The protocol has no request for it.
    Result<Size> size(Bytes channel) override {
        Size all;
        const Result<void> read = scan(channel, {}, [&](Key, Bytes value) {
            ++all.records;
            all.bytes += value.size();
            return true;
        });
        if (!read) return read.error();
        return all;
    }
    const dht::RangeCover& cover() const override { return cover_; }

    std::vector<ReachedNode> nodes() override {
        std::vector<ReachedNode> all;
        for (const DhtNodeView& node : client_.client().nodes()) {
            const std::string* why = client_.trouble(node.node);
            all.push_back({node.node, node.connected, node.range, why ? *why : node.connected ? "" : "no answer"});
        }
        return all;
    }
    dht::RangeCover reached() const override { return client_.client().cover(); }

private:
    template <class Stream>
    Result<void> concluded(const Stream& stream) {
        cover_ = stream.cover();
        return stream.error() ? Result<void>{*stream.error()} : Result<void>{};
    }

    BlockingDhtClient& client_;
    dht::RangeCover cover_;
};

class LegacyAccess final : public DhtAccess {
public:
    explicit LegacyAccess(BlockingLegacyClient& client) : client_(client) {}

    Result<void> put(Bytes channel, Key key, Bytes value) override { return client_.put(channel, key, value); }
    Result<std::optional<std::string>> get(Bytes channel, Key key) override { return client_.get(channel, key); }
    Result<bool> exists(Bytes channel, Key key) override { return client_.exists(channel, key); }
    // Remove does not tell, so that is asked for before.
    Result<bool> remove(Bytes channel, Key key) override {
        const Result<bool> there = client_.exists(channel, key);
        if (!there) return there;
        const Result<void> removed = client_.remove(channel, key);
        if (!removed) return removed.error();
        return *there;
    }
    Result<void> scan(Bytes channel, const GetAllSettings& settings, const Each& each) override {
        return client_.get_all(channel, {settings.keys_only, settings.value_filter}, each);
    }
    Result<void> channels(std::vector<std::string>& names) override {
        Result<void> ended = client_.each_channel([&](Bytes name) { names.emplace_back(name); });
        std::ranges::sort(names);
        names.erase(std::unique(names.begin(), names.end()), names.end());
        return ended;
    }
    Result<void> remove_channel(Bytes channel) override { return client_.remove_channel(channel); }
    Result<Size> size(Bytes channel) override {
        const auto sizes = client_.get_channel_size(channel);
        if (!sizes) return sizes.error();
        return Size{sizes->records, sizes->bytes};
    }
    const dht::RangeCover& cover() const override { return client_.cover(); }

    std::vector<ReachedNode> nodes() override {
        std::vector<ReachedNode> all;
        for (const LegacyNodeView& node : client_.client().nodes()) {
            const std::string* why = client_.trouble(node.node);
            const bool answers = node.version_known && why == nullptr;
            all.push_back({node.node, answers, node.range, why ? *why : ""});
        }
        return all;
    }
    dht::RangeCover reached() const override { return client_.client().cover(); }

private:
    BlockingLegacyClient& client_;
};

}  // namespace

std::unique_ptr<DhtAccess> access_by_neo(BlockingDhtClient& client) { return std::make_unique<NeoAccess>(client); }

std::unique_ptr<DhtAccess> access_by_legacy(BlockingLegacyClient& client) {
    return std::make_unique<LegacyAccess>(client);
}

}  // namespace halp::cli
