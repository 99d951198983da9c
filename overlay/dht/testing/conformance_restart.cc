// Conformance cases: what a killed node still has after its restart.
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "overlay/dht/testing/conformance_case_run.h"
#include "overlay/dht/wire/record_batch.h"

namespace halp::neo {
namespace {

constexpr std::string_view other_channel = "channel1";

// To be called before anything is written.
bool owned(CaseRun& t) {
    if (!t.control()) t.skip("only the owner of a node can restart it");
    return t.control() != nullptr;
}

bool restarted(CaseRun& t) {
    if (t.over()) return false;
    if (!t.control()->restart()) t.skip("this node is not restarted");
    return !t.over();
}

void records_survive(CaseRun& t) {
    if (!owned(t)) return;
    Records records = spread(1000);
    {
        Peer& peer = t.open();
        t.put_all(peer, records);
        t.put(peer, 7, "old");
        t.put(peer, 7, "new");
        t.put(peer, 8, "");
        const std::uint64_t gone = records.begin()->first;
        t.expect(t.remove(peer, gone), "Remove does not find the record");
        records.erase(gone);
    }
    records[7] = "new";
    records[8] = "";
    if (!restarted(t)) return;
    Peer& peer = t.open();
    expect_records(t, scan(t, peer), records, "GetAll after a restart");
    t.get_all_one_by_one(peer, records);
}

void removed_channels_stay_removed(CaseRun& t) {
    if (!owned(t)) return;
    {
        Peer& peer = t.open();
        t.put_all(peer, sequential(1000));
        t.put(peer, 1, "elsewhere", other_channel);
        t.remove_channel(peer);
    }
    if (!restarted(t)) return;
    Peer& peer = t.open();
    const std::set<std::string> names = t.channels(peer);
    t.expect(names.contains(std::string(other_channel)), "a channel was lost in a restart");
    t.expect(!names.contains(std::string(test_channel)), "a removed channel is back after a restart");
    expect_records(t, scan(t, peer), {}, "GetAll of a channel that was removed before a restart");
}

void range_survives(CaseRun& t) {
    if (!owned(t)) return;
    const RangeBounds before = t.hash_range(t.open());
    if (!restarted(t)) return;
    t.expect(t.hash_range(t.open()) == before, "GetHashRange gives another range after a restart");
}

// A node must answer a repeated GetAll in the same order as before its restart. Otherwise records would be missing
// or come twice.
void get_all_goes_on(CaseRun& t) {
    if (!owned(t)) return;
    const Records records = spread(5000);
    Scanned all;
    {
        Peer& peer = t.open();
        t.put_all(peer, records);
        const RequestId id = begin_scan(t, peer, {false, test_channel, false, 0, false, {}});
        scan_step(t, peer, id, false, all);
    }
    if (t.over() || all.order.empty()) return t.fail("GetAll gave no records");
    if (!restarted(t)) return;
    Peer& peer = t.open();
    const RequestId id = begin_scan(t, peer, {false, test_channel, true, all.order.back(), false, {}});
    while (!t.over() && !all.finished) scan_step(t, peer, id, false, all);
    acknowledge(t, peer, id);
    expect_records(t, all, records, "a GetAll continued behind a restart");
}

void mirror_refreshes_again(CaseRun& t) {
    if (!owned(t)) return;
    {
        Peer& peer = t.open();
        t.put_all(peer, sequential(100));
        const RequestId id = t.start_with(peer, [](std::string& out, RequestId i) {
            encode_mirror(out, i, {false, test_channel, false, 0});
        });
        t.expect_answer(peer, id, MirrorCode::started, "Mirror");
    }
    if (!restarted(t)) return;
    Peer& peer = t.open();
    const RequestId id = t.start_with(peer, [](std::string& out, RequestId i) {
        encode_mirror(out, i, {false, test_channel, true, 0});
    });
    t.expect_answer(peer, id, MirrorCode::started, "Mirror after a restart");
    const std::string payload = t.message(peer, id, "the refresh after a restart");
    const auto decoded = decode_mirror_answer(payload);
    const auto* answer = std::get_if<MirrorAnswer>(&decoded);
    t.expect(answer && answer->code == MirrorCode::record_refresh_batch, "Mirror: no refresh after a restart");
    if (t.over()) return;
    std::string plain;
    t.expect(unpack(answer->value, 2 * batch_bytes, plain), "Mirror: a refresh batch that cannot be unpacked");
    std::size_t records = 0;
    RefreshBatchReader reader(plain);
    while (reader.next()) ++records;
    t.expect(records == 100, "a refresh of " + std::to_string(records) + " records instead of 100");
}

}  // namespace

void add_restart_cases(std::vector<ConformanceCase>& cases) {
    const std::vector<ConformanceCase> mine = {
        {"restart.records", "every acknowledged write is present after a restart", records_survive},
        {"restart.removed_channels", "removed channels stay removed, others stay", removed_channels_stay_removed},
        {"restart.range", "the range is the same after a restart", range_survives},
        {"restart.get_all", "a GetAll continues after a restart without gap or repetition", get_all_goes_on},
        {"restart.mirror", "a Mirror that begins again refreshes all records", mirror_refreshes_again},
    };
    cases.insert(cases.end(), mine.begin(), mine.end());
}

}  // namespace halp::neo
