#include "overlay/dht/ranges/legacy_link.h"

#include <utility>

namespace halp::legacy {

void Link::close() {
    if (stream_) transport_.abort(*stream_);
    stream_.reset();
    connected_ = lost_ = false;
    asked_.clear();
    answers_.clear();
    input_.clear();
}

void Link::ask(const Request& request, std::uint64_t tag) {
    if (!stream_) return;
    output_.clear();
    encode_request(output_, request);
    transport_.write(*stream_, output_);
    asked_.push_back({request.command, tag});
}

std::optional<Link::Answer> Link::next_answer() {
    if (answers_.empty()) return std::nullopt;
    Answer first = std::move(answers_.front());
    answers_.pop_front();
    return first;
}

void Link::on_bytes(Bytes bytes) {
    input_ += bytes;
    take_answers();
    // Whoever says more than was asked speaks another protocol.
    if (!asked_.empty() || input_.empty()) return;
    transport_.abort(*stream_);
    on_lost();
}

void Link::take_answers() {
    while (!asked_.empty()) {
        const ReadAnswer read = read_answer(asked_.front().command, input_);
        if (read.kind != ReadAnswer::Kind::answer) return;
        answers_.push_back({asked_.front().tag, read.status, read.min, read.max, read.count, read.value_bytes,
                            std::string(read.value)});
        asked_.pop_front();
        input_.erase(0, read.bytes);
    }
}

void Link::on_lost() {
    stream_.reset();
    connected_ = false;
    lost_ = true;
}

}  // namespace halp::legacy
