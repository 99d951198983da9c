// For every request and every answer that a node may give: the notes of the client. The node is a fake with
// injected answers.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "overlay/dht/client/dht_client.h"
#include "overlay/dht/testing/fake_node.h"
#include "simulations/world/sim_world.h"

namespace halp {
namespace HALP_TEST_FILE {

using neo::RequestCode;
using Notes = std::vector<std::string>;
using NotesByRequest = std::map<RequestCode, Notes>;

const Endpoint address{"10.0.0.1", 10100};

class ClientAnswers : public ::testing::Test {
protected:
    ClientAnswers() {
        world.attach(node_host, fake);
        world.attach(client_host, client);
        client.add_node(address);
        EXPECT_TRUE(world.run_until([&] { return client.all_ranges_known(); }, std::chrono::seconds{5}));
        EXPECT_TRUE(fake.put("chan", Key{1}, "one"));
    }
    static DhtClientOptions as_admin() {
        DhtClientOptions options;
        options.credential.name = "admin";
        return options;
    }

    // Begins one request of each kind, each with its own notes.
    void begin_everything() {
        said.clear();
        const auto into = [&](RequestCode code) {
            return [&notes = said[code]](const auto& note) { notes.push_back(describe(note)); };
        };
        const auto leave = [](Bytes) { return dht::UpdateChoice::leave(); };
        const MirrorSettings no_refresh{false, 0};
        EXPECT_TRUE(client.put("chan", Key{1}, "one", into(RequestCode::put)));
        EXPECT_TRUE(client.get("chan", Key{1}, into(RequestCode::get)));
        EXPECT_TRUE(client.exists("chan", Key{1}, into(RequestCode::exists)));
        EXPECT_TRUE(client.remove("chan", Key{1}, into(RequestCode::remove)));
        EXPECT_TRUE(client.update("chan", Key{1}, leave, into(RequestCode::update)));
        EXPECT_TRUE(client.get_all("chan", {}, into(RequestCode::get_all)));
        const auto mirror = client.mirror("chan", no_refresh, into(RequestCode::mirror));
        EXPECT_TRUE(mirror);
        mirror_id = *mirror;
        EXPECT_TRUE(client.get_channels(into(RequestCode::get_channels)));
        EXPECT_TRUE(client.remove_channel("chan", into(RequestCode::remove_channel)));
    }
    const NotesByRequest& ask_everything() {
        begin_everything();
        world.run_for(std::chrono::milliseconds{500});
        if (client.stop(mirror_id)) world.run_for(std::chrono::milliseconds{500});
        EXPECT_EQ(client.stats().requests_active, 0U);
        return said;
    }
    // A request about one key gives the one note; a request to all nodes gives the note and then its end.
    static NotesByRequest all_say(const std::string& text) {
        NotesByRequest all;
        for (const auto code :
             {RequestCode::put, RequestCode::get, RequestCode::exists, RequestCode::remove, RequestCode::update,
              RequestCode::get_all, RequestCode::mirror, RequestCode::get_channels, RequestCode::remove_channel})
            all[code] = {text};
        for (const auto code :
             {RequestCode::get_all, RequestCode::mirror, RequestCode::get_channels, RequestCode::remove_channel})
            all[code].emplace_back("no answer for 0x0000000000000000 to 0xffffffffffffffff");
        return all;
    }
    void refuse_everything(neo::Support why) {
        for (const auto& expected : all_say("")) fake.refuse(expected.first, why);
    }

