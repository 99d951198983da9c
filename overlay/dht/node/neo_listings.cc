// GetChannels: all channel names, then Finished. GetHashRange: the range of this node, then news of ranges without
// end.
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "overlay/dht/node/channel_pages.h"
#include "overlay/dht/node/neo_handlers.h"

namespace halp::neo {
namespace {

class GetChannels final : public LongRequest {
public:
    explicit GetChannels(const Request& request) : channels_(request.context.records) {}

    After on_turn(Turn& turn) override {
        const Channel* const channel = channels_.next();
        if (!channel) {
            encode_channels_answer(turn.out, turn.id, {ChannelsCode::finished, {}});
            return After::done;
        }
        turn.budget.spend_record(channel->name().size());
        encode_channels_answer(turn.out, turn.id, {ChannelsCode::channel_name, channel->name()});
        return After::again;
    }

    After on_message(Bytes, Instant) override { return After::close; }

private:
    ChannelPages channels_;
};

class GetHashRange final : public LongRequest, HashRangeListener {
public:
    explicit GetHashRange(const Request& request)
        : ranges_(request.context.ranges),
          turns_(request.turns),
          id_(request.id),
          most_(request.context.limits.hash_range_queue_max) {}
    ~GetHashRange() override {
        if (started_) ranges_.unlisten(*this);
    }

    After on_turn(Turn& turn) override {
        if (!started_) {
            started_ = true;
            ranges_.listen(*this);
            encode_hash_range(turn.out, turn.id, {ranges_.own().min(), ranges_.own().max()});
            return After::wait;
        }
        // A client that reads so slowly that news pile up had better connect again and ask anew.
        if (news_.size() > most_) return After::fail;
        if (news_.empty()) return After::wait;
        encode_hash_range_news(turn.out, turn.id, news_.front());
        news_.pop_front();
        return news_.empty() ? After::wait : After::again;
    }

    After on_message(Bytes, Instant) override { return After::close; }

private:
    void on_hash_range_news(const HashRangeNews& news) override {
        if (news_.size() > most_) return;  // the queue keeps one news above the limit, which ends the request
        news_.push_back(news);
        turns_.want_turn(id_);
    }

    HashRanges& ranges_;
    TurnScheduler& turns_;
    RequestId id_;
    std::size_t most_;
    std::deque<HashRangeNews> news_;
    bool started_ = false;
};

}  // namespace

std::unique_ptr<LongRequest> begin_get_channels(const Request& request) {
    return std::make_unique<GetChannels>(request);
}

std::unique_ptr<LongRequest> begin_get_hash_range(const Request& request) {
    return std::make_unique<GetHashRange>(request);
}

}  // namespace halp::neo
