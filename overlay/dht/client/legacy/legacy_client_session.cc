#include "overlay/dht/client/legacy/legacy_client_session.h"

#include <algorithm>
#include <utility>

namespace halp::legacy {

void ClientSession::begin(const CallHead& call, Bytes wire, Instant now) {
    if (calls_.empty()) since_ = now;
    output_ += wire;
    push(call);
    if (!call.confirmed_behind) return;
    CallHead behind = call;
    behind.command = Command::get_responsible_range;
    behind.confirms = true;
    push(behind);
}

void ClientSession::push(const CallHead& call) {
    calls_.push_back(call);
    ++unsent_;
    if (has_items(call.command)) ++lists_;
}

bool ClientSession::has(RequestId request) const {
    return std::ranges::find(calls_, request, &CallHead::request) != calls_.end();
}

Instant ClientSession::next_deadline() const {
    const bool waits = !calls_.empty() && !held_ && calls_.front().step_timeout > Duration{0};
    return waits ? since_ + calls_.front().step_timeout : no_deadline;
}

void ClientSession::on_bytes(Bytes arrived, Instant now) {
    since_ = now;
    if (over()) return;
    if (held_ || !input_.empty()) {
        input_ += arrived;
        if (!held_) go_on(now);
        return;
    }
    arrived.remove_prefix(take(arrived));
    input_.assign(arrived);
}

void ClientSession::go_on(Instant now) {
    since_ = now;
    input_at_ += take(Bytes(input_).substr(input_at_));
    // Each byte is moved at most once, because at least half of the buffer goes.
    if (input_at_ * 2 < input_.size()) return;
    input_.erase(0, input_at_);
    input_at_ = 0;
}

void ClientSession::drop_input() {
    std::string().swap(input_);
    input_at_ = 0;
    end_ = Trouble::disconnected;
}

std::size_t ClientSession::take(Bytes in) {
    std::size_t done = 0;
    while (!over() && !held_ && done < in.size()) {
        const std::size_t taken = take_one(in.substr(done));
        if (taken == 0) break;
        done += taken;
    }
    return done;
}

std::size_t ClientSession::take_one(Bytes in) {
    if (calls_.size() <= unsent_) return fail(Trouble::malformed);  // nobody has asked
    return in_list_ ? take_item(in) : take_answer(in);
}

std::size_t ClientSession::take_answer(Bytes in) {
    const Command command = calls_.front().command;
    const ReadAnswer answer = read_answer(command, in);
    if (answer.kind == ReadAnswer::Kind::too_long) return fail(Trouble::malformed);
    if (answer.kind == ReadAnswer::Kind::need_more) return 0;
    if (has_items(command) && answer.status == static_cast<std::uint32_t>(Status::ok))
        in_list_ = true;
    else
        finish(answer);
    return answer.bytes;
}

std::size_t ClientSession::take_item(Bytes in) {
    const ReadItem item = read_item(calls_.front().command, in);
    switch (item.kind) {
        case ReadItem::Kind::need_more:
            return 0;
        case ReadItem::Kind::too_long:
            return fail(Trouble::malformed);
        case ReadItem::Kind::end: {
            ReadAnswer answer;
            answer.status = static_cast<std::uint32_t>(Status::ok);
            finish(answer);
            break;
        }
        case ReadItem::Kind::item: {
            const CallHead call = calls_.front();
            const auto next = answers_.on_item(call, item);
            if (next == SessionAnswers::Next::malformed) return fail(Trouble::malformed);
            if (next == SessionAnswers::Next::hold) held_ = true;
            break;
        }
    }
    return item.bytes;
}

// The originals close behind 500 and behind a status that they do not know. Behind 500 other answers that are under
// way are worth waiting for; behind an unknown status nobody knows where the next answer begins.
void ClientSession::finish(const ReadAnswer& answer) {
    const CallHead call = calls_.front();
    calls_.pop_front();
    if (has_items(call.command)) --lists_;
    in_list_ = false;
    const bool known = status_name(answer.status) != "unknown";
    const bool failed = answer.status == static_cast<std::uint32_t>(Status::error) && calls_.empty();
    if (!known || failed) end_ = Trouble::fatal;
    answers_.on_done(call, answer);
}

}  // namespace halp::legacy
