// halpd: one HALP node in the foreground. This file reads the command line and the configuration; daemon.cc does
// the rest.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>

#include "config/directories.h"
#include "config/load_settings.h"
#include "config/print_settings.h"
#include "tools/halpd/command_line.h"
#include "tools/halpd/daemon.h"
#include "tools/halpd/halpd_pages.h"
#include "tools/program/harmless.h"
#include "tools/program/pages.h"
#include "tools/program/program_start.h"
#include "tools/program/standard_output.h"

#ifndef HALP_VERSION
#define HALP_VERSION "0.1.0"
#endif

namespace {

constexpr int exit_failed = 1;
constexpr int exit_range_kept = 3;

void complain(const std::string& sentence) {
    std::fprintf(stderr, "halpd: %s\n", halp::harmless_lines(sentence).c_str());
}

int report_problems(const halp::config::LoadedSettings& loaded) {
    for (const std::string& problem : loaded.problems) complain(problem);
    return halp::config::exit_bad_configuration;
}

int check(const halp::config::LoadedSettings& loaded) {
    for (const std::string& warning : loaded.warnings) complain(warning);
    std::fprintf(stderr, "halpd: the configuration is good (%zu file%s read)\n", loaded.files.size(),
                 loaded.files.size() == 1 ? "" : "s");
    return 0;
}

int run(halp::config::LoadedSettings loaded, const halp::config::SettingSources& sources) {
    halp::config::Directories directories =
        halp::config::resolve_directories(loaded.settings, sources.environ, sources.root);
    halp::Daemon daemon{std::move(loaded), std::move(directories), HALP_VERSION,
                        [&sources] { return halp::config::load_settings(sources); }};
    const halp::Result<void> started = daemon.start();
    if (!started) {
        complain(started.error().message);
        return exit_failed;
    }
    const halp::Result<void> kept = daemon.run();
    if (kept && daemon.range_kept().empty()) return 0;
    if (kept) {
        complain(daemon.range_kept());
        return exit_range_kept;
    }
    complain(kept.error().message);
    return exit_failed;
}

}  // namespace

int main(int argc, char** argv) {
    halp::begin_program("halpd");
    halp::hold_operator_signals();
    if (const auto pages = halp::wants_pages(argc, argv))
        return halp::write_pages("halpd", *pages, halp::halpd_pages(HALP_VERSION));
    halp::CommandLine line = halp::read_command_line(argc, argv, HALP_VERSION);
    if (line.exit_code) return halp::with_output_written(*line.exit_code, "halpd");
    line.sources.root = geteuid() == 0;
    line.sources.environ = halp::config::process_environ();

    halp::config::LoadedSettings loaded = halp::config::load_settings(line.sources);
    if (!loaded.problems.empty()) return report_problems(loaded);
    if (line.action == halp::CommandLine::Action::check_config) return check(loaded);
    if (line.action == halp::CommandLine::Action::print_config) {
        const auto directories =
            halp::config::resolve_directories(loaded.settings, line.sources.environ, line.sources.root);
        const std::string effective = halp::config::print_effective(std::move(loaded), directories);
        std::fputs(isatty(STDOUT_FILENO) == 1 ? halp::harmless_lines(effective).c_str() : effective.c_str(),
                   stdout);
        return halp::with_output_written(0, "halpd");
    }
    return run(std::move(loaded), line.sources);
}
