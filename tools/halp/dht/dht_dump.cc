// `halp dht dump`: all records of the nodes as `.tcm` dumps, once or every few hours, as the original's dhtdump
// makes them of one node. A dump gets its name when all of it is on the disk. One that fails in the middle leaves
// the one before it as it was.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include "store/files/new_file.h"
#include "store/records/channel_file.h"
#include "store/records/tcm_dump.h"
#include "tools/halp/dht/dht_cover.h"
#include "tools/halp/dht/dht_verbs.h"
#include "tools/halp/interrupt.h"
#include "tools/halp/output/printed_text.h"
#include "tools/halp/output/record_lines.h"
#include "tools/program/json.h"

namespace halp::cli {
namespace {

constexpr std::size_t dump_buffer_bytes = std::size_t{1} << 20;
constexpr mode_t dump_mode = 0640;
constexpr std::uint64_t records_per_progress = 16384;

bool asked_to_end() { return interrupt::cause() != interrupt::Cause::none; }

// Until an interrupt.
void wait_for(Duration span) {
    constexpr Duration slice = std::chrono::seconds{1};  // a signal may come just before the nap
    for (; span > Duration{0} && !asked_to_end(); span -= slice) interrupt::nap(std::min(span, slice));
}

struct DumpedChannel {
    std::string channel, file;
    std::uint64_t records = 0;
    std::string trouble;  // empty: it is on the disk
};

// One dump of all channels.
struct DumpCycle {
    std::vector<DumpedChannel> channels;
    std::string trouble;  // the channels could not be listed
    ExitCode code = ExitCode::ok;
};

class Dumper {
public:
    Dumper(const DhtTool& tool, BlockingDhtClient& dht, dht::RangeCover cover)
        : tool_(tool), dht_(dht), cover_(std::move(cover)) {}

    DumpCycle all() {
        DumpCycle cycle;
        const auto names = dht_.get_channels();
        if (!names) {
            cycle.trouble = names.error().message;
            cycle.code = cli::exit_code_of(names.error().code);
            return cycle;
        }
        for (const std::string& name : *names) {
            cycle.channels.push_back(one(name));
            if (!cycle.channels.back().trouble.empty()) cycle.code = ExitCode::failed;
            if (asked_to_end()) break;
        }
        return cycle;
    }

private:
    DumpedChannel one(const std::string& name) {
        DumpedChannel dumped{name, {}, 0, {}};
        const auto channel = Channel::parse(name);
        if (!channel) {
            dumped.trouble = channel.error().message;
            return dumped;
        }
        const auto path = std::filesystem::path(tool_.command.dht.operating.to) / channel_file(*channel);
        dumped.file = path.string();
        std::error_code failed;  // what fails here fails again when the file is made
        std::filesystem::create_directories(path.parent_path(), failed);
        if (const auto written = write(dumped); !written) dumped.trouble = written.error().message;
        tool_.console.erase_progress();
        return dumped;
    }

    Result<void> write(DumpedChannel& dumped) {
        auto file = NewFile::make(dumped.file);
        if (!file) return file.error();
        TcmWriter writer;
        std::string buffer;
        Result<void> kept;
        writer.begin(buffer);
        const auto read = dht_.get_all(dumped.channel, {}, [&](Key key, Bytes value) {
            writer.record(key, value, buffer);
            if (++dumped.records % records_per_progress == 0) show(dumped);
            if (buffer.size() >= dump_buffer_bytes) {
                kept = file->write(buffer);
                buffer.clear();
            }
            return kept.has_value() && !asked_to_end();
        });
        if (!read) return read;
        if (!kept) return kept;
        if (asked_to_end()) return Error{ErrorCode::io, "interrupted"};
        if (auto whole = check_cover(); !whole) return whole;
        writer.end(buffer);
        if (auto rest = file->write(buffer); !rest) return rest;
        return file->finish(dump_mode);
    }

    // A dump with fewer keys than at the beginning would replace one that has them.
    [[nodiscard]] Result<void> check_cover() const {
        const dht::RangeCover& now = dht_.cover();
        if (!now.overlapping.empty())
            return Error{ErrorCode::io, describe(now) + ": a dump would have some keys twice"};
        if (now.missing != cover_.missing)
            return Error{ErrorCode::io, describe(now) + ", which was answered for when the dump began"};
        return {};
    }

    void show(const DumpedChannel& dumped) {
        tool_.console.progress("dumping " + shown_channel(dumped.channel) + ": " + std::to_string(dumped.records) +
                               " records");
    }

