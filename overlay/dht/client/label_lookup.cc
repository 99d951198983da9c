#include "overlay/dht/client/label_lookup.h"

#include <utility>

#include "overlay/dht/client/node_source.h"

namespace halp {

LabelLookup::~LabelLookup() {
    if (stream_) environment_.transport.abort(*stream_);
}

Result<void> LabelLookup::ask(std::vector<Endpoint> hosts, const Label& label) {
    if (hosts.empty()) return Error{ErrorCode::invalid, "No HALP host to ask for nodes was given."};
    Result<std::string> query = get_query(label);
    if (!query) return query.error();
    query_ = std::move(query).value();
    hosts_ = std::move(hosts);
    next_host_ = 0;
    if (!stream_) deadline_ = never;
    return {};
}

bool LabelLookup::on_bytes(StreamId stream, Bytes arrived) {
    if (stream_ != stream) return false;
    if (!answer_.on_bytes(arrived)) {
        environment_.transport.abort(stream);
        finish(false);
    }
    return true;
}

bool LabelLookup::on_gone(StreamId stream, bool in_order) {
    if (stream_ != stream) return false;
    if (in_order) environment_.transport.close(stream);
    finish(in_order);
    return true;
}

void LabelLookup::finish(bool in_order) {
    stream_.reset();
    const HostAnswer answer = parse_host_answer(answer_.text(in_order), environment_.clock.wall());
    std::size_t taken = 0;
    for (const HostAnswer::Line& line : answer.lines) {
        if (taken++ == nodes_per_source_max) break;
        found_.push_back(line.endpoint);
    }
    if (taken > 0) ++answers_;
    answer_ = {};
    deadline_ = environment_.clock.now() + (taken > 0 ? options_.interval : options_.interval_until_found);
}

void LabelLookup::on_deadline(Instant now) {
    if (now < deadline_) return;
    if (stream_) {
        environment_.transport.abort(*stream_);
        return finish(false);
    }
    stream_ = environment_.transport.connect(hosts_[next_host_ % hosts_.size()]);
    ++next_host_;
    environment_.transport.write(*stream_, query_);
    deadline_ = now + options_.answer_timeout;
}

std::vector<Endpoint> LabelLookup::take_found() { return std::exchange(found_, {}); }

}  // namespace halp
