#include "policies/log/file/log_tidying.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_environment.hpp"
#include "servicekit/mocks/fake_event_loop.hpp"
#include "servicekit/mocks/fake_files.hpp"
#include "servicekit/mocks/fake_threads.hpp"
#include "servicekit/mocks/fake_users.hpp"
#include "servicekit/mocks/mock_process.hpp"
#include "servicekit/mocks/mock_standard_streams.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/policies/log/file_log.hpp"

namespace servicekit::policies {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::NiceMock;

const std::string path = "/var/log/x.log";                       // NOLINT(cert-err58-cpp)
const std::string old_path = path + "-20260101T000000.000000Z";  // NOLINT(cert-err58-cpp)

/// Fake files for several threads. A compressed file hangs when it is written to disk, until the test releases it.
class HangingFiles final : public os::Files {
public:
    Result<std::string> read(const std::string& file, std::size_t max_bytes) override {
        return with([&](auto& files) { return files.read(file, max_bytes); });
    }
    Result<std::unique_ptr<os::File>> open_for_reading(const std::string& file, os::Links links) override {
        return with([&](auto& files) { return wrap(file, files.open_for_reading(file, links)); });
    }
    Result<std::unique_ptr<os::File>> open_for_appending(const std::string& file, mode_t permissions) override {
        return with([&](auto& files) { return wrap(file, files.open_for_appending(file, permissions)); });
    }
    Result<std::optional<os::FileStatus>> status(const std::string& file, os::Links links) override {
        return with([&](auto& files) { return files.status(file, links); });
    }
    Result<void> create_directories(const std::string& directory, mode_t permissions) override {
        return with([&](auto& files) { return files.create_directories(directory, permissions); });
    }
    Result<void> remove(const std::string& file) override {
        return with([&](auto& files) { return files.remove(file); });
    }
    Result<void> rename(const std::string& from, const std::string& to) override {
        return with([&](auto& files) { return files.rename(from, to); });
    }
    Result<std::string> link_target(const std::string& path) override {
        return with([&](auto& files) { return files.link_target(path); });
    }
    Result<std::vector<std::string>> list(const std::string& directory) override {
        return with([&](auto& files) { return files.list(directory); });
    }

    template <class Use>
    std::invoke_result_t<Use, mocks::FakeFiles&> with(Use use) {
        const std::lock_guard lock{mutex_};
        return use(files_);
    }
    void await_hanging() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return hangs_; });
    }
    void release_held() {
        const std::lock_guard lock{mutex_};
        is_let_go_ = true;
        changed_.notify_all();
    }
    /// Waits until all files are closed, so that no thread uses them any more.
    void await_closed() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return files_.open_files() == 0; });
    }

private:
    class HangingFile final : public os::File {
    public:
        HangingFile(HangingFiles& all, bool hangs, std::unique_ptr<os::File> file)
            : all_{&all}, hangs_{hangs}, file_{std::move(file)} {}
        HangingFile(const HangingFile&) = delete;
        HangingFile& operator=(const HangingFile&) = delete;
        ~HangingFile() override {
            const std::lock_guard lock{all_->mutex_};
            file_.reset();
            all_->changed_.notify_all();
        }
        os::Writing write(std::string_view bytes) override {
            return all_->with([&](auto&) { return file_->write(bytes); });
        }
        void write_at_crash(std::string_view bytes) noexcept override { file_->write_at_crash(bytes); }
        Result<void> sync() override {
            std::unique_lock lock{all_->mutex_};
            if (!hangs_) return {};
            all_->hangs_ = true;
            all_->changed_.notify_all();
            all_->changed_.wait(lock, [this] { return all_->is_let_go_; });
            return {};
        }
        Result<std::string> read_at(std::uint64_t offset, std::size_t size) override {
            return all_->with([&](auto&) { return file_->read_at(offset, size); });
        }
        Result<os::FileStatus> status() override {
            return all_->with([&](auto&) { return file_->status(); });
        }
        Result<void> change_owner(uid_t uid, gid_t gid) override {
            return all_->with([&](auto&) { return file_->change_owner(uid, gid); });
        }
        Result<void> give_to_group(gid_t gid) override {
            return all_->with([&](auto&) { return file_->give_to_group(gid); });
        }
        [[nodiscard]] int descriptor() const override { return -1; }

    private:
        HangingFiles* all_;
        bool hangs_;
        std::unique_ptr<os::File> file_;
    };

    Result<std::unique_ptr<os::File>> wrap(const std::string& file, Result<std::unique_ptr<os::File>> opened) {
        if (!opened) return opened;
        return std::unique_ptr<os::File>{
            std::make_unique<HangingFile>(*this, file.ends_with(".gz.tmp"), std::move(*opened))};
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    mocks::FakeFiles files_;
    bool hangs_ = false;
    bool is_let_go_ = false;
};

