// Ranks by MPI. This is a file of its own beside halp-sim, which loads it under mpirun, so that halp-sim needs no
// MPI library otherwise. It is built when CMake finds MPI.
#include <mpi.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "simulations/world/ranks.h"

namespace {

// A count of MPI is an int, so a longer packet travels in parts, in as many steps as the longest one needs.
constexpr std::size_t part_bytes = std::size_t{1} << 28;

class MpiRanks final : public halp::sim::Ranks {
public:
    MpiRanks(int* argc, char*** argv) {
        // Only the thread that began calls MPI.
        int provided = 0;
        MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &provided);
        MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
        MPI_Comm_size(MPI_COMM_WORLD, &size_);
        MPI_Comm machine = MPI_COMM_NULL;
        MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &machine);
        MPI_Comm_size(machine, &on_machine_);
        MPI_Comm_free(&machine);
    }
    ~MpiRanks() override { MPI_Finalize(); }
    MpiRanks(const MpiRanks&) = delete;
    MpiRanks& operator=(const MpiRanks&) = delete;

    [[nodiscard]] unsigned rank() const override { return static_cast<unsigned>(rank_); }
    [[nodiscard]] unsigned size() const override { return static_cast<unsigned>(size_); }
    [[nodiscard]] unsigned on_this_machine() const override { return static_cast<unsigned>(on_machine_); }

    // MPI ends the program when a call fails (MPI_ERRORS_ARE_FATAL), with a sentence of its own.
    [[nodiscard]] std::vector<std::string> exchange(const std::vector<std::string>& out) override {
        const std::size_t ranks = out.size();
        std::vector<std::uint64_t> sends(ranks), comes(ranks);
        for (std::size_t i = 0; i < ranks; ++i) sends[i] = out[i].size();
        MPI_Alltoall(sends.data(), 1, MPI_UINT64_T, comes.data(), 1, MPI_UINT64_T, MPI_COMM_WORLD);
        std::uint64_t longest =
            std::max(*std::max_element(sends.begin(), sends.end()), *std::max_element(comes.begin(), comes.end()));
        MPI_Allreduce(MPI_IN_PLACE, &longest, 1, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD);
        std::vector<std::string> in(ranks);
        for (std::size_t i = 0; i < ranks; ++i) in[i].resize(comes[i]);
        const std::size_t part = std::min(part_bytes, std::size_t{std::numeric_limits<int>::max()} / ranks);
        for (std::uint64_t done = 0; done < longest; done += part) exchange_part(out, in, done, part);
        return in;
    }

private:
    void exchange_part(const std::vector<std::string>& out, std::vector<std::string>& in, std::uint64_t done,
                       std::size_t part) {
        const auto piece = [&](const std::string& all) {
            return static_cast<int>(
                std::min<std::uint64_t>(part, all.size() - std::min<std::uint64_t>(done, all.size())));
        };
        std::vector<int> send_counts, send_at, take_counts, take_at;
        std::string sent, taken;
        for (std::size_t i = 0; i < out.size(); ++i) {
            send_at.push_back(static_cast<int>(sent.size()));
            send_counts.push_back(piece(out[i]));
            if (send_counts.back() > 0) sent.append(out[i], done, static_cast<std::size_t>(send_counts.back()));
            take_at.push_back(take_at.empty() ? 0 : take_at.back() + take_counts.back());
            take_counts.push_back(piece(in[i]));
        }
        taken.resize(static_cast<std::size_t>(take_at.back() + take_counts.back()));
        MPI_Alltoallv(sent.data(), send_counts.data(), send_at.data(), MPI_BYTE, taken.data(), take_counts.data(),
                      take_at.data(), MPI_BYTE, MPI_COMM_WORLD);
        for (std::size_t i = 0; i < in.size(); ++i)
            taken.copy(in[i].data() + std::min<std::uint64_t>(done, in[i].size()),
                       static_cast<std::size_t>(take_counts[i]), static_cast<std::size_t>(take_at[i]));
    }

    int rank_ = 0, size_ = 1, on_machine_ = 1;
};

}  // namespace

// The one function that halp-sim looks for. The caller deletes what it gets, at the end of the program.
extern "C" halp::sim::Ranks* halp_sim_ranks(int* argc, char*** argv);
extern "C" halp::sim::Ranks* halp_sim_ranks(int* argc, char*** argv) { return new MpiRanks{argc, argv}; }
