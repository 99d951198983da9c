// A DHT client for straight-line code: every call runs the event loop until it has its answer. For command-line
// tools, scripts and tests; programs with a loop of their own take DhtClient. One client belongs to one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/dht/client/dht_client.h"
#include "overlay/dht/client/dht_notes.h"
#include "overlay/dht/libevent/dht_streams.h"
#include "overlay/libevent/world.h"
#include "overlay/unused_doors.h"
#include "store/endpoint.h"
#include "store/label.h"
#include "store/records/key.h"
#include "store/result.h"

namespace halp {

struct BlockingDhtOptions {
    DhtClientOptions client;
    dht::ConnectionNotifier on_connection;  // hears of connections whenever the loop runs; dht::log_connections
    // Of every call: connecting, a request about one key. Of GetAll and the like: without a record or a note.
    Duration timeout = std::chrono::seconds{10};
    // While connecting: give up so long after the start when all that is missing are nodes that have refused us or
    // could not be reached. No less than a few tenths of a second; longer than `timeout`: never.
    Duration refusal_patience = std::chrono::hours{1};
};

class BlockingDhtClient {
public:
    // As it is: the client `test` with 128 zero bytes, ten seconds.
    explicit BlockingDhtClient(BlockingDhtOptions options = {});
    ~BlockingDhtClient();
    // As the originals' clients are configured: a nodes file and a credentials file, both required. Its nodes are
    // known and not yet connected (wait_all_ranges_known). An error names the file, and the line where there is
    // one.
    [[nodiscard]] static Result<std::unique_ptr<BlockingDhtClient>> from_files(const std::string& nodes_file,
                                                                               const std::string& credentials_file,
                                                                               BlockingDhtOptions options = {});
    BlockingDhtClient(const BlockingDhtClient&) = delete;
    BlockingDhtClient& operator=(const BlockingDhtClient&) = delete;

    // Each adds nodes and waits until the ranges of all known nodes are known.
    [[nodiscard]] Result<void> connect(const Endpoint& node);
    [[nodiscard]] Result<void> connect(const std::vector<Endpoint>& nodes);
    [[nodiscard]] Result<void> connect_file(std::string_view nodes_file);  // the text of it
    // By label through one HALP host: waits until what has been found covers the whole key space, or for a second
    // after the last node found when it does not.
    [[nodiscard]] Result<void> connect_label(std::vector<Endpoint> halp_hosts, const Label& label);
    // The same with nodes that a list names, some of which may be gone. It outlives this object.
    [[nodiscard]] Result<void> connect_source(NodeSource& source);

    // For nodes that were given to client(): at most `timeout`.
    [[nodiscard]] Result<void> wait_all_connected();
    [[nodiscard]] Result<void> wait_connected(std::size_t nodes);  // at least so many
    [[nodiscard]] Result<void> wait_all_ranges_known();

    // The original's results: a record that is missing is no error.
    [[nodiscard]] Result<void> put(Bytes channel, Key key, Bytes value);
    [[nodiscard]] Result<std::optional<std::string>> get(Bytes channel, Key key);
    [[nodiscard]] Result<bool> exists(Bytes channel, Key key);
    [[nodiscard]] Result<bool> remove(Bytes channel, Key key);  // whether there was one
    // False when there is no record. ErrorCode::busy: somebody else changed it, try again.
    [[nodiscard]] Result<bool> update(Bytes channel, Key key, const dht::UpdateChooser& choose);

    // The same, told by the note: returns when it has come. An error: the request could not begin, or ended without
    // one.
    [[nodiscard]] Result<void> put(Bytes channel, Key key, Bytes value, const dht::PutNotifier& notify);
    [[nodiscard]] Result<void> get(Bytes channel, Key key, const dht::GetNotifier& notify);
    [[nodiscard]] Result<void> exists(Bytes channel, Key key, const dht::ExistsNotifier& notify);
    [[nodiscard]] Result<void> remove(Bytes channel, Key key, const dht::RemoveNotifier& notify);
    [[nodiscard]] Result<void> update(Bytes channel, Key key, const dht::UpdateChooser& choose,
                                      const dht::UpdateNotifier& notify);

    // For loops (libevent_dht_streams.h). They end by themselves when the request could not begin: see error().
    [[nodiscard]] DhtRecords records(Bytes channel, const GetAllSettings& settings = {});
    [[nodiscard]] DhtChannels channels();

    // `each` answers false to stop early. Of keys only the values are empty. A node that is lost is waited for; a
    // node that cannot answer makes the whole an error, after the others have been read.
    using Each = std::function<bool(Key key, Bytes value)>;
    [[nodiscard]] Result<void> get_all(Bytes channel, const GetAllSettings& settings, const Each& each);
    [[nodiscard]] Result<std::vector<std::string>> get_channels();  // sorted
    [[nodiscard]] Result<void> remove_channel(Bytes channel);
    // Until `each` answers false or `span` is over.
    using EachNote = std::function<bool(const dht::MirrorNote& note)>;
    [[nodiscard]] Result<void> mirror(Bytes channel, const MirrorSettings& settings, std::optional<Duration> span,
                                      const EachNote& each);

    [[nodiscard]] DhtClient& client() { return client_; }
    [[nodiscard]] LibeventWorld& world() { return world_; }
    // Runs the loop until `done`, asked whenever anything has happened. False after `span`.
    bool run_until(const std::function<bool()>& done, Duration span);
    // Why a node could not be reached last, since it was; nullptr when nothing is known against it.
    [[nodiscard]] const std::string* trouble(const Endpoint& node) const;

private:
    void hear(const dht::ConnectionNote& note);
    [[nodiscard]] bool hopeless() const;
    [[nodiscard]] Result<void> wait_for_ranges();
    [[nodiscard]] Result<void> wait_for_cover();
    [[nodiscard]] Result<void> wait_until(const std::function<bool()>& done);
    [[nodiscard]] Error unreachable(std::string otherwise) const;
    template <class Note, class Begin>
    Result<void> run(Begin&& begin, const std::function<void(const Note&)>& notify);

    const Duration timeout_, refusal_patience_;
    const dht::ConnectionNotifier on_connection_;
    LibeventWorld world_;
    UnusedDoors unused_;
    std::map<Endpoint, std::string> troubles_;  // of connections, for those who wait in vain
    std::string last_trouble_;
    DhtClient client_;
};

}  // namespace halp
