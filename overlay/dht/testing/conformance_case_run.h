// One run of one conformance case: its connections, its waiting and its verdict.
//
// The first failed expectation decides the verdict. After it the run sends nothing and waits for nothing, so a
// case is written as straight-line code and need not check after every line whether to continue.
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

// A connection to the node. A raw peer keeps the received bytes. Any other peer authenticates itself and keeps the
// received messages.
class Peer final : public ClientMessages {
public:
    explicit Peer(StreamId stream) : stream_(stream) {}

    [[nodiscard]] StreamId stream() const { return stream_; }
    bool connected = false;
    bool ended = false;                     // by the node
    std::optional<ConnectFailure> refused;  // set when the connection was never made
    std::string heard;                      // received bytes of a raw peer
    bool authenticated = false;
    std::map<RequestId, std::deque<std::string>> inbox;
    std::size_t messages = 0;  // received so far in all
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

struct Login {  // what a raw peer sends as its authentication
    Credential credential;
    std::optional<std::uint64_t> timestamp;  // without a value: the current time
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
    Peer& dial();  // raw and connected
    // The same by the legacy protocol. Skips the case when nobody serves it.
    Peer& dial_legacy();
    Peer& open();  // authenticated
    Peer& open_as(const Credential& credential);
    void hang_up(Peer& peer);
    // The handshake of a raw peer. Returns the node's verdict, or nothing when the node has ended the connection.
    std::optional<bool> log_in(Peer& peer, const Login& login);

    // ---- bytes ----
    void say(Peer& peer, Bytes raw);
    // One byte at a time. Some milliseconds pass between two bytes, so that the world sends each by itself.
    void say_in_pieces(Peer& peer, Bytes raw);
    // Takes the bytes that a raw peer has received, when there are `bytes` of them or the patience is over.
    std::string hear(Peer& peer, std::size_t bytes);
    void expect_heard(Peer& peer, Bytes exactly, std::string_view what);
    // The node must end the connection and send nothing before.
    void expect_end(Peer& peer, std::string_view what);

    // ---- messages ----
    [[nodiscard]] RequestId next_id() { return ++last_id_; }
    // Starts a request with the given payload.
    RequestId start(Peer& peer, Bytes payload);
    // Starts a request with an encoder of neo_codec: encode(out, id).
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
    // The node must still answer on this connection.
    void expect_alive(Peer& peer, std::string_view what);

    // ---- waiting ----
    bool wait(const std::function<bool()>& done, std::string_view what);
    bool wait(const std::function<bool()>& done, Duration patience, std::string_view what);
    void pass(Duration span);
    void pass_quiet() { pass(options_.quiet); }

    // ---- whole requests ----
    void put(Peer& peer, std::uint64_t key, Bytes value, std::string_view channel = test_channel);
    std::optional<std::string> get(Peer& peer, std::uint64_t key, std::string_view channel = test_channel);
    bool exists(Peer& peer, std::uint64_t key, std::string_view channel = test_channel);
    bool remove(Peer& peer, std::uint64_t key, std::string_view channel = test_channel);
    void remove_channel(Peer& peer, std::string_view channel = test_channel);
    std::set<std::string> channels(Peer& peer);
    RangeBounds hash_range(Peer& peer);
    // Many requests at a time. Every answer is checked, and the values of Gets too.
    void put_all(Peer& peer, const Records& records);
    void remove_all(Peer& peer, const std::vector<std::uint64_t>& keys);
    void get_all_one_by_one(Peer& peer, const Records& records);
    void exist_all(Peer& peer, const Records& records);

    // Removes test_channel and the given other channels, whatever the node answers.
    void tidy(const std::set<std::string>& others = {});
    // The other_channels that put() has written to.
    [[nodiscard]] const std::set<std::string>& others() const { return others_; }

    // ---- calls of the suite ----
    void on_connected(StreamId stream);
    void on_connect_failed(StreamId stream, ConnectFailure why);
    void on_gone(StreamId stream, bool still_ours);
    void on_bytes(StreamId stream, Bytes bytes);

private:
    Peer* find(StreamId stream);
    Peer& connect() { return connect_to(options_.node); }
    Peer& connect_to(const Endpoint& node);
    struct Asked {
        RequestId id;
        std::string frame;
    };
    // Sends one window of requests, waits for `answers` messages to each of them, and continues with the next
    // window.
    void ask_many(Peer& peer, const std::vector<Asked>& asked, std::size_t answers, std::string_view what);

    Environment& environment_;
    WorldRunner& world_;
    const ConformanceOptions& options_;
    NodeControl* control_;
    std::map<StreamId, std::unique_ptr<Peer>> peers_;
    Peer nobody_{StreamId{}};  // stands for every peer once the verdict is known
    std::set<std::string> others_;
    RequestId last_id_ = 0;
    bool over_ = false;
    Verdict::Kind kind_ = Verdict::Kind::passed;
    std::string reason_;
};

// The messages of one GetAll. Cases may send control messages between two of them.
struct Scanned {
    Records records;
    std::vector<std::uint64_t> order;
    std::size_t duplicates = 0, batches = 0;
    bool finished = false, broken = false;
};
RequestId begin_scan(CaseRun& run, Peer& peer, const GetAllRequest& request);
// Takes one message and returns its code.
GetAllCode scan_step(CaseRun& run, Peer& peer, RequestId id, bool keys_only, Scanned& so_far);
Scanned scan(CaseRun& run, Peer& peer, const GetAllRequest& request = {false, test_channel, false, 0, false, {}});
void acknowledge(CaseRun& run, Peer& peer, RequestId id);
void expect_records(CaseRun& run, const Scanned& scanned, const Records& wanted, std::string_view what);

[[nodiscard]] Sanity assess_sanity(CaseRun& run);

// The cases, one function a file.
void add_transport_cases(std::vector<ConformanceCase>& cases);
void add_framing_cases(std::vector<ConformanceCase>& cases);
void add_record_cases(std::vector<ConformanceCase>& cases);
void add_update_cases(std::vector<ConformanceCase>& cases);
void add_get_all_cases(std::vector<ConformanceCase>& cases);
void add_mirror_cases(std::vector<ConformanceCase>& cases);
void add_node_cases(std::vector<ConformanceCase>& cases);
void add_restart_cases(std::vector<ConformanceCase>& cases);
void add_legacy_cases(std::vector<ConformanceCase>& cases);
void add_legacy_bulk_cases(std::vector<ConformanceCase>& cases);

}  // namespace halp::neo
