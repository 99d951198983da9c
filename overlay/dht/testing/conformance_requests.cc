// The requests of CaseRun from the first message to the last answer, one at a time or many at once.
#include <algorithm>
#include <cstddef>
#include <string>
#include <variant>

#include "overlay/dht/testing/conformance_case_run.h"

namespace halp::neo {
namespace {

// A bulk of requests is sent in windows: at most so many requests or bytes are unanswered at a time.
constexpr std::size_t window_requests = 1000;
constexpr std::size_t window_bytes = std::size_t{256} << 10;

}  // namespace

// ---- one request ----

void CaseRun::put(Peer& peer, std::uint64_t key, Bytes value, std::string_view channel) {
    const bool ours = std::find(other_channels.begin(), other_channels.end(), channel) != other_channels.end();
    if (ours && !over_) others_.emplace(channel);
    const RequestId id = start_with(peer, [&](std::string& out, RequestId i) {
        encode_put(out, i, {channel, key, value});
    });
    expect_answer(peer, id, PutAnswer::put, "Put of key " + std::to_string(key));
}

std::optional<std::string> CaseRun::get(Peer& peer, std::uint64_t key, std::string_view channel) {
    const std::string what = "Get of key " + std::to_string(key);
    const RequestId id = start_with(peer, [&](std::string& out, RequestId i) {
        encode_record_key(out, i, RequestCode::get, {channel, key});
    });
    expect_supported(peer, id, what);
    const std::string code = message(peer, id, what);
    if (code == octets({static_cast<int>(GetAnswer::no_record)})) return std::nullopt;
    expect(code == octets({static_cast<int>(GetAnswer::got)}), what + ": answered with " + hex_of(code));
    const std::string framed = message(peer, id, what + ", its value");
    const auto value = decode_value(framed);
    if (const auto* bytes = std::get_if<Bytes>(&value)) return std::string(*bytes);
    fail(what + ": its value is not an array but " + hex_of(framed));
    return std::nullopt;
}

bool CaseRun::exists(Peer& peer, std::uint64_t key, std::string_view channel) {
    const std::string what = "Exists of key " + std::to_string(key);
    const RequestId id = start_with(peer, [&](std::string& out, RequestId i) {
        encode_record_key(out, i, RequestCode::exists, {channel, key});
    });
    expect_supported(peer, id, what);
    const std::string code = message(peer, id, what);
    expect(code == octets({1}) || code == octets({2}), what + ": answered with " + hex_of(code));
    return code == octets({1});
}

bool CaseRun::remove(Peer& peer, std::uint64_t key, std::string_view channel) {
    const std::string what = "Remove of key " + std::to_string(key);
    const RequestId id = start_with(peer, [&](std::string& out, RequestId i) {
        encode_record_key(out, i, RequestCode::remove, {channel, key});
    });
    expect_supported(peer, id, what);
    const std::string code = message(peer, id, what);
    expect(code == octets({1}) || code == octets({2}), what + ": answered with " + hex_of(code));
    return code == octets({2});
}

void CaseRun::remove_channel(Peer& peer, std::string_view channel) {
    const RequestId id =
        start_with(peer, [&](std::string& out, RequestId i) { encode_remove_channel(out, i, channel); });
    expect_answer(peer, id, RemoveChannelAnswer::removed, "RemoveChannel of " + std::string(channel));
}

std::set<std::string> CaseRun::channels(Peer& peer) {
    std::set<std::string> names;
    const RequestId id = start_with(peer, [](std::string& out, RequestId i) { encode_get_channels(out, i); });
    expect_supported(peer, id, "GetChannels");
    while (!over_) {
        const std::string payload = message(peer, id, "GetChannels");
        const auto decoded = decode_channels_answer(payload);
        const auto* answer = std::get_if<ChannelsAnswer>(&decoded);
        if (!answer || answer->code == ChannelsCode::error) {
            fail("GetChannels: answered with " + hex_of(payload));
            break;
        }
        if (answer->code == ChannelsCode::finished) break;
        expect(names.emplace(answer->name).second,
               "GetChannels: " + std::string(answer->name) + " came more than once");
    }
    return names;
}

RangeBounds CaseRun::hash_range(Peer& peer) {
    const RequestId id = start_with(peer, [](std::string& out, RequestId i) { encode_get_hash_range(out, i); });
    expect_supported(peer, id, "GetHashRange");
    const std::string payload = message(peer, id, "GetHashRange");
    const auto decoded = decode_hash_range(payload);
    if (const auto* range = std::get_if<RangeBounds>(&decoded)) return *range;
    fail("GetHashRange: answered with " + hex_of(payload));
    return {};
}

// ---- bulk ----

void CaseRun::ask_many(Peer& peer, const std::vector<Asked>& asked, std::size_t answers, std::string_view what) {
    for (std::size_t i = 0; i < asked.size() && !over_;) {
        std::string out;
        const std::size_t before = peer.messages, first = i;
        while (i < asked.size() && i - first < window_requests && out.size() < window_bytes)
            out += asked[i++].frame;
        say(peer, out);
        const std::size_t wanted = before + answers * (i - first);
        wait([&] { return peer.messages >= wanted || peer.ended; }, what);
    }
}

void CaseRun::put_all(Peer& peer, const Records& records) {
    std::vector<Asked> asked;
    for (const auto& record : records) {
        asked.push_back({next_id(), {}});
        encode_put(asked.back().frame, asked.back().id, {test_channel, record.first, record.second});
    }
    ask_many(peer, asked, 2, "many Puts");
    for (const Asked& each : asked) expect_answer(peer, each.id, PutAnswer::put, "one of many Puts");
}

void CaseRun::remove_all(Peer& peer, const std::vector<std::uint64_t>& keys) {
    std::vector<Asked> asked;
    for (const std::uint64_t key : keys) {
        asked.push_back({next_id(), {}});
        encode_record_key(asked.back().frame, asked.back().id, RequestCode::remove, {test_channel, key});
    }
    ask_many(peer, asked, 2, "many Removes");
    for (const Asked& each : asked) expect_answer(peer, each.id, RemoveAnswer::removed, "one of many Removes");
}

void CaseRun::get_all_one_by_one(Peer& peer, const Records& records) {
    std::vector<Asked> asked;
    for (const auto& record : records) {
        asked.push_back({next_id(), {}});
        encode_record_key(asked.back().frame, asked.back().id, RequestCode::get, {test_channel, record.first});
    }
    ask_many(peer, asked, 2, "many Gets");
    auto at = asked.begin();
    for (const auto& record : records) {
        const std::string what = "Get of key " + std::to_string(record.first);
        expect_answer(peer, at->id, GetAnswer::got, what);
        expect_message(peer, at->id, array_of(record.second), what + ", its value");
        ++at;
    }
}

void CaseRun::exist_all(Peer& peer, const Records& records) {
    std::vector<Asked> asked;
    for (const auto& record : records) {
        asked.push_back({next_id(), {}});
        encode_record_key(asked.back().frame, asked.back().id, RequestCode::exists, {test_channel, record.first});
    }
    ask_many(peer, asked, 2, "many Exists");
    for (const Asked& each : asked) expect_answer(peer, each.id, ExistsAnswer::exists, "one of many Exists");
}

}  // namespace halp::neo
