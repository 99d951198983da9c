#include "overlay/dht/libevent/dht_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "overlay/dht/client/nodes_file.h"
#include "overlay/dht/libevent/blocking_dht_client.h"

namespace halp {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

class DhtFiles : public ::testing::Test {
protected:
    DhtFiles() {
        std::string pattern = (std::filesystem::temp_directory_path() / "halp-files-XXXXXX").string();
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        root = pattern;
    }
    ~DhtFiles() override { std::filesystem::remove_all(root); }
    std::string file(const std::string& text, const std::string& name = "file") const {
        const std::string path = root + "/" + name;
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }
    static std::string entry(const std::string& name) { return name + ":" + std::string(256, '0') + "\n"; }
    std::string root;
};

TEST_F(DhtFiles, AreReadWholeUpToTheirLimit) {
    const std::string text(40'000, 'x');
    EXPECT_EQ(read_small_file(file(text), text.size()).value(), text);
    EXPECT_EQ(read_small_file(file(text), text.size() - 1).error().message,
              "`" + root + "/file` has more than 39999 bytes.");
    EXPECT_EQ(read_small_file(file(""), 10).value(), "");
    EXPECT_FALSE(read_small_file(file("x"), 0));
}

TEST_F(DhtFiles, SayWhyTheyCannotBeRead) {
    EXPECT_EQ(read_small_file(root + "/none", 10).error().message,
              "`" + root + "/none` cannot be read: No such file or directory.");
    EXPECT_EQ(read_small_file(root, 10).error().message, "`" + root + "` is a directory: name a file in it.");
    EXPECT_EQ(read_nodes_file(root).error().code, ErrorCode::invalid);
}

TEST_F(DhtFiles, MayBePipes) {
    const std::string path = root + "/pipe";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    std::thread writer([&] { std::ofstream(path) << "127.0.0.1:1\n" << std::flush << "127.0.0.1:2\n"; });
    const auto nodes = read_nodes_file(path);
    writer.join();
    EXPECT_EQ(nodes.value(), (std::vector<Endpoint>{{"127.0.0.1", 1}, {"127.0.0.1", 2}}));
}

TEST_F(DhtFiles, SayWhenOthersMayReadAKey) {
    const std::string path = file(entry("ann"));
    std::string warning;
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    ASSERT_TRUE(read_credentials_file(path, &warning));
    EXPECT_EQ(warning, "");
    ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
    ASSERT_TRUE(read_credentials_file(path, &warning));
    EXPECT_THAT(warning, HasSubstr("chmod 600 " + path));
}

TEST_F(DhtFiles, NameTheFileAndTheLineOfWhatIsWrongInThem) {
    const auto nodes = read_nodes_file(file("127.0.0.1:1\n\nnowhere\n"));
    ASSERT_FALSE(nodes);
    EXPECT_THAT(nodes.error().message, HasSubstr(root + "/file: Line 3 of the nodes file is not address:port"));
    EXPECT_EQ(read_nodes_file(file("# nobody\n")).error().message, root + "/file names no node.");
    EXPECT_EQ(read_nodes_file(file(std::string(nodes_file_bytes_max + 1, '\n'))).error().message,
              "`" + root + "/file` has more than 1048576 bytes.");
    const auto secret = read_credentials_file(file(entry("ann") + "bob:12\n"));
    ASSERT_FALSE(secret);
    EXPECT_EQ(secret.error().message, root + "/file: credentials, line 2: the key is not 256 hexadecimal digits");
    EXPECT_THAT(read_credentials_file(file(entry("ann") + entry("bob"))).error().message,
                HasSubstr("file: credentials: a client's file has exactly one entry, this one has 2"));
    EXPECT_EQ(read_credentials_file(file(entry("ann"))).value().name, "ann");
}

TEST_F(DhtFiles, BothAreRequiredOfAClient) {
    const std::string nodes = file("192.0.2.1:10100\n192.0.2.2:10100\n", "dht.neo.nodes");
    const std::string credentials = file(entry("ann"), "credentials");
    const auto without = BlockingDhtClient::from_files(root + "/none", credentials);
    ASSERT_FALSE(without);
    EXPECT_THAT(without.error().message, HasSubstr(root + "/none"));
    const auto nobody = BlockingDhtClient::from_files(nodes, root);
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.error().message, "`" + root + "` is a directory: name a file in it.");
    EXPECT_FALSE(BlockingDhtClient::from_files(credentials, credentials));
    EXPECT_FALSE(BlockingDhtClient::from_files(nodes, nodes));

    BlockingDhtOptions options;
    options.client.auto_connect = false;
    const auto client = BlockingDhtClient::from_files(nodes, credentials, options);
    ASSERT_TRUE(client) << client.error().message;
    const auto known = (*client)->client().nodes();
    ASSERT_EQ(known.size(), 2U);
    EXPECT_EQ(known[0].node, (Endpoint{"192.0.2.1", 10100}));
    EXPECT_TRUE(known[0].known);
    EXPECT_FALSE((*client)->client().all_connected());
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