    SimWorld world{11};
    HostId node_host = world.add_host(address);
    HostId client_host = world.add_host({"10.0.1.1", 1000});
    NotesByRequest said;
    DhtRequestId mirror_id{};
    FakeNode fake{world.env(node_host)};
    DhtClient client{world.env(client_host), as_admin()};
};

TEST_F(ClientAnswers, TellOfANodeThatDoesNotKnowTheRequest) {
    refuse_everything(neo::Support::code_unknown);
    EXPECT_EQ(ask_everything(), all_say("10.0.0.1:10100 does not support the request"));
}

TEST_F(ClientAnswers, TellOfANodeThatDoesNotKnowTheVersion) {
    refuse_everything(neo::Support::version_unknown);
    EXPECT_EQ(ask_everything(), all_say("10.0.0.1:10100 does not support this version of the request"));
    fake.no_faults();
    ask_everything();
    EXPECT_EQ(said[RequestCode::put], (Notes{"succeeded"})) << "the connection still stands";
    EXPECT_EQ(client.stats().links.losses, 0U);
}

TEST_F(ClientAnswers, TellOfANodeThatAnswersWithAnError) {
    fake.answer(RequestCode::put, neo::PutAnswer::error);
    fake.answer(RequestCode::get, neo::GetAnswer::error);
    fake.answer(RequestCode::exists, neo::ExistsAnswer::error);
    fake.answer(RequestCode::remove, neo::RemoveAnswer::error);
    fake.answer(RequestCode::update, neo::UpdateCode::error);
    fake.answer(RequestCode::get_all, neo::GetAllCode::error);
    fake.answer(RequestCode::mirror, neo::MirrorCode::error);
    fake.answer(RequestCode::get_channels, neo::ChannelsCode::error);
    fake.answer(RequestCode::remove_channel, neo::RemoveChannelAnswer::error);
    EXPECT_EQ(ask_everything(), all_say("10.0.0.1:10100 answered with an error"));
}

TEST_F(ClientAnswers, TakeAnAnswerThatNobodyKnowsForAnErrorAndGoOn) {
    for (const int unknown : {0, 99, 255}) {
        fake.no_faults();
        for (const auto code : {RequestCode::put, RequestCode::get, RequestCode::exists, RequestCode::remove,
                                RequestCode::update, RequestCode::remove_channel})
            fake.answer(code, static_cast<std::uint8_t>(unknown));
        ask_everything();
        for (const auto code :
             {RequestCode::put, RequestCode::get, RequestCode::exists, RequestCode::remove, RequestCode::update})
            EXPECT_EQ(said[code], (Notes{"10.0.0.1:10100 answered with an error"})) << unknown;
        EXPECT_EQ(said[RequestCode::remove_channel],
                  (Notes{"10.0.0.1:10100 answered with an error",
                         "no answer for 0x0000000000000000 to 0xffffffffffffffff"}));
        EXPECT_EQ(client.stats().links.losses, 0U) << "the connection still stands";
    }
}

TEST_F(ClientAnswers, TellOfANodeThatIsNotResponsible) {
    fake.answer(RequestCode::put, neo::PutAnswer::wrong_node);
    fake.answer(RequestCode::get, neo::GetAnswer::wrong_node);
    fake.answer(RequestCode::exists, neo::ExistsAnswer::wrong_node);
    fake.answer(RequestCode::remove, neo::RemoveAnswer::wrong_node);
    fake.answer(RequestCode::update, neo::UpdateCode::wrong_node);
    ask_everything();
    for (const auto code :
         {RequestCode::put, RequestCode::get, RequestCode::exists, RequestCode::remove, RequestCode::update})
        EXPECT_EQ(said[code], (Notes{"10.0.0.1:10100 is not responsible for the key"}));
}

TEST_F(ClientAnswers, TellOfALostConnectionAndAskAllNodesAgain) {
    for (const auto& expected : all_say("")) fake.ignore(expected.first, 1);
    begin_everything();
    world.run_for(std::chrono::milliseconds{100});
    fake.disconnect_all();
    world.run_for(std::chrono::milliseconds{500});
    const std::string lost = "10.0.0.1:10100 disconnected: the node ended the connection";
    for (const auto code :
         {RequestCode::put, RequestCode::get, RequestCode::exists, RequestCode::remove, RequestCode::update})
        EXPECT_EQ(said[code], (Notes{lost}));
    for (const auto code : {RequestCode::get_all, RequestCode::get_channels, RequestCode::remove_channel}) {
        EXPECT_EQ(said[code].front(), lost);
        EXPECT_EQ(said[code].back(), "finished");
        EXPECT_EQ(std::ranges::count(said[code], lost), 1);
    }
    EXPECT_EQ(said[RequestCode::mirror].front(), lost);
    EXPECT_EQ(said[RequestCode::mirror][1], "started");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
