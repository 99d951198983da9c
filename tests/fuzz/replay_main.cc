// Runs a fuzz target over files instead of under libFuzzer: the corpus replay of ctest, with any compiler.
//
//   gossip_codec_replay FILE-OR-DIRECTORY...
//
// Exit codes: 0 all inputs ran, 1 something could not be read or there was no input at all. A broken property ends
// the process with a signal, after the name of the input on stderr.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

// Sorted, so that every run meets the inputs in the same order.
std::vector<fs::path> inputs_below(const fs::path& path) {
    std::error_code failed;
    if (!fs::is_directory(path, failed)) return {path};
    std::vector<fs::path> inputs;
    for (const fs::directory_entry& file : fs::recursive_directory_iterator(path, failed)) {
        if (file.is_regular_file(failed)) inputs.push_back(file.path());
    }
    std::sort(inputs.begin(), inputs.end());
    return inputs;
}

bool run(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
        return false;
    }
    // A vector of exactly the input's size lets AddressSanitizer see reads beyond its end.
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    std::fprintf(stderr, "%s\n", path.c_str());
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t count = 0;
    bool good = true;
    for (int i = 1; i < argc; ++i) {
        for (const fs::path& input : inputs_below(argv[i])) {
            if (run(input))
                ++count;
            else
                good = false;
        }
    }
    std::printf("%zu inputs\n", count);
    if (count == 0) std::fprintf(stderr, "no inputs: name at least one file or directory that holds some\n");
    return good && count > 0 ? 0 : 1;
}
