#include "overlay/dht/client/client_all_nodes.h"

#include <variant>

#include "store/endpoint.h"

namespace halp {

using namespace dht;

void AllNodesRequest::begin(const std::vector<NodeNumber>& nodes) {
    for (const NodeNumber node : nodes) on_node(node);
}

void AllNodesRequest::on_node(NodeNumber node) {
    if (finished_ || !parts_.emplace(node, Phase::waiting).second) return;
    if (context_.open(node)) ask(node);
}

void AllNodesRequest::on_open(NodeNumber node) {
    if (finished_) return;
    const bool is_new = parts_.emplace(node, Phase::waiting).second;
    if (is_new || parts_[node] == Phase::waiting) ask(node);
    after_phase_change();
}

void AllNodesRequest::ask(NodeNumber node) {
    if (!may_ask()) {
        parts_[node] = Phase::ended;
        return;
    }
    parts_[node] = Phase::asked;
    failed_.erase(node);
    if (!continues(node) && !follows()) covered_.erase(node);
    if (const auto range = context_.range(node)) take_range(node, *range);
    context_.send(node, id(), encode(node));
}

bool AllNodesRequest::on_message(NodeNumber node, Bytes payload) {
    const auto part = parts_.find(node);
    if (finished_ || part == parts_.end()) return true;
    Phase& phase = part->second;
    if (phase == Phase::asked) {
        const auto decoded = neo::decode_support(payload);
        const auto* support = std::get_if<neo::Support>(&decoded);
        if (!support) return false;
        phase = *support == neo::Support::supported ? Phase::running : Phase::ended;
        if (phase == Phase::ended) {
            fail_part(node);
            notify_unsupported(context_.endpoint(node), *support);
        }
    } else if (phase == Phase::running) {
        const Step step = on_data(node, payload);
        if (step == Step::broken) return false;
        if (step == Step::ended) phase = Phase::ended;
    }
    after_phase_change();
    return true;
}

void AllNodesRequest::on_lost(NodeNumber node, std::string_view why) {
    const auto part = parts_.find(node);
    if (finished_ || part == parts_.end()) return;
    if (part->second != Phase::asked && part->second != Phase::running) return;
    part->second = may_ask() ? Phase::waiting : Phase::ended;
    on_part_lost(node);
    notify_lost(context_.endpoint(node), why);
    after_phase_change();
}

void AllNodesRequest::on_alias(NodeNumber node) {
    if (finished_) return;
    parts_.erase(node);
    covered_.erase(node);
    after_phase_change();
}

void AllNodesRequest::on_failed(NodeNumber) {
    if (!finished_) after_phase_change();  // it may have been the last that could cover what is missing
}

// ---- which keys are answered for ----

void AllNodesRequest::on_range(NodeNumber node, const HashRange& range) {
    const auto part = parts_.find(node);
    if (finished_ || part == parts_.end() || part->second == Phase::waiting) return;
    // An ended part has answered for the range of its time.
    if (part->second != Phase::ended || !covered_.contains(node)) take_range(node, range);
    on_cover_changed();
    end_if_all_ended();
}

void AllNodesRequest::take_range(NodeNumber node, const HashRange& range) {
    const auto [at, is_new] = covered_.emplace(node, range);
    if (!is_new) at->second = follows() ? range : at->second.common(range);
}

RangeCover AllNodesRequest::cover() const {
    std::vector<HashRange> ranges;
    for (const auto& [node, range] : covered_) {
        const auto part = parts_.find(node);
        const bool counts =
            part != parts_.end() && (part->second == Phase::ended || (follows() && part->second == Phase::running));
        if (counts && !failed_.contains(node)) ranges.push_back(range);
    }
    return cover_of(std::move(ranges));
}

RangeCover AllNodesRequest::cover_with_lost() const {
    std::vector<HashRange> ranges;
    for (const auto& [node, range] : covered_)
        if (!failed_.contains(node)) ranges.push_back(range);
    return cover_of(std::move(ranges));
}

bool AllNodesRequest::still_to_come() const {
    for (const auto& part : parts_)
        if (!failed_.contains(part.first) && !covered_.contains(part.first) && context_.range_due(part.first))
            return true;
    return context_.untried_hints() && !cover().missing.empty();
}

void AllNodesRequest::after_phase_change() {
    if (!finished_) on_phase_changed();
    if (!finished_) on_cover_changed();
    end_if_all_ended();
}

void AllNodesRequest::end_waiting_parts() {
    for (auto& part : parts_)
        if (part.second == Phase::waiting) part.second = Phase::ended;
}

void AllNodesRequest::end_if_all_ended() {
    if (finished_ || parts_.empty()) return;
    for (const auto& part : parts_)
        if (part.second != Phase::ended) return;
    if (wants_cover() && still_to_come()) return;
    on_all_ended();
}

// ---- GetChannels ----

GetChannelsRequest::GetChannelsRequest(RequestContext& context, neo::RequestId id, GetChannelsNotifier notify)
    : AllNodesRequest(context, id, neo::RequestCode::get_channels), say_(std::move(notify)) {}

std::string GetChannelsRequest::encode(NodeNumber) {
    std::string frame;
    neo::encode_get_channels(frame, id());
    return frame;
}

AllNodesRequest::Step GetChannelsRequest::on_data(NodeNumber node, Bytes payload) {
    const auto decoded = neo::decode_channels_answer(payload);
    const auto* answer = std::get_if<neo::ChannelsAnswer>(&decoded);
    if (!answer) return Step::broken;
    switch (answer->code) {
        case neo::ChannelsCode::finished:
            return Step::ended;
        case neo::ChannelsCode::error:
            fail_part(node);
            say_(NodeError{context_.endpoint(node)});
            return Step::ended;
        case neo::ChannelsCode::channel_name:
            break;
    }
    if (names_.contains(answer->name)) return Step::go_on;
    constexpr std::size_t node_bytes = 64;  // of the tree
    name_bytes_ += answer->name.size() + node_bytes;
    if (names_.size() >= names_max || name_bytes_ > name_bytes_max) return Step::broken;
    names_.emplace(answer->name);
    say_(ChannelName{answer->name});
    return Step::go_on;
}

void GetChannelsRequest::notify_lost(const Endpoint& node, std::string_view why) {
    say_(NodeDisconnected{node, std::string(why)});
}
void GetChannelsRequest::notify_unsupported(const Endpoint& node, neo::Support why) {
    say_(Unsupported{node, why});
}
void GetChannelsRequest::on_all_ended() {
    finish();
    say_(end_of<GetChannelsNote>(cover()));
}
void GetChannelsRequest::on_time_out() {
    finish();
    say_(TimedOut{cover()});
}
void GetChannelsRequest::cancel() {
    say_.mute();
    finish();
}

// ---- RemoveChannel ----

RemoveChannelRequest::RemoveChannelRequest(RequestContext& context, neo::RequestId id, Bytes channel,
                                           RemoveChannelNotifier notify)
    : AllNodesRequest(context, id, neo::RequestCode::remove_channel), channel_(channel), say_(std::move(notify)) {}

std::string RemoveChannelRequest::encode(NodeNumber) {
    std::string frame;
    neo::encode_remove_channel(frame, id(), channel_);
    return frame;
}

AllNodesRequest::Step RemoveChannelRequest::on_data(NodeNumber node, Bytes payload) {
    const auto decoded = neo::decode_code(payload);
    const auto* answer = std::get_if<std::uint8_t>(&decoded);
    if (!answer) return Step::broken;
    switch (static_cast<neo::RemoveChannelAnswer>(*answer)) {
        case neo::RemoveChannelAnswer::removed:
            break;
        case neo::RemoveChannelAnswer::not_permitted:
            refused_.insert(node);
            break;
        default:
            fail_part(node);
            say_(NodeError{context_.endpoint(node)});
            break;
    }
    return Step::ended;
}

void RemoveChannelRequest::notify_lost(const Endpoint& node, std::string_view why) {
    say_(NodeDisconnected{node, std::string(why)});
}
void RemoveChannelRequest::notify_unsupported(const Endpoint& node, neo::Support why) {
    say_(Unsupported{node, why});
}
void RemoveChannelRequest::on_all_ended() {
    finish();
    if (refused_.empty())
        say_(end_of<RemoveChannelNote>(cover()));
    else
        say_(NotPermitted{context_.endpoint(*refused_.begin())});
}
void RemoveChannelRequest::on_time_out() {
    finish();
    say_(TimedOut{cover()});
}
void RemoveChannelRequest::cancel() {
    say_.mute();
    finish();
}

// ---- GetHashRange ----

std::string FollowRangesRequest::encode(NodeNumber node) {
    told_.erase(node);
    std::string frame;
    neo::encode_get_hash_range(frame, id());
    return frame;
}

AllNodesRequest::Step FollowRangesRequest::on_data(NodeNumber node, Bytes payload) {
    neo::HashRangeNews news;
    if (told_.insert(node).second) {
        const auto decoded = neo::decode_hash_range(payload);
        const auto* first = std::get_if<neo::RangeBounds>(&decoded);
        if (!first) return Step::broken;
        news.range = *first;
    } else {
        const auto decoded = neo::decode_hash_range_news(payload);
        const auto* heard = std::get_if<neo::HashRangeNews>(&decoded);
        if (!heard) return Step::broken;
        news = *heard;
    }
    const Result<HashRange> range = HashRange::make(news.range.min, news.range.max);
    if (!range) return Step::broken;
    if (news.code == neo::HashRangeCode::change_hash_range) {
        listener_.on_range(node, range.value());
        return Step::go_on;
    }
    const std::string address(news.address.begin(), news.address.end());
    const Result<Endpoint> other = Endpoint::make(Endpoint::unpack_address(address), news.port);
    if (!other) return Step::broken;
    listener_.on_new_node(other.value(), range.value());
    return Step::go_on;
}

}  // namespace halp
