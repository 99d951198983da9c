#include "tools/halp-sim/verdict_count.h"

#include <mutex>
#include <ostream>

#include "tools/halp-sim/report/console_table.h"
#include "tools/program/durations.h"

namespace halp::sim {

VerdictCount::VerdictCount(const Streams& streams, bool json)
    : streams_(streams), json_(json), began_(cpu_seconds()), progress_(streams.progress), interrupt_([this] {
          print_summary(false);
      }) {}

void VerdictCount::working_on(const std::string& what) {
    const std::lock_guard whole{interrupt_.results()};
    progress_.show(what);
}

void VerdictCount::say(const std::string& line) {
    const std::lock_guard whole{interrupt_.results()};
    progress_.erase();
    streams_.out << line << std::endl;
}

void VerdictCount::add(const std::string& line, bool met) {
    const std::lock_guard whole{interrupt_.results()};
    progress_.erase();
    ++verdicts_.all;
    verdicts_.met += met ? 1 : 0;
    streams_.out << line << std::endl;
}

int VerdictCount::end() {
    const std::lock_guard whole{interrupt_.results()};
    print_summary(true);
    return verdicts_.met == verdicts_.all ? exit_done : exit_failed;
}

void VerdictCount::print_summary(bool complete) {
    progress_.erase();
    verdicts_.complete = complete;
    verdicts_.cpu_s = cpu_seconds() - began_;
    const Verdicts& v = verdicts_;
    if (json_)
        streams_.out << verdicts_json(v) << std::endl;
    else
        streams_.out << v.met << " of " << v.all << " met, " << v.all - v.met << " missed, in "
                     << number(v.cpu_s, 1) << " s of CPU" << std::endl;
    if (!complete) streams_.err << "halp-sim: interrupted: these are not all figures" << std::endl;
}

}  // namespace halp::sim
