// A client of the legacy protocol for conformance cases: whole requests on one connection, the verifier of the
// original's suite, and a Listen that is known to run.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/dht/testing/conformance_bytes.h"
#include "overlay/dht/testing/conformance_case_run.h"
#include "overlay/dht/wire/legacy_codec.h"
#include "overlay/dht/wire/record_batch.h"
#include "store/records/key.h"

namespace halp::neo::legacy_cases {

using legacy::Command;
using legacy::Status;
using Plain = Records;

// A connection that speaks legacy, and whole requests on it.
class LegacyCaller {
public:
    explicit LegacyCaller(CaseRun& run) : run_(run), peer_(run.dial_legacy()) {}
    [[nodiscard]] Peer& peer() { return peer_; }

    static std::string wire(Command command, std::string_view channel = test_channel, std::uint64_t key = 0,
                            Bytes put_value = {}) {
        const std::string digits = key_text(Key{key});
        legacy::Request request;
        request.command = command;
        request.channel = channel;
        request.key = digits;
        request.value = put_value;
        std::string out;
        legacy::encode_request(out, request);
        return out;
    }
    void say(Bytes bytes) { run_.say(peer_, bytes); }
    std::uint32_t ask(Command command, std::string_view channel = test_channel, std::uint64_t key = 0,
                      Bytes put_value = {}) {
        say(wire(command, channel, key, put_value));
        return hear(command);
    }
    // Takes one answer and returns its status.
    std::uint32_t hear(Command command) {
        legacy::ReadAnswer read;
        run_.wait(
            [&] {
                read = legacy::read_answer(command, peer_.heard);
                return read.kind != legacy::ReadAnswer::Kind::need_more || peer_.ended;
            },
            "the answer to " + std::string(legacy::name(command)));
        if (run_.over()) return 0;
        if (read.kind != legacy::ReadAnswer::Kind::answer) {
            run_.fail("no answer to " + std::string(legacy::name(command)) + " but " + hex_of(peer_.heard));
            return 0;
        }
        answer = read;
        value = read.value;
        answer.value = answer.address = {};
        peer_.heard.erase(0, read.bytes);
        return read.status;
    }
    void expect(Command command, Status status, std::string_view what, std::string_view channel = test_channel,
                std::uint64_t key = 0, Bytes with = {}) {
        const std::uint32_t got = ask(command, channel, key, with);
        run_.expect(got == static_cast<std::uint32_t>(status),
                    std::string(what) + ": status " + std::to_string(got) + " instead of " +
                        std::to_string(static_cast<std::uint32_t>(status)));
    }
    void put(std::uint64_t key, Bytes with, std::string_view channel = test_channel) {
        expect(Command::put, Status::ok, "Put", channel, key, with);
    }
    std::string get(std::uint64_t key) {
        expect(Command::get, Status::ok, "Get", test_channel, key);
        return value;
    }
    bool exists(std::uint64_t key) {
        expect(Command::exists, Status::ok, "Exists", test_channel, key);
        return answer.exists;
    }
    // The same request for every record, many ahead of the answers. `check` is called behind each answer.
    template <class Check>
    void ask_many(Command command, const Records& records, Check check) {
        constexpr std::size_t window = 1000, window_bytes = std::size_t{256} << 10;
        for (auto next = records.begin(); next != records.end() && !run_.over();) {
            const auto first = next;
            std::string all;
            for (std::size_t i = 0; i < window && all.size() < window_bytes && next != records.end(); ++i, ++next)
                all += wire(command, test_channel, next->first,
                            command == Command::put ? Bytes(next->second) : Bytes());
            say(all);
            for (auto asked = first; asked != next && !run_.over(); ++asked) {
                const std::uint32_t status = hear(command);
                run_.expect(status == static_cast<std::uint32_t>(Status::ok),
                            std::string(legacy::name(command)) + ": status " + std::to_string(status));
                check(asked->first);
            }
        }
    }
    void put_all(const Records& records) {
        ask_many(Command::put, records, [](std::uint64_t) {});
    }
    // The items of a list until its end.
    std::vector<std::pair<std::string, std::string>> items(Command command) {
        std::vector<std::pair<std::string, std::string>> all;
        while (!run_.over()) {
            const auto item = next(command);
            if (!item) break;
            all.push_back(*item);
        }
        return all;
    }
    std::optional<std::pair<std::string, std::string>> next(Command command) {
        legacy::ReadItem read;
        run_.wait(
            [&] {
                read = legacy::read_item(command, peer_.heard);
                return read.kind != legacy::ReadItem::Kind::need_more || peer_.ended;
            },
            "an item of " + std::string(legacy::name(command)));
        if (run_.over()) return std::nullopt;
        if (read.kind == legacy::ReadItem::Kind::need_more || read.kind == legacy::ReadItem::Kind::too_long)
            run_.fail(std::string(legacy::name(command)) + " ends with " + hex_of(peer_.heard));
        std::pair<std::string, std::string> item{read.first, read.second};
        peer_.heard.erase(0, read.bytes);
        if (read.kind != legacy::ReadItem::Kind::item) return std::nullopt;
        return item;
    }
    Plain get_all(Command command, std::string_view channel = test_channel, Bytes filter = {}) {
        expect(command, Status::ok, legacy::name(command), channel, 0, filter);
        Plain records;
        std::string plain;
        const auto batches = items(command);
        run_.expect(!batches.empty(), "a GetAll without a single batch");
        for (const auto& batch : batches) {
            run_.expect(unpack(batch.first, 2 * batch_bytes, plain), "a batch cannot be unpacked");
            RecordBatchReader read(plain, command == Command::get_all_keys, KeyForm::digits);
            while (const auto record = read.next())
                run_.expect(records.emplace(value_of(record->key), record->value).second, "a record came twice");
            run_.expect(!read.failed(), "a batch ends within a record");
        }
        return records;
    }

