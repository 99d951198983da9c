// A DHT client of a test's own: whole neo frames over a blocking socket, one request at a time or many in flight.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "overlay/dht/wire/neo_codec.h"
#include "overlay/dht/wire/neo_hmac.h"
#include "overlay/dht/wire/record_batch.h"
#include "store/endpoint.h"

namespace halp::testing {

class NeoPeer {
public:
    // The time-out of every read. IPv4 only.
    static constexpr int patience_s = 20;

    explicit NeoPeer(const Endpoint& to) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(to.port);
        ::inet_pton(AF_INET, to.host.c_str(), &address.sin_addr);
        const timeval patience{patience_s, 0};
        const int on = 1;
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        open_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    ~NeoPeer() { ::close(fd_); }
    NeoPeer(const NeoPeer&) = delete;
    NeoPeer& operator=(const NeoPeer&) = delete;

    // Authenticates as client `name` with this secret. False if the node rejects it.
    bool log_in(const std::string& name = "admin", const neo::Secret& secret = {}) {
        say(std::string(1, '\x01'));
        if (take(1) != std::string(1, '\x01')) return false;
        const std::uint64_t now_s = unix_s();
        std::string frame;
        neo::encode_timestamp(frame, now_s);
        say(frame);
        const auto nonce = neo::decode_nonce(body());
        if (!std::holds_alternative<neo::Nonce>(nonce)) return false;
        frame.clear();
        neo::encode_proof(frame, {name, neo::handshake_hmac(secret, now_s, std::get<neo::Nonce>(nonce))});
        say(frame);
        const auto verdict = neo::decode_verdict(body());
        return std::holds_alternative<bool>(verdict) && std::get<bool>(verdict);
    }

    void say(std::string_view bytes) {
        while (open_ && !bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            open_ = sent > 0;
            if (open_) bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    // The next message: its request id and payload. Nothing if the connection has ended.
    std::optional<std::pair<neo::RequestId, std::string>> hear() {
        const std::string bytes = body();
        const auto request = neo::decode_request_body(bytes);
        const auto* message = std::get_if<neo::RequestBody>(&request);
        if (!message) return std::nullopt;
        return std::pair{message->id, std::string{message->payload}};
    }
    [[nodiscard]] bool open() const { return open_; }

    // Whole requests, while no other is in flight. 0 means no answer.
    int put(std::string_view channel, std::uint64_t key, std::string_view value) {
        std::string frame;
        neo::PutRequest request;
        request.channel = channel;
        request.key = key;
        request.value = value;
        neo::encode_put(frame, ++last_id_, request);
        say(frame);
        return answer_code();
    }
    // Nothing if there is no such record.
    std::optional<std::string> get(std::string_view channel, std::uint64_t key) {
        std::string frame;
        neo::RecordAddress request;
        request.channel = channel;
        request.key = key;
        neo::encode_record_key(frame, ++last_id_, neo::RequestCode::get, request);
        say(frame);
        if (answer_code() != static_cast<int>(neo::GetAnswer::got)) return std::nullopt;
        const auto message = hear();
        if (!message) return std::nullopt;
        const auto value = neo::decode_value(message->second);
        const auto* bytes = std::get_if<Bytes>(&value);
        return bytes ? std::optional<std::string>{*bytes} : std::nullopt;
    }

    int remove_channel(std::string_view channel) {
        std::string frame;
        neo::encode_remove_channel(frame, ++last_id_, channel);
        say(frame);
        return answer_code();
    }
    // The whole channel, by GetAll. Nothing if the answer is incomplete.
    std::optional<std::map<std::uint64_t, std::string>> get_all(std::string_view channel) {
        std::map<std::uint64_t, std::string> records;
        std::string frame, plain;
        neo::GetAllRequest request;
        request.channel = channel;
        neo::encode_get_all(frame, ++last_id_, request);
        say(frame);
        static_cast<void>(hear());  // supported
        while (const auto message = hear()) {
            const auto decoded = neo::decode_get_all_answer(message->second);
            const auto* answer = std::get_if<neo::GetAllAnswer>(&decoded);
            if (!answer || answer->code == neo::GetAllCode::error) return std::nullopt;
            if (answer->code == neo::GetAllCode::finished) return records;
            if (answer->code != neo::GetAllCode::record_batch) continue;
            plain.clear();
            if (!neo::unpack(answer->batch, neo::batch_bytes, plain)) return std::nullopt;
            neo::RecordBatchReader reader(plain, false);
            while (const auto record = reader.next())
                records.emplace(value_of(record->key), std::string{record->value});
        }
        return std::nullopt;
    }
    // Parts of the handshake: up to the version exchange, and up to the node's nonce.
    bool exchange_versions() {
        say(std::string(1, '\x01'));
        return take(1) == std::string(1, '\x01');
    }
    bool get_nonce() {
        std::string frame;
        neo::encode_timestamp(frame, unix_s());
        say(frame);
        return !body().empty();
    }
    // Whatever comes next. Nothing if the connection has ended, or nothing came in time.
    std::string take_some() {
        char buffer[65536];
        const ssize_t got = open_ ? ::recv(fd_, buffer, sizeof buffer, 0) : 0;
        open_ = got > 0;
        return std::exchange(heard_, {}) + std::string(buffer, open_ ? static_cast<std::size_t>(got) : 0);
    }
    // All bytes until the node closes the connection. Nothing if it does not close it within the time-out.
    std::optional<std::string> rest() {
        char buffer[65536];
        for (;;) {
            const ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
            if (got > 0)
                heard_.append(buffer, static_cast<std::size_t>(got));
            else if (got < 0 && errno == EAGAIN)
                return std::nullopt;
            else
                return std::exchange(heard_, {});  // its end, or a reset
        }
    }

private:
    static std::uint64_t unix_s() {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
    }
    int answer_code() {
        static_cast<void>(hear());  // supported
        const auto message = hear();
        return message && message->second.size() == 1 ? message->second[0] : 0;
    }
    std::string take(std::size_t count) {
        char buffer[65536];
        while (open_ && heard_.size() < count) {
            const ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
            open_ = got > 0;
            if (open_) heard_.append(buffer, static_cast<std::size_t>(got));
        }
        if (heard_.size() < count) return {};
        std::string taken = heard_.substr(0, count);
        heard_.erase(0, count);
        return taken;
    }
    std::string body() {
        const std::string header = take(neo::header_bytes);
        std::uint64_t length = 0;
        if (header.size() == neo::header_bytes) std::memcpy(&length, header.data() + 1, sizeof length);
        return take(static_cast<std::size_t>(length));
    }

    int fd_;
    bool open_ = false;
    std::string heard_;
    neo::RequestId last_id_ = 0;
};

}  // namespace halp::testing
