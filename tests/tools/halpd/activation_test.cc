// A daemon whose sockets systemd has opened, played by a line of Python that does what systemd does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/tools/daemon_process.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

// Arguments: the path of a unix socket, the names of both sockets, then the program.
constexpr const char* service_manager = R"py(
import fcntl, os, socket, sys
tcp, local = socket.socket(), socket.socket(socket.AF_UNIX)
tcp.bind(("127.0.0.1", 0))
local.bind(sys.argv[1])
for one in (tcp, local): one.listen(64)
port = tcp.getsockname()[1]  # before dup2, which may take the place of one of the two
high = [fcntl.fcntl(one.fileno(), fcntl.F_DUPFD, 20) for one in (tcp, local)]
for place, fd in enumerate(high): os.dup2(fd, 3 + place)
for fd in high: os.close(fd)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES=sys.argv[2])
print("given 127.0.0.1:%d" % port, file=sys.stderr, flush=True)
os.execv(sys.argv[3], sys.argv[3:])
)py";

DaemonOptions started_by_socket(const std::string& path, const std::string& names, bool awaited = true) {
    DaemonOptions options;
    options.listen = "127.0.0.1:1";  // must not be used
    options.prefix = {HALP_PYTHON, "-c", service_manager, path, names};
    options.awaited = awaited;
    return options;
}

TEST(Activation, ServesTheSocketsThatItIsGivenAndLeavesTheirFile) {
    const Home home;
    const std::string path = home.path() + "/given.sock";
    Daemon daemon{home, started_by_socket(path, "gossip:admin")};

    EXPECT_THAT(daemon.messages(), HasSubstr("given " + daemon.endpoint().text() + "\n"));
    EXPECT_EQ(daemon.ask("get nosuch\n"), "");
    EXPECT_EQ(halp(home, {"--socket", path, "status"}).code, 0);
    EXPECT_FALSE(std::filesystem::exists(home.admin()));

    EXPECT_EQ(daemon.stop(), 0) << daemon.messages();
    EXPECT_TRUE(std::filesystem::exists(path)) << "the next start by the same socket would find nobody there";
}

TEST(Activation, KnowsSocketsWithoutANameByTheirKind) {
    const Home home;
    Daemon daemon{home, started_by_socket(home.path() + "/given.sock", "halpd.socket:halpd.socket")};

    EXPECT_EQ(daemon.ask("get nosuch\n"), "");
    EXPECT_EQ(daemon.stop(), 0) << daemon.messages();
}

TEST(Activation, RefusesASocketThatItDoesNotKnow) {
    const Home home;
    Daemon daemon{home, started_by_socket(home.path() + "/given.sock", "gossip:metrics", false)};

    EXPECT_EQ(daemon.process().wait(generous).value_or(-1), 1);
    EXPECT_THAT(daemon.messages(), HasSubstr("`metrics`"));
    EXPECT_THAT(daemon.messages(), HasSubstr("FileDescriptorName= is gossip, text or admin"));
}

TEST(Start, SaysWhichNodeThisIs) {
    Daemon daemon{{.more = {"--swarm", "orchard", "--advertise", "192.0.2.1:3451"}}};

    EXPECT_THAT(daemon.messages(), HasSubstr("swarm `orchard`, profile local, address " + daemon.endpoint().text() +
                                             " (advertised as 192.0.2.1:3451), state in " + daemon.home().state()));
    EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
