#include "tools/halp-sim/ranks_of_run.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace halp::sim {
namespace {

// Set by the launchers of OpenMPI, MPICH and others, and Slurm's.
constexpr const char* sizes_of_launchers[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"};

bool several() {
    for (const char* name : sizes_of_launchers) {
        const char* const value = std::getenv(name);
        if (value != nullptr && std::strtoul(value, nullptr, 10) > 1) return true;
    }
    return false;
}

// Beside the program, as it is built, or where it is installed.
std::vector<std::string> places() {
    std::error_code unknown;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", unknown);
    const std::filesystem::path here = program.parent_path();
    return {(here / "halp-sim-mpi.so").string(), (here.parent_path() / "lib/halp/halp-sim-mpi.so").string()};
}

}  // namespace

Result<std::unique_ptr<Ranks>> ranks_of_run(int& argc, char**& argv) {
    if (!several()) return std::unique_ptr<Ranks>{};
    std::string why =
        "mpirun has started several processes, but halp-sim cannot load its part for MPI, "
        "halp-sim-mpi.so. Build it where CMake finds MPI (Debian: libopenmpi-dev openmpi-bin).";
    for (const std::string& place : places()) {
        if (!std::filesystem::exists(place)) continue;
        // OpenMPI's own modules look for its symbols.
        void* const part = ::dlopen(place.c_str(), RTLD_NOW | RTLD_GLOBAL);
        using Start = Ranks* (*)(int*, char***);
        const auto start = part == nullptr ? nullptr : reinterpret_cast<Start>(::dlsym(part, "halp_sim_ranks"));
        if (start != nullptr) return std::unique_ptr<Ranks>{start(&argc, &argv)};
        const char* const said = ::dlerror();
        why = place + " cannot be loaded: " + (said == nullptr ? "it is another file" : said);
    }
    return Error{ErrorCode::not_found, why};
}

}  // namespace halp::sim
