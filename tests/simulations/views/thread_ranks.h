// Ranks that are threads of one process.
#pragma once

#include <barrier>
#include <string>
#include <thread>
#include <vector>

#include "simulations/world/ranks.h"

namespace halp::sim {

class ThreadRanks final : public Ranks {
public:
    struct Shared {
        explicit Shared(unsigned count) : together(count), mail(count, std::vector<std::string>(count)) {}
        std::barrier<> together;
        std::vector<std::vector<std::string>> mail;  // by sender and receiver
    };
    ThreadRanks(Shared& shared, unsigned rank) : shared_(shared), rank_(rank) {}
    [[nodiscard]] unsigned rank() const override { return rank_; }
    [[nodiscard]] unsigned size() const override { return static_cast<unsigned>(shared_.mail.size()); }
    [[nodiscard]] unsigned on_this_machine() const override { return size(); }
    [[nodiscard]] std::vector<std::string> exchange(const std::vector<std::string>& out) override {
        shared_.mail[rank_] = out;
        shared_.together.arrive_and_wait();
        std::vector<std::string> in;
        for (const auto& sender : shared_.mail) in.push_back(sender[rank_]);
        shared_.together.arrive_and_wait();
        return in;
    }

private:
    Shared& shared_;
    unsigned rank_;
};

// Calls `play` with each of `count` ranks, at the same time.
template <class Play>
void as_ranks(unsigned count, Play play) {
    ThreadRanks::Shared shared{count};
    std::vector<std::thread> all;
    for (unsigned rank = 0; rank < count; ++rank)
        all.emplace_back([&shared, &play, rank] {
            ThreadRanks ranks{shared, rank};
            play(ranks);
        });
    for (std::thread& one : all) one.join();
}

}  // namespace halp::sim
