#include "tools/halp/dht/legacy_nodes.h"

#include <chrono>
#include <string>
#include <utility>

namespace halp::cli {
namespace {

constexpr Duration answer_patience = std::chrono::seconds{5};

}  // namespace

LegacyNodes::LegacyNodes(std::vector<Endpoint> nodes) : runner_(world_) {
    world_.attach(*this);
    for (const Endpoint& node : nodes)
        for (int i = 0; i < 2; ++i)
            lines_.push_back({node, std::make_unique<legacy::Link>(world_.transport()), false, false, 0, {}});
}

LegacyNodes::Line* LegacyNodes::line_of(StreamId stream) {
    for (Line& line : lines_)
        if (line.link->is(stream)) return &line;
    return nullptr;
}

void LegacyNodes::ask(Line& line, const legacy::Request& request) {
    if (!line.open) line.link->open(line.to);
    line.open = line.asked = true;
    line.status = 0;
    line.link->ask(request, 0);
}

void LegacyNodes::begin(std::size_t node, const legacy::Request& request) { ask(lines_[2 * node], request); }

Result<legacy::Link::Answer> LegacyNodes::question(std::size_t node, legacy::Command command) {
    Line& line = lines_[2 * node + 1];
    legacy::Request request;
    request.command = command;
    ask(line, request);
    const bool answered = runner_.run_until([&] { return !line.asked; }, answer_patience);
    if (answered && line.status == static_cast<std::uint32_t>(legacy::Status::ok)) return line.answer;
    line.link->close();
    line.open = line.asked = false;
    return Error{ErrorCode::unreachable, line.to.text() + " does not answer by the legacy protocol"};
}

Result<HashRange> LegacyNodes::range(std::size_t node) {
    const auto answer = question(node, legacy::Command::get_responsible_range);
    if (!answer) return answer.error();
    return HashRange::make(answer->min, answer->max);
}

Result<LegacyNodes::Size> LegacyNodes::size(std::size_t node) {
    const auto answer = question(node, legacy::Command::get_size);
    if (!answer) return answer.error();
    return Size{answer->count, answer->value_bytes};
}

bool LegacyNodes::wait(const std::function<bool()>& done, Duration span) {
    if (runner_.run_until(done, span)) return true;
    return interrupt::cause() == interrupt::Cause::none;
}

void LegacyNodes::on_connected(StreamId stream, const Endpoint&) {
    if (Line* line = line_of(stream)) line->link->on_connected();
}

void LegacyNodes::on_connect_failed(StreamId stream, ConnectFailure) { lost(stream); }

void LegacyNodes::on_end(StreamId stream) {
    world_.transport().abort(stream);
    lost(stream);
}

void LegacyNodes::on_bytes(StreamId stream, Bytes bytes) {
    Line* line = line_of(stream);
    if (!line) return;
    line->link->on_bytes(bytes);
    while (auto answer = line->link->next_answer()) {
        line->status = answer->status;
        line->answer = std::move(*answer);
        line->asked = false;
    }
    if (line->link->lost()) line->open = line->asked = false;
}

void LegacyNodes::lost(StreamId stream) {
    Line* line = line_of(stream);
    if (!line) return;
    line->link->on_lost();
    line->link->close();
    line->open = line->asked = false;
}

}  // namespace halp::cli