    legacy::ReadAnswer answer;
    std::string value;

private:
    CaseRun& run_;
    Peer& peer_;
};

// A Listen that is known to run: a trial record has come back. Then nothing more of it is on its way.
class Listening {
public:
    Listening(CaseRun& run, LegacyCaller& putter) : run_(run), caller_(run) {
        caller_.say(LegacyCaller::wire(Command::listen));
        for (int attempt = 0; attempt < 20 && caller_.peer().heard.empty() && !run.over(); ++attempt) {
            putter.put(trial_key, "trial");
            run.pass(std::chrono::milliseconds{100});
        }
        run.expect(caller_.hear(Command::listen) == 200, "Listen fails");
        run.wait([&] { return !caller_.peer().heard.empty(); }, "the trial record");
        run.pass(std::chrono::milliseconds{500});
        caller_.peer().heard.clear();
    }
    void expect_change(std::uint64_t key, std::string_view value) {
        const auto item = caller_.next(Command::listen);
        run_.expect(item && item->first == key_text(Key{key}) && item->second == value,
                    "the Listen tells another change");
    }
    [[nodiscard]] LegacyCaller& caller() { return caller_; }

private:
    static constexpr std::uint64_t trial_key = 0xffff;
    CaseRun& run_;
    LegacyCaller caller_;
};

// The requests of the original's LegacyVerifier, in its order.
inline void verify(CaseRun& run, LegacyCaller& caller, const Plain& records) {
    caller.expect(Command::get_channel_size, Status::ok, "GetChannelSize");
    run.expect(caller.answer.count == records.size(), "GetChannelSize counts " +
                                                          std::to_string(caller.answer.count) +
                                                          " records instead of " + std::to_string(records.size()));
    run.expect(caller.get_all(Command::get_all) == records, "GetAll gives other records");
    Plain filtered, keys;
    for (const auto& [key, value] : records) {
        keys[key] = "";
        if (value.find('0') != std::string::npos) filtered[key] = value;
    }
    run.expect(caller.get_all(Command::get_all_filter, test_channel, "0") == filtered,
               "GetAllFilter gives other records");
    run.expect(caller.get_all(Command::get_all_keys) == keys, "GetAllKeys gives other keys");
    caller.ask_many(Command::exists, records,
                    [&](std::uint64_t) { run.expect(caller.answer.exists, "Exists does not find a record"); });
    caller.ask_many(Command::get, records, [&](std::uint64_t key) {
        run.expect(caller.value == records.at(key), "Get gives another value");
    });
}

}  // namespace halp::neo::legacy_cases