/// A whole log, with a loop that the test drives and a real thread.
class HangingTidyingTest : public ::testing::Test {
protected:
    void SetUp() override {
        files.with([](auto& all) {
            all.add_directory("/var/log");
            all.add_file(old_path, "of yesterday\n");
        });
        log.configure({.name = "x", .log_file = path, .log_plan = {.compress = true}});
        ASSERT_TRUE(log.open());
        ASSERT_TRUE(log.start(loop));
        ASSERT_TRUE(loop.start());
        reactor.run_ready();
        files.await_hanging();
    }
    void TearDown() override {
        files.release_held();
        if (loop.is_running()) stop(10s);
    }
    void stop(std::chrono::milliseconds at_most) {
        loop.stop();
        log.stop();
        log.close(at_most);
    }
    [[nodiscard]] std::string content() {
        return files.with([](auto& all) { return all.content(path); });
    }
    [[nodiscard]] std::vector<std::string> names() {
        return files.with([](auto& all) { return all.names_in("/var/log"); });
    }

    HangingFiles files;
    NiceMock<mocks::MockStandardStreams> streams;
    mocks::FakeClock clock;
    mocks::FakeReactor reactor{clock};
    mocks::FakeEventLoop loop{reactor};
    NiceMock<mocks::MockProcess> process;
    mocks::FakeUsers users;
    mocks::FakeEnvironment environment;
    FileLog log{{},
                {.clock = &clock,
                 .environment = &environment,
                 .files = &files,
                 .process = &process,
                 .streams = &streams,
                 .users = &users}};
};

TEST_F(HangingTidyingTest, LinesAreDeliveredInTimeDuringATidying) {
    log.write({.time = clock.system_now(), .message = "in time"});
    reactor.advance(200ms);
    EXPECT_THAT(content(), HasSubstr(": in time\n"));
}

TEST_F(HangingTidyingTest, AStopAbandonsItAndItThenChangesNothing) {
    log.write({.time = clock.system_now(), .message = "the last line"});
    stop(20ms);
    EXPECT_THAT(content(), HasSubstr(": the last line\n"));
    // The next instance compresses the same file.
    files.with([](auto& all) {
        all.take_away(old_path + ".gz.tmp");
        all.add_file(old_path + ".gz.tmp", "of the next life");
    });
    log = FileLog{};
    files.release_held();
    files.await_closed();
    EXPECT_THAT(names(), ElementsAre("x.log", "x.log-20260101T000000.000000Z", "x.log-20260101T000000.000000Z.gz.tmp"));
}

TEST_F(HangingTidyingTest, AStopWaitsBrieflyAndLeavesNothingUnfinished) {
    std::thread disk{[this] {
        std::this_thread::sleep_for(10ms);
        files.release_held();
    }};
    stop(10s);
    disk.join();
    EXPECT_THAT(names(), ElementsAre("x.log", "x.log-20260101T000000.000000Z"));
}

class LogTidyingTest : public ::testing::Test {
protected:
    LogTidyingTest() {
        files.add_directory("/var/log");
        files.add_file(old_path, "of yesterday\n");
        tidying.start(loop);
        EXPECT_TRUE(loop.start());
    }

    mocks::FakeClock clock;
    mocks::FakeReactor reactor{clock};
    mocks::FakeEventLoop loop{reactor};
    mocks::FakeThreads threads{reactor};
    mocks::FakeFiles files;
    std::vector<std::string> told;
    LogTidying tidying{files,   clock,
                       path,    {.compress = true},
                       threads, [this](const Error& error) { told.push_back(error.message()); }};
};

TEST_F(LogTidyingTest, CompressesOnRequest) {
    reactor.run_ready();
    EXPECT_TRUE(files.exists(old_path));
    tidying.look();
    reactor.run_ready();
    EXPECT_FALSE(files.exists(old_path));
    EXPECT_TRUE(files.exists(old_path + ".gz"));
}

TEST_F(LogTidyingTest, ReportsAFailureAndRetriesAtTheNextRequest) {
    files.failures.fail_next("sync", EIO);
    tidying.look();
    reactor.run_ready();
    EXPECT_EQ(told.size(), 1U);
    EXPECT_TRUE(files.exists(old_path));
    tidying.look();
    reactor.run_ready();
    EXPECT_EQ(told.size(), 1U);
    EXPECT_FALSE(files.exists(old_path));
}

TEST_F(LogTidyingTest, ReportsAMissingThreadAndRetriesAtTheNextRequest) {
    threads.failures.fail_next("start", EAGAIN);
    tidying.look();
    reactor.run_ready();
    EXPECT_THAT(told, ElementsAre("cannot start the thread 'log-archive': Resource temporarily unavailable"));
    tidying.look();
    reactor.run_ready();
    EXPECT_FALSE(files.exists(old_path));
}

TEST_F(LogTidyingTest, DoesNothingAfterItsStop) {
    tidying.look();
    loop.stop();
    tidying.stop();
    tidying.close(1s);
    reactor.run_ready();
    EXPECT_THAT(files.names_in("/var/log"), ElementsAre("x.log-20260101T000000.000000Z"));
}

}  // namespace
}  // namespace servicekit::policies
