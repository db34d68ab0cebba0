// The service runs on a machine in memory with virtual time. Its images are real files.
#include "thumbnailer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <servicekit/mocks/fake_life.hpp>
#include <servicekit/mocks/fake_os.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "replace_file.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

class ThumbnailerTest : public ::testing::Test {
protected:
    ThumbnailerTest() {
        fs::create_directory(directory / "images");
        configure("3600");
    }
    ~ThumbnailerTest() override { fs::remove_all(directory); }

    static fs::path make_directory() {
        std::string name = (fs::temp_directory_path() / "thumbnailer-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
        return name;
    }
    void configure(const std::string& interval) {
        if (os.files.exists("/etc/thumbnailer.json")) os.files.take_away("/etc/thumbnailer.json");
        os.files.add_file("/etc/thumbnailer.json", R"({"app": {"images": ")" + (directory / "images").string() +
                                                       R"(", "thumbnails": ")" + (directory / "small").string() +
                                                       R"(", "password": "hush", "interval": )" + interval + "}}");
    }
    void add_image(const std::string& name) const {
        std::ofstream{directory / "images" / name} << "P6\n200 1\n255\n" << std::string(600, 'x');
    }

    static std::string content_of(const fs::path& file) {
        std::ifstream in{file};
        return {std::istreambuf_iterator<char>{in}, {}};
    }

    servicekit::mocks::FakeOs os;
    const fs::path directory = make_directory();
    servicekit::ServiceOptions options{
        .name = "thumbnailer", .config = "/etc/thumbnailer.json", .log_file = "/var/log/t.log", .daemonize = false};
    servicekit::mocks::FakeLife life{os, [this] { return servicekit::mocks::fake_service<Thumbnailer>(os, options); }};
};

TEST_F(ThumbnailerTest, FindsNewImagesByItself) {
    ASSERT_TRUE(life.start());
    add_image("one.ppm");
    os.advance(59min);
    EXPECT_FALSE(fs::exists(directory / "small/one.ppm"));
    os.advance(1min);
    EXPECT_TRUE(fs::exists(directory / "small/one.ppm"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ThumbnailerTest, AReloadChangesTheInterval) {
    ASSERT_TRUE(life.start());
    add_image("one.ppm");
    configure("2");
    EXPECT_THAT(life.ask(R"(["reload"])"), HasSubstr("/app/interval"));
    os.advance(2s);
    EXPECT_TRUE(fs::exists(directory / "small/one.ppm"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ThumbnailerTest, ReportsTheProgressAndTheResultOfAScan) {
    for (const char* name : {"one.ppm", "two.ppm", "three.ppm"}) add_image(name);
    ASSERT_TRUE(life.start());
    const std::string told = life.ask(R"(["rescan", {}, {"progress": true}])");
    EXPECT_THAT(told, HasSubstr(R"("total":3)"));
    EXPECT_THAT(life.ask(R"(["status"])"), HasSubstr(R"("made":3,"failed":0)"));
    EXPECT_EQ(life.stop(), 0);
}

TEST_F(ThumbnailerTest, FollowsNoLinkOfAnotherUser) {
    const fs::path victim = directory / "victim";
    const fs::path thumbnail = directory / "small/one.ppm";
    std::ofstream{victim} << "untouched";
    fs::create_directory(directory / "small");
    fs::create_symlink(victim, directory / "small/one.ppm.part");
    add_image("one.ppm");
    ASSERT_TRUE(life.start());
    life.ask(R"(["rescan"])");
    EXPECT_EQ(content_of(victim), "untouched");
    EXPECT_THAT(content_of(thumbnail), ::testing::StartsWith("P6\n"));
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(thumbnail)));
    EXPECT_EQ(life.stop(), 0);

    fs::create_symlink(victim, directory / "copy.part");
    replace_file(directory / "copy", "copied");
    EXPECT_EQ(content_of(victim), "untouched");
    EXPECT_EQ(content_of(directory / "copy"), "copied");
}

TEST_F(ThumbnailerTest, PurgesWithThePassword) {
    add_image("one.ppm");
    ASSERT_TRUE(life.start());
    life.ask(R"(["rescan"])");
    EXPECT_THAT(life.ask(R"(["purge", {"password": "guess"}])"), HasSubstr("not-allowed"));
    EXPECT_EQ(life.ask(R"(["purge", {"password": "hush"}])"), R"({"removed":1})");
    EXPECT_EQ(life.stop(), 0);
    EXPECT_THAT(os.files.content("/var/log/t.log"), ::testing::Not(HasSubstr("hush")));
}

}  // namespace