    const DhtTool& tool_;
    BlockingDhtClient& dht_;
    const dht::RangeCover cover_;  // when the dump began
};

void tell(const DumpCycle& cycle, const DhtTool& tool) {
    Json channels = Json::array();
    std::uint64_t records = 0, written = 0;
    for (const DumpedChannel& one : cycle.channels) {
        Json channel =
            Json::object({{"channel", shown_channel(one.channel)}, {"file", one.file}, {"records", one.records}});
        if (!one.trouble.empty()) {
            channel.set("error", one.trouble);
            tool.console.fail(ExitCode::failed, "channel " + shown_channel(one.channel) + ": " +
                                                    as_sentence(one.trouble) +
                                                    " What was dumped before is still there.");
        }
        written += one.trouble.empty() ? 1 : 0;
        records += one.trouble.empty() ? one.records : 0;
        channels.push(channel);
    }
    if (tool.console.style().json) {
        Json object = Json::object({{"schema_version", 1},
                                    {"directory", tool.command.dht.operating.to},
                                    {"channels", channels},
                                    {"records", records}});
        if (!cycle.trouble.empty()) object.set("error", cycle.trouble);
        tool.console.line(object.line());
    }
    if (!cycle.trouble.empty()) {
        tool.console.fail(cycle.code, as_sentence(cycle.trouble) + " Nothing was dumped.");
        return;
    }
    tool.console.say("dumped " + std::to_string(records) + " records of " + std::to_string(written) +
                     " channels to " + tool.command.dht.operating.to + ".");
}

DumpCycle failed_cycle(ExitCode code, const std::string& why) {
    DumpCycle cycle;
    cycle.trouble = why;
    cycle.code = code;
    return cycle;
}

// With --partial the nodes that were named must all be there, since nobody else answers for their keys.
std::string absent_node(const DhtTool& tool, BlockingDhtClient& dht) {
    const std::vector<DhtNodeView> known = dht.client().nodes();
    for (const Endpoint& named : tool.command.dht.nodes)
        if (std::ranges::none_of(
                known, [&](const DhtNodeView& node) { return node.node == named && node.connected && node.range; }))
            return named.text();
    return {};
}

DumpCycle dump_once(const DhtTool& tool) {
    const auto reach = DhtReach::open(tool, Reach::every_node);
    if (!reach) return failed_cycle(cli::exit_code_of(reach.error().code), reach.error().message);
    BlockingDhtClient& dht = (*reach)->dht();
    const dht::RangeCover cover = dht.client().cover();
    if (!tool.command.dht.partial && !cover.missing.empty())
        return failed_cycle(ExitCode::failed, describe(cover) + (*reach)->troubles() +
                                                  "; --partial dumps the keys of the nodes that are named");
    if (const std::string absent = absent_node(tool, dht); tool.command.dht.partial && !absent.empty())
        return failed_cycle(ExitCode::no_daemon, absent + " does not answer" + (*reach)->troubles());
    return Dumper(tool, dht, cover).all();
}

// Again and again until it is made, at most `retries` times.
DumpCycle dump_with_retries(const DhtTool& tool, std::uint32_t retries) {
    for (std::uint32_t tried = 0;; ++tried) {
        DumpCycle cycle = dump_once(tool);
        tell(cycle, tool);
        if (cycle.code == ExitCode::ok || tried == retries || asked_to_end()) return cycle;
        tool.console.say("trying again in " +
                         std::to_string(tool.command.dht.operating.retry_wait.count() / 1'000'000) + " s.");
        wait_for(tool.command.dht.operating.retry_wait);
        if (asked_to_end()) return cycle;
    }
}

// The first dump comes after a random part of the period, so that the dumps of many nodes do not come together.
void dump_periodically(const DhtTool& tool) {
    const OperatorCommand& typed = tool.command.dht.operating;
    std::random_device random;
    const auto part = static_cast<double>(random()) / static_cast<double>(std::random_device::max());
    if (!typed.at_once)
        wait_for(Duration{static_cast<std::int64_t>(static_cast<double>(typed.every.count()) * part)});
    while (!asked_to_end()) {
        const auto begun = std::chrono::steady_clock::now();
        static_cast<void>(dump_with_retries(tool, ~std::uint32_t{0}));  // it has told what failed
        const auto took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begun);
        wait_for(std::max(typed.every - took, typed.min_wait));
    }
}

}  // namespace

ExitCode run_dht_dump(const DhtTool& tool) {
    const OperatorCommand& typed = tool.command.dht.operating;
    std::error_code failed;
    std::filesystem::create_directories(typed.to, failed);
    if (failed) return tool.console.fail(ExitCode::failed, typed.to + " cannot be made: " + failed.message() + ".");
    interrupt::prepare();
    if (typed.every > Duration{0}) {
        dump_periodically(tool);
        return interrupt::cause() == interrupt::Cause::terminated ? ExitCode::ok : ExitCode::interrupted;
    }
    const DumpCycle cycle = dump_with_retries(tool, typed.retries);
    return asked_to_end() ? ExitCode::interrupted : cycle.code;
}

}  // namespace halp::cli
