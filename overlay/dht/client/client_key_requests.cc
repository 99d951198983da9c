#include "overlay/dht/client/client_key_requests.h"

#include <optional>
#include <utility>
#include <variant>

namespace halp {
namespace {

using namespace dht;
using neo::RequestCode;

// The meaning of one answer of a node.
enum class Meaning : std::uint8_t { success, no_record, wrong_node, error, value_follows };

template <class Note>
struct Kind;
template <>
struct Kind<PutNote> {
    using Success = Succeeded;
    static constexpr RequestCode code = RequestCode::put;
    static Meaning meaning(std::uint8_t answer) {
        if (answer == static_cast<std::uint8_t>(neo::PutAnswer::put)) return Meaning::success;
        return answer == static_cast<std::uint8_t>(neo::PutAnswer::wrong_node) ? Meaning::wrong_node
                                                                               : Meaning::error;
    }
};
template <>
struct Kind<GetNote> {
    static constexpr RequestCode code = RequestCode::get;
    static Meaning meaning(std::uint8_t answer) {
        switch (static_cast<neo::GetAnswer>(answer)) {
            case neo::GetAnswer::no_record:
                return Meaning::no_record;
            case neo::GetAnswer::got:
                return Meaning::value_follows;
            case neo::GetAnswer::wrong_node:
                return Meaning::wrong_node;
            default:
                return Meaning::error;
        }
    }
};
template <>
struct Kind<ExistsNote> {
    using Success = Exists;
    static constexpr RequestCode code = RequestCode::exists;
    static Meaning meaning(std::uint8_t answer) {
        switch (static_cast<neo::ExistsAnswer>(answer)) {
            case neo::ExistsAnswer::exists:
                return Meaning::success;
            case neo::ExistsAnswer::no_record:
                return Meaning::no_record;
            case neo::ExistsAnswer::wrong_node:
                return Meaning::wrong_node;
            default:
                return Meaning::error;
        }
    }
};
template <>
struct Kind<RemoveNote> {
    using Success = Removed;
    static constexpr RequestCode code = RequestCode::remove;
    static Meaning meaning(std::uint8_t answer) {
        switch (static_cast<neo::RemoveAnswer>(answer)) {
            case neo::RemoveAnswer::no_record:
                return Meaning::no_record;
            case neo::RemoveAnswer::removed:
                return Meaning::success;
            case neo::RemoveAnswer::wrong_node:
                return Meaning::wrong_node;
            default:
                return Meaning::error;
        }
    }
};

template <class Note>
class KeyRequest final : public ClientRequest {
public:
    using Notifier = std::function<void(const Note&)>;
    // `candidates` in the order of asking. A read passes over those that are not connected. A write does not:
    // behind an older value of the newest owner it would be lost, and a removal would bring the record of an older
    // one back. `frame` is kept only while another node may have to be asked.
    KeyRequest(RequestContext& context, neo::RequestId id, NodeList candidates, Bytes frame, Notifier notify)
        : ClientRequest(context, id, Kind<Note>::code),
          candidates_(std::move(candidates)),
          notify_(std::move(notify)) {
        if constexpr (reads) pass_over_closed();
        if (at_ >= candidates_.size() || !context_.open(candidates_[at_])) {
            NoNode none;
            if (!candidates_.empty()) none.away = context_.endpoint(candidates_.front());
            at_ = candidates_.size();
            end_later(std::move(none));
            return;
        }
        if (at_ + 1 < candidates_.size()) frame_ = frame;
        context_.send(candidates_[at_], id, frame);
    }
    // Ends with `why` in the next turn, without asking a node.
    KeyRequest(RequestContext& context, neo::RequestId id, Note why, Notifier notify)
        : ClientRequest(context, id, Kind<Note>::code), notify_(std::move(notify)) {
        end_later(std::move(why));
    }

    bool on_message(NodeNumber node, Bytes payload) override {
        if (at_ >= candidates_.size() || candidates_[at_] != node) return true;
        switch (expected_) {
            case Expected::support:
                return on_support(payload);
            case Expected::answer:
                return on_answer(payload);
            case Expected::value:
                return on_value(payload);
        }
        return false;
    }
    void on_lost(NodeNumber node, std::string_view why) override {
        if (!end_ && at_ < candidates_.size() && candidates_[at_] == node)
            end(NodeDisconnected{context_.endpoint(node), std::string(why)});
    }
    void on_turn() override {
        if (end_) end(*std::exchange(end_, std::nullopt));
    }
    void on_time_out() override { end(TimedOut{}); }
    void cancel() override {
        withdraw();
        notify_ = nullptr;
        context_.over(id());
    }

private:
    enum class Expected : std::uint8_t { support, answer, value };
    static constexpr bool reads = Kind<Note>::code == RequestCode::get || Kind<Note>::code == RequestCode::exists;
    void pass_over_closed() {
        for (; at_ < candidates_.size() && !context_.open(candidates_[at_]); ++at_)
            if (!passed_over_) passed_over_ = candidates_[at_];
    }
    [[nodiscard]] const Endpoint& node() const { return context_.endpoint(candidates_[at_]); }

