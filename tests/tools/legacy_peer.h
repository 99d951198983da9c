// A client of the legacy protocol: one blocking connection, one request at a time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/dht/wire/legacy_codec.h"
#include "overlay/dht/wire/record_batch.h"
#include "tests/tools/neo_peer.h"

namespace halp::testing {

class LegacyPeer {
public:
    explicit LegacyPeer(const Endpoint& to) : line_(to) {}

    // The status, and with ok the answer in `answer`. 0: the connection has ended.
    std::uint32_t ask(const legacy::Request& request) {
        say(request);
        for (;;) {
            const legacy::ReadAnswer read = legacy::read_answer(request.command, input_);
            if (read.kind == legacy::ReadAnswer::Kind::answer) {
                answer = read;
                value = read.value;
                input_.erase(0, read.bytes);
                answer.value = answer.address = {};
                return read.status;
            }
            if (read.kind == legacy::ReadAnswer::Kind::too_long || !more()) return 0;
        }
    }
    std::uint32_t ask(legacy::Command command, std::string_view channel = {}, std::uint64_t key = 0,
                      std::string_view with = {}) {
        const std::string digits = key_text(Key{key});
        legacy::Request request;
        request.command = command;
        request.channel = channel;
        request.key = digits;
        request.value = with;
        return ask(request);
    }
    void say(const legacy::Request& request) {
        std::string out;
        legacy::encode_request(out, request);
        line_.say(out);
    }
    // The next item of a list. Nothing at its end, or when the connection has ended.
    struct Item {
        std::string first, second;
    };
    std::optional<Item> item(legacy::Command command) {
        for (;;) {
            const legacy::ReadItem read = legacy::read_item(command, input_);
            if (read.kind == legacy::ReadItem::Kind::item) {
                Item one{std::string(read.first), std::string(read.second)};
                input_.erase(0, read.bytes);
                return one;
            }
            if (read.kind == legacy::ReadItem::Kind::end) input_.erase(0, read.bytes);
            if (read.kind != legacy::ReadItem::Kind::need_more || !more()) return std::nullopt;
        }
    }
    std::map<std::uint64_t, std::string> get_all(std::string_view channel) {
        std::map<std::uint64_t, std::string> records;
        if (ask(legacy::Command::get_all, channel) != 200) return records;
        std::string plain;
        while (const auto batch = item(legacy::Command::get_all)) {
            EXPECT_TRUE(neo::unpack(batch->first, neo::batch_bytes, plain));
            neo::RecordBatchReader read(plain, false, neo::KeyForm::digits);
            while (const auto record = read.next()) records[value_of(record->key)] = std::string(record->value);
        }
        return records;
    }

    legacy::ReadAnswer answer;
    std::string value;  // of the answer

private:
    // One byte at a time would be slow, and how many will come is not known.
    bool more() {
        const std::string some = line_.take_some();
        input_ += some;
        return !some.empty();
    }

    NeoPeer line_;
    std::string input_;
};

}  // namespace halp::testing
