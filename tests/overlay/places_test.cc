#include "overlay/places.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "overlay/environment.h"
#include "store/endpoint.h"
#include "store/hash.h"

namespace halp {
namespace HALP_TEST_FILE {

SourceOfPlaces source(const std::string& address) { return {fnv1a(address), Endpoint{address, 1}.group()}; }

struct Connection : Place {
    SourceOfPlaces from;
};

struct PlacesOfTest {
    Connection& enter(const std::string& address) {
        Connection& connection = connections.emplace_back();
        connection.from = source(address);
        places.enter(connection, StreamId{connections.size()}, connection.from);
        return connection;
    }
    Places places;
    std::deque<Connection> connections;
};

TEST(Places, TheLongestSilentOfTheFullestAddressOfTheFullestGroupGoes) {
    PlacesOfTest p;
    Connection& honest = p.enter("10.1.0.1");
    p.enter("10.2.0.1");
    Connection& first = p.enter("10.2.0.2");
    Connection& second = p.enter("10.2.0.2");
    EXPECT_EQ(p.places.silent_of_fullest(), &first);
    p.places.heard(first);
    EXPECT_EQ(p.places.silent_of_fullest(), &second);
    EXPECT_EQ(p.places.silent_of(honest.from), &honest);
    EXPECT_EQ(p.places.silent_of(source("10.9.0.1")), nullptr);
}

TEST(Places, AmongEqualSourcesTheLongestSilentGoes) {
    PlacesOfTest p;
    std::vector<Connection*> all;
    for (int i = 1; i <= 9; ++i) all.push_back(&p.enter("10.2.0." + std::to_string(i)));
    p.places.heard(*all[0]);
    EXPECT_EQ(p.places.silent_of_fullest(), all[1]);
}

TEST(Places, WhoHasProvedHimselfStays) {
    PlacesOfTest p;
    Connection& client = p.enter("10.1.0.1");
    Connection& other = p.enter("10.1.0.1");
    p.places.prove(client);
    p.places.heard(client);
    EXPECT_EQ(p.places.silent_of_fullest(), &other);
    p.places.leave(other);
    EXPECT_EQ(p.places.silent_of_fullest(), nullptr);
    EXPECT_EQ(p.places.of(client.from), 1u);
    p.places.leave(client);
    EXPECT_EQ(p.places.of(client.from), 0u);
}

TEST(Places, OneLookAtAllFindsManyAndNoneThatSpokeSince) {
    PlacesOfTest p;
    std::vector<Connection*> hostile;
    for (int i = 0; i < 1000; ++i) hostile.push_back(&p.enter("10.2.0." + std::to_string(i % 4)));
    Connection& honest = p.enter("10.1.0.1");
    EXPECT_EQ(p.places.silent_of_fullest(), hostile[0]);
    p.places.leave(*hostile[0]);
    EXPECT_EQ(p.places.silent_of_fullest(), hostile[1]);
    p.places.heard(*hostile[2]);
    EXPECT_NE(p.places.silent_of_fullest(), hostile[2]);
    for (int i = 0; i < 900; ++i) {
        const Place* gone = p.places.silent_of_fullest();
        ASSERT_NE(gone, nullptr);
        ASSERT_NE(gone, &honest);
        p.places.leave(p.connections[static_cast<std::size_t>(gone->stream) - 1]);
    }
}

// A model that looks at all each time. With so few connections the places plan one at a time.
TEST(Places, ChooseAsANaiveModel) {
    PlacesOfTest p;
    std::mt19937 dice(11);
    std::vector<Connection*> open;
    const auto group = [](const Connection* s) { return s->from.group; };
    const auto naive = [&]() -> Connection* {
        std::map<std::uint64_t, std::size_t> of_group, of_address;
        for (const Connection* s : open) {
            if (s->proved) continue;
            ++of_group[group(s)];
            ++of_address[s->from.address];
        }
        Connection* chosen = nullptr;
        const auto rank = [&](const Connection* s) {
            return std::tuple{of_group[group(s)], of_address[s->from.address], ~s->heard_at};
        };
        for (Connection* s : open)
            if (!s->proved && (!chosen || rank(s) > rank(chosen))) chosen = s;
        return chosen;
    };
    for (int step = 0; step < 5000; ++step) {
        const auto any = [&] { return open[dice() % open.size()]; };
        const auto what = dice() % 10;
        if (open.empty() || (what < 4 && open.size() < 100)) {
            open.push_back(&p.enter("10." + std::to_string(dice() % 4) + ".0." + std::to_string(dice() % 5)));
        } else if (what < 6) {
            p.places.heard(*any());
        } else if (what == 6 && step % 7 == 0) {
            p.places.prove(*any());
        } else {
            ASSERT_EQ(p.places.silent_of_fullest(), naive()) << "step " << step;
            Connection* gone = any();
            p.places.leave(*gone);
            std::erase(open, gone);
        }
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
