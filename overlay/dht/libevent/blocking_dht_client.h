// A DHT client for straight-line code: every call runs the event loop until its answer has arrived. It is made for
// command-line tools, scripts and tests; programs with an event loop use DhtClient. One client belongs to one
// thread.
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
#include "store/endpoint.h"
#include "store/label.h"
#include "store/records/key.h"
#include "store/result.h"

namespace halp {

struct BlockingDhtOptions {
    DhtClientOptions client;
    dht::ConnectionNotifier on_connection;  // called whenever the loop runs; dht::log_connections makes one
    // For each call: connecting, or a request about one key. For GetAll and Mirror: the time without a record or
    // note.
    Duration timeout = std::chrono::seconds{10};
    // While connecting: give up this long after the start if only nodes are missing that refused the client or
    // could not be reached. At least a few tenths of a second; if longer than `timeout` it has no effect.
    Duration refusal_patience = std::chrono::hours{1};
    // Requests to all nodes succeed although nobody has answered for some keys; cover() names them. It is an error
    // nevertheless when no node has answered.
    bool partial = false;
};

class BlockingDhtClient {
public:
    // By default the client `test` with 128 zero bytes, which nodes for tests take, and ten seconds.
    explicit BlockingDhtClient(BlockingDhtOptions options = {});
    ~BlockingDhtClient();
    // Configured like the originals' clients, by a nodes file and a credentials file, both required. The nodes are
    // known but not yet connected (wait_all_ranges_known). An error names the file and, where there is one, the
    // line.
    [[nodiscard]] static Result<std::unique_ptr<BlockingDhtClient>> from_files(const std::string& nodes_file,
                                                                               const std::string& credentials_file,
                                                                               BlockingDhtOptions options = {});
    BlockingDhtClient(const BlockingDhtClient&) = delete;
    BlockingDhtClient& operator=(const BlockingDhtClient&) = delete;

    // Each adds nodes and waits until the ranges of all known nodes have arrived. A rejection ends the wait at once
    // when nothing else is waited for, here and below.
    [[nodiscard]] Result<void> connect(const Endpoint& node);
    [[nodiscard]] Result<void> connect(const std::vector<Endpoint>& nodes);
    [[nodiscard]] Result<void> connect_file(std::string_view nodes_file);  // the text of a nodes file
    // Finds nodes by label through HALP hosts; one host is enough. Waits until the found nodes cover the whole key
    // space, or else for a second after the last node was found.
    [[nodiscard]] Result<void> connect_label(std::vector<Endpoint> halp_hosts, const Label& label);
    // The same with the nodes of a list, some of which may be gone. The source must outlive this object.
    [[nodiscard]] Result<void> connect_source(NodeSource& source);

    // For nodes that were added to client(). Each waits for at most `timeout`.
    [[nodiscard]] Result<void> wait_all_connected();
    [[nodiscard]] Result<void> wait_connected(std::size_t nodes);  // at least this many
    [[nodiscard]] Result<void> wait_all_ranges_known();
    [[nodiscard]] Result<void> wait_ranges_known(std::size_t nodes);  // at least this many

    // The results are those of the originals: a missing record is no error.
    [[nodiscard]] Result<void> put(Bytes channel, Key key, Bytes value);
    [[nodiscard]] Result<std::optional<std::string>> get(Bytes channel, Key key);
    [[nodiscard]] Result<bool> exists(Bytes channel, Key key);
    [[nodiscard]] Result<bool> remove(Bytes channel, Key key);  // whether there was a record
    // False: there is no record. ErrorCode::busy: another client changed the record meanwhile; try again.
    [[nodiscard]] Result<bool> update(Bytes channel, Key key, const dht::UpdateChooser& choose);

    // The same with the note of the request; each returns when the notifier has been called. It returns an error
    // when the request could not begin or ended without a note.
    [[nodiscard]] Result<void> put(Bytes channel, Key key, Bytes value, const dht::PutNotifier& notify);
    [[nodiscard]] Result<void> get(Bytes channel, Key key, const dht::GetNotifier& notify);
    [[nodiscard]] Result<void> exists(Bytes channel, Key key, const dht::ExistsNotifier& notify);
    [[nodiscard]] Result<void> remove(Bytes channel, Key key, const dht::RemoveNotifier& notify);
    [[nodiscard]] Result<void> update(Bytes channel, Key key, const dht::UpdateChooser& choose,
                                      const dht::UpdateNotifier& notify);

    // For range-based loops (dht_streams.h). A loop ends at once when the request could not begin; see error().
    [[nodiscard]] DhtRecords records(Bytes channel, const GetAllSettings& settings = {});
    [[nodiscard]] DhtChannels channels();

    // Requests to all nodes. A lost node is waited for. If at the end nobody has answered for some keys, the result
    // is an error that names them, after the answers of the other nodes; cover() has them as ranges. `each` returns
    // false to stop early. With keys_only the values are empty.
    using Each = std::function<bool(Key key, Bytes value)>;
    [[nodiscard]] Result<void> get_all(Bytes channel, const GetAllSettings& settings, const Each& each);
    [[nodiscard]] Result<std::vector<std::string>> get_channels();  // sorted
    [[nodiscard]] Result<void> remove_channel(Bytes channel);
    // Runs until `each` returns false or `span` is over; then it is an error if keys are not mirrored.
    using EachNote = std::function<bool(const dht::MirrorNote& note)>;
    [[nodiscard]] Result<void> mirror(Bytes channel, const MirrorSettings& settings, std::optional<Duration> span,
                                      const EachNote& each);

    // Of the last of these four: for which keys nobody has answered, and for which more than one node has (both
    // answers were delivered). The loops have one of their own.
    [[nodiscard]] const dht::RangeCover& cover() const { return cover_; }

    [[nodiscard]] DhtClient& client() { return client_; }
    [[nodiscard]] LibeventWorld& world() { return world_; }
    // Runs the loop until `done`, which is called after every event. Returns false after `span`.
    bool run_until(const std::function<bool()>& done, Duration span);
    // The latest reason why the node could not be reached; nullptr when it is connected or was not tried yet.
    [[nodiscard]] const std::string* trouble(const Endpoint& node) const;

private:
    void hear(const dht::ConnectionNote& note);
    [[nodiscard]] bool hopeless() const;
    [[nodiscard]] bool rejected() const;
    [[nodiscard]] Result<void> wait_for_ranges();
    [[nodiscard]] Result<void> wait_for_cover();
    [[nodiscard]] Result<void> wait_until(const std::function<bool()>& done);
    [[nodiscard]] Error unreachable(std::string otherwise) const;
    template <class Note, class Begin>
    Result<void> run(Begin&& begin, const std::function<void(const Note&)>& notify);

    [[nodiscard]] std::optional<Error> gaps(const dht::RangeCover& cover, const Error& otherwise);
    template <class Note>
    [[nodiscard]] bool hear_end(const Note& note, std::optional<Error>& trouble);

    const Duration timeout_, refusal_patience_;
    const bool partial_;
    dht::RangeCover cover_;
    const dht::ConnectionNotifier on_connection_;
    LibeventWorld world_;
    std::map<Endpoint, std::string> troubles_;  // the latest failure of each node, for the error texts
    std::string last_trouble_;
    DhtClient client_;
};

}  // namespace halp