    bool on_support(Bytes payload) {
        const auto decoded = neo::decode_support(payload);
        const auto* support = std::get_if<neo::Support>(&decoded);
        if (!support) return false;
        if (*support != neo::Support::supported)
            end(Unsupported{node(), *support});
        else
            expected_ = Expected::answer;
        return true;
    }
    bool on_answer(Bytes payload) {
        const auto decoded = neo::decode_code(payload);
        const auto* answer = std::get_if<std::uint8_t>(&decoded);
        if (!answer) return false;
        switch (Kind<Note>::meaning(*answer)) {
            case Meaning::value_follows:
                expected_ = Expected::value;
                break;
            case Meaning::wrong_node:
                end(WrongNode{node()});
                break;
            case Meaning::error:
                end(NodeError{node()});
                break;
            case Meaning::success:
                success_ = true;
                if constexpr (Kind<Note>::code == RequestCode::remove)
                    ask_next();
                else
                    conclude();
                break;
            case Meaning::no_record:
                ask_next();
                break;
        }
        return true;
    }
    bool on_value(Bytes payload) {
        if constexpr (Kind<Note>::code == RequestCode::get) {
            const auto decoded = neo::decode_value(payload);
            const auto* value = std::get_if<Bytes>(&decoded);
            if (!value) return false;
            end(Received{*value});
            return true;
        }
        return false;
    }
    void ask_next() {
        ++at_;
        if constexpr (reads) pass_over_closed();
        if (at_ >= candidates_.size()) return conclude();
        expected_ = Expected::support;
        if (!context_.open(candidates_[at_])) return end(NodeDisconnected{node(), "not connected"});
        context_.send(candidates_[at_], id(), frame_);
    }
    void conclude() {
        // The node that was not asked may have the record, so "no record" would be a guess.
        if (passed_over_ && !success_)
            return end(NodeDisconnected{context_.endpoint(*passed_over_), "not connected"});
        if constexpr (Kind<Note>::code == RequestCode::put) {
            end(Succeeded{});
        } else if constexpr (Kind<Note>::code == RequestCode::get) {
            end(NoRecord{});
        } else if (success_) {
            end(typename Kind<Note>::Success{});
        } else {
            end(NoRecord{});
        }
    }
    void end(Note note) {
        if (std::holds_alternative<TimedOut>(note)) withdraw();
        context_.over(id());
        // Moved out first: the notifier may begin other requests, and may hold what owns this one.
        const Notifier notify = std::exchange(notify_, nullptr);
        if (notify) notify(note);
    }
    void end_later(Note note) {
        end_ = std::move(note);
        context_.later(id());
    }
    void withdraw() {
        if (!end_ && at_ < candidates_.size()) context_.unsend(candidates_[at_], id());
    }

    NodeList candidates_;
    std::size_t at_ = 0;
    std::optional<NodeNumber> passed_over_;  // the first one
    std::string frame_;
    Notifier notify_;
    std::optional<Note> end_;  // set when the end was known before anything was sent
    Expected expected_ = Expected::support;
    bool success_ = false;
};

template <class Note>
std::unique_ptr<ClientRequest> begin(RequestContext& context, NodeList candidates, neo::RequestId id,
                                     const neo::RecordAddress& what, std::function<void(const Note&)> notify) {
    std::string& frame = context.frame_room();
    neo::encode_record_key(frame, id, Kind<Note>::code, what);
    return std::make_unique<KeyRequest<Note>>(context, id, std::move(candidates), frame, std::move(notify));
}

}  // namespace

std::unique_ptr<ClientRequest> begin_put(RequestContext& context, const NodeMap& nodes, neo::RequestId id,
                                         const neo::PutRequest& what, PutNotifier notify) {
    if (what.value.size() > neo::value_bytes_max)
        return std::make_unique<KeyRequest<PutNote>>(context, id, PutNote(ValueTooBig{what.value.size()}),
                                                     std::move(notify));
    NodeList candidates;
    if (const auto newest = nodes.newest(Key{what.key})) candidates.push_back(*newest);
    std::string& frame = context.frame_room();
    neo::encode_put(frame, id, what);
    return std::make_unique<KeyRequest<PutNote>>(context, id, std::move(candidates), frame, std::move(notify));
}

std::unique_ptr<ClientRequest> begin_get(RequestContext& context, const NodeMap& nodes, neo::RequestId id,
                                         const neo::RecordAddress& what, GetNotifier notify) {
    return begin<GetNote>(context, nodes.newest_first(Key{what.key}), id, what, std::move(notify));
}

std::unique_ptr<ClientRequest> begin_exists(RequestContext& context, const NodeMap& nodes, neo::RequestId id,
                                            const neo::RecordAddress& what, ExistsNotifier notify) {
    return begin<ExistsNote>(context, nodes.newest_first(Key{what.key}), id, what, std::move(notify));
}

std::unique_ptr<ClientRequest> begin_remove(RequestContext& context, const NodeMap& nodes, neo::RequestId id,
                                            const neo::RecordAddress& what, RemoveNotifier notify) {
    NodeList oldest_first = nodes.newest_first(Key{what.key});
    oldest_first.reverse();
    return begin<RemoveNote>(context, std::move(oldest_first), id, what, std::move(notify));
}

}  // namespace halp
