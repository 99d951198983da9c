// One case of the conformance suite while it runs: its connections, its patience and its verdict.
//
// The first thing that is not as it should be is the verdict. From then on nothing is sent and nothing waited for,
// so that cases are written straight down, without asking after every line whether it still makes sense to go on.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/dht/client/neo_client_session.h"
#include "overlay/dht/testing/conformance_bytes.h"
#include "overlay/dht/testing/conformance_suite.h"
#include "overlay/dht/wire/neo_codec.h"

namespace halp::neo {

inline constexpr std::string_view test_channel = "test_channel";
inline constexpr std::array<std::string_view, 4> other_channels = {"channel1", "channel2", "channel3", "channel4"};

// A connection to the node. Raw: what comes is kept as bytes. Else it authenticates by itself and keeps messages.
class Peer final : public ClientMessages {
public:
    explicit Peer(StreamId stream) : stream_(stream) {}

    [[nodiscard]] StreamId stream() const { return stream_; }
    bool connected = false;
    bool ended = false;                     // by the node
    std::optional<ConnectFailure> refused;  // never stood
    std::string heard;                      // raw
    bool authenticated = false;
    std::map<RequestId, std::deque<std::string>> inbox;
    std::size_t messages = 0;  // that have ever come
    std::unique_ptr<ClientSession> session;

    void on_authenticated() override { authenticated = true; }
    bool on_message(RequestId id, Bytes payload) override {
        ++messages;
        inbox[id].emplace_back(payload);
        return true;
    }

private:
    StreamId stream_;
};

struct Login {  // what a raw peer says of itself
    Credential credential;
    std::optional<std::uint64_t> timestamp;  // else the time
    bool wrong_hmac = false;
};

class CaseRun {
public:
    CaseRun(Environment& environment, WorldRunner& world, const ConformanceOptions& options, NodeControl* control)
        : environment_(environment), world_(world), options_(options), control_(control) {}
    ~CaseRun();
    CaseRun(const CaseRun&) = delete;
    CaseRun& operator=(const CaseRun&) = delete;

    [[nodiscard]] const ConformanceOptions& options() const { return options_; }
    [[nodiscard]] NodeControl* control() { return control_; }
    [[nodiscard]] std::uint64_t wall() const;
    [[nodiscard]] std::uint64_t random() { return environment_.random.next(); }

    // ---- verdict ----
    void fail(std::string why);
    void skip(std::string why);
    void expect(bool right, std::string_view what) {
        if (!right) fail(std::string(what));
    }
    [[nodiscard]] bool over() const { return over_; }
    [[nodiscard]] Verdict::Kind kind() const { return kind_; }
    [[nodiscard]] const std::string& reason() const { return reason_; }

    // ---- connections ----
    Peer& dial();  // raw, connected
    Peer& open();  // authenticated
    Peer& open_as(const Credential& credential);
    void hang_up(Peer& peer);
    // A raw peer up to the verdict, which is answered as it came; nothing when the node has ended the connection.
    std::optional<bool> log_in(Peer& peer, const Login& login);

    // ---- bytes ----
    void say(Peer& peer, Bytes raw);
    // Every byte by itself, with time between them in which the world sends it: some milliseconds for each.
    void say_in_pieces(Peer& peer, Bytes raw);
    // What has been heard of a raw peer once it is this long, or when its patience is over; taken away.
    std::string hear(Peer& peer, std::size_t bytes);
    void expect_heard(Peer& peer, Bytes exactly, std::string_view what);
    // The node ends the connection and says nothing before.
    void expect_end(Peer& peer, std::string_view what);

    // ---- messages ----
    [[nodiscard]] RequestId next_id() { return ++last_id_; }
    // Any request, as payload.
    RequestId start(Peer& peer, Bytes payload);
    // ... with the encoders of neo_codec: encode(out, id).
    RequestId start_with(Peer& peer, const std::function<void(std::string&, RequestId)>& encode);
    void say_to(Peer& peer, RequestId id, Bytes payload);
    std::string message(Peer& peer, RequestId id, std::string_view what);
    void expect_message(Peer& peer, RequestId id, Bytes payload, std::string_view what);
    void expect_supported(Peer& peer, RequestId id, std::string_view what);
    void expect_code(Peer& peer, RequestId id, std::uint8_t code, std::string_view what);
    template <class Code>
    void expect_answer(Peer& peer, RequestId id, Code code, std::string_view what) {
        expect_supported(peer, id, what);
        expect_code(peer, id, static_cast<std::uint8_t>(code), what);
    }
    void expect_silence(Peer& peer, RequestId id, std::string_view what);
    [[nodiscard]] bool has_message(Peer& peer, RequestId id) const;
    // The node still serves this connection.
    void expect_alive(Peer& peer, std::string_view what);

