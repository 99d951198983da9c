// One connection of a client to a node, without sockets: requests go out one behind the other, and the answers come
// in the same order. It does not interpret the answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "overlay/dht/client/legacy/legacy_notes.h"
#include "overlay/dht/wire/legacy_codec.h"
#include "overlay/environment.h"
#include "store/time.h"

namespace halp::legacy {

// One request on one node.
struct CallHead {
    RequestId request = 0;
    std::uint32_t part = 0;  // of a request to several nodes
    Command command = Command::get_version;
    bool confirms = false;          // asks for the range behind another call, to know what that one has covered
    bool confirmed_behind = false;  // the wire has such a call behind it
    Duration step_timeout{0};       // for each read and write; 0: none
};

class SessionAnswers {
public:
    // What is to be done with the input behind an item.
    enum class Next : std::uint8_t { more, hold, malformed };
    virtual ~SessionAnswers() = default;
    [[nodiscard]] virtual Next on_item(const CallHead& call, const ReadItem& item) = 0;
    // The end of a call. Of a list only the status.
    virtual void on_done(const CallHead& call, const ReadAnswer& answer) = 0;
};

class ClientSession {
public:
    explicit ClientSession(SessionAnswers& answers) : answers_(answers) {}
    ClientSession(const ClientSession&) = delete;
    ClientSession& operator=(const ClientSession&) = delete;

    // Appends the request to output().
    void begin(const CallHead& call, Bytes wire, Instant now);
    [[nodiscard]] std::string& output() { return output_; }
    // output() has left. Answers may come from now on; anything that comes earlier breaks the protocol.
    void note_written() { unsent_ = 0; }
    void note_progress(Instant now) { since_ = now; }

    void on_bytes(Bytes arrived, Instant now);
    // While it is held, what arrives is kept. go_on() reads it later.
    void set_held(bool held) { held_ = held; }
    [[nodiscard]] bool held() const { return held_; }
    void go_on(Instant now);

    [[nodiscard]] std::size_t calls() const { return calls_.size(); }
    [[nodiscard]] bool idle() const { return calls_.empty(); }
    // A list is under way: nothing else is sent until it has ended.
    [[nodiscard]] bool has_list() const { return lists_ > 0; }
    [[nodiscard]] const CallHead& first() const { return calls_.front(); }
    [[nodiscard]] bool has(RequestId request) const;
    [[nodiscard]] Instant next_deadline() const;
    // What is to happen to the connection.
    [[nodiscard]] Trouble end() const { return end_; }
    [[nodiscard]] bool over() const { return end_ != Trouble::none; }
    [[nodiscard]] std::size_t input_kept() const { return input_.size(); }
    void drop_input();  // there is no room for it
    [[nodiscard]] std::deque<CallHead> take_calls() { return std::exchange(calls_, {}); }

private:
    void push(const CallHead& call);
    [[nodiscard]] std::size_t take(Bytes in);
    [[nodiscard]] std::size_t take_one(Bytes in);
    [[nodiscard]] std::size_t take_answer(Bytes in);
    [[nodiscard]] std::size_t take_item(Bytes in);
    void finish(const ReadAnswer& answer);
    std::size_t fail(Trouble trouble) {
        end_ = trouble;
        return 0;
    }

    SessionAnswers& answers_;
    std::deque<CallHead> calls_;  // in the order of their answers
    std::size_t unsent_ = 0;      // the last of them that have not left yet
    std::size_t lists_ = 0;
    std::string output_, input_;
    std::size_t input_at_ = 0;
    bool in_list_ = false, held_ = false;
    Instant since_ = never;  // the last step
    Trouble end_ = Trouble::none;
};

}  // namespace halp::legacy
