// What GetAll and Mirror have in common: a channel whose records go to the client, and the client's control
// messages. A channel that is not there has no records, and is not made by asking for it.
#pragma once

#include <optional>
#include <string>

#include "overlay/dht/node/handler_context.h"
#include "overlay/dht/node/long_request.h"
#include "overlay/dht/node/request.h"
#include "overlay/dht/node/stream_control.h"
#include "overlay/dht/ranges/redistribution.h"
#include "store/records/channel.h"

namespace halp::neo {

class ChannelStream : public LongRequest {
public:
    ChannelStream(const Request& request, Bytes channel, bool start_suspended)
        : context_(request.context), control_(start_suspended), client_(request.client) {
        if (const auto name = Channel::parse(channel)) channel_ = *name;
    }

    After on_message(Bytes payload, Instant) final {
        if (!started_) return After::close;
        switch (control_.hear(payload)) {
            case StreamControl::Heard::acknowledge:
                return After::again;
            case StreamControl::Heard::nothing:
                return After::wait;
            case StreamControl::Heard::over:
                return After::done;
            case StreamControl::Heard::broken:
                break;
        }
        return After::close;
    }

protected:
    // False: the request is answered with Error.
    [[nodiscard]] bool has_valid_name() const { return channel_.has_value(); }
    [[nodiscard]] const Channel& channel() const { return *channel_; }
    [[nodiscard]] const RecordStore& records() const { return context_.records.store(); }

    // Which records of one scan may be shown. Until a sweep is over, records out of the range are still in the
    // store, and so are those of a part that is handed over or taken over.
    class Shown {
    public:
        explicit Shown(const HandlerContext& context)
            : own_(context.ranges.own()),
              all_(!context.records.store().sweeping() &&
                   (context.redistribution == nullptr || !context.redistribution->busy())) {}
        bool operator()(Key key) const { return all_ || own_.contains(key); }

    private:
        const HashRange& own_;
        const bool all_;
    };
    [[nodiscard]] Shown shown() const { return Shown{context_}; }
    void read_failed(const char* request, const Error& why) {
        context_.failures.read_failed(request, client_, why);
    }

    HandlerContext& context_;
    StreamControl control_;
    bool started_ = false;

private:
    std::optional<Channel> channel_;
    const std::string client_;
};

}  // namespace halp::neo