    // ---- waiting ----
    bool wait(const std::function<bool()>& done, std::string_view what);
    bool wait(const std::function<bool()>& done, Duration patience, std::string_view what);
    void pass(Duration span);
    void pass_quiet() { pass(options_.quiet); }

    // ---- requests from beginning to end ----
    void put(Peer& peer, std::uint64_t key, Bytes value, std::string_view channel = test_channel);
    std::optional<std::string> get(Peer& peer, std::uint64_t key, std::string_view channel = test_channel);
    bool exists(Peer& peer, std::uint64_t key, std::string_view channel = test_channel);
    bool remove(Peer& peer, std::uint64_t key, std::string_view channel = test_channel);
    void remove_channel(Peer& peer, std::string_view channel = test_channel);
    std::set<std::string> channels(Peer& peer);
    RangeBounds hash_range(Peer& peer);
    // Many at a time. Answers of one byte each, in order; of a Get its value follows behind the byte.
    void put_all(Peer& peer, const Records& records);
    void remove_all(Peer& peer, const std::vector<std::uint64_t>& keys);
    void get_all_one_by_one(Peer& peer, const Records& records);
    void exist_all(Peer& peer, const Records& records);

    // No test_channel, nor what a case before has put elsewhere; whatever the node says to it.
    void tidy(const std::set<std::string>& others = {});
    // Those of other_channels that put() has written to.
    [[nodiscard]] const std::set<std::string>& others() const { return others_; }

    // ---- told by the suite ----
    void on_connected(StreamId stream);
    void on_connect_failed(StreamId stream, ConnectFailure why);
    void on_gone(StreamId stream, bool still_ours);
    void on_bytes(StreamId stream, Bytes bytes);

private:
    Peer* find(StreamId stream);
    Peer& connect();
    struct Asked {
        RequestId id;
        std::string frame;
    };
    // Sends as much as a window holds, hears `answers` messages to each, and goes on.
    void ask_many(Peer& peer, const std::vector<Asked>& asked, std::size_t answers, std::string_view what);

    Environment& environment_;
    WorldRunner& world_;
    const ConformanceOptions& options_;
    NodeControl* control_;
    std::map<StreamId, std::unique_ptr<Peer>> peers_;
    Peer nobody_{StreamId{}};  // once the verdict is known
    std::set<std::string> others_;
    RequestId last_id_ = 0;
    bool over_ = false;
    Verdict::Kind kind_ = Verdict::Kind::passed;
    std::string reason_;
};

// A GetAll that is followed to its end. Cases steer it between batches.
struct Scanned {
    Records records;
    std::vector<std::uint64_t> order;
    std::size_t duplicates = 0, batches = 0;
    bool finished = false, broken = false;
};
RequestId begin_scan(CaseRun& run, Peer& peer, const GetAllRequest& request);
// Takes one message in; what it was.
GetAllCode scan_step(CaseRun& run, Peer& peer, RequestId id, bool keys_only, Scanned& so_far);
Scanned scan(CaseRun& run, Peer& peer, const GetAllRequest& request = {false, test_channel, false, 0, false, {}});
void acknowledge(CaseRun& run, Peer& peer, RequestId id);
void expect_records(CaseRun& run, const Scanned& scanned, const Records& wanted, std::string_view what);

[[nodiscard]] Sanity assess_sanity(CaseRun& run);

// The cases, by file.
void add_transport_cases(std::vector<ConformanceCase>& cases);
void add_framing_cases(std::vector<ConformanceCase>& cases);
void add_record_cases(std::vector<ConformanceCase>& cases);
void add_update_cases(std::vector<ConformanceCase>& cases);
void add_get_all_cases(std::vector<ConformanceCase>& cases);
void add_mirror_cases(std::vector<ConformanceCase>& cases);
void add_node_cases(std::vector<ConformanceCase>& cases);
void add_restart_cases(std::vector<ConformanceCase>& cases);

}  // namespace halp::neo
