// A service whose lock has two levels: a pidfile, and tickets in a directory that several instances share, which is the
// setting cluster-prefix. The instance with the lowest ticket is active.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include <servicekit/main.hpp>
#include <servicekit/policies.hpp>

using servicekit::Arguments, servicekit::Context, servicekit::Error, servicekit::ExitCode, servicekit::Object,
    servicekit::Reply, servicekit::Result;

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// A file that this process has locked; the kernel releases the lock when the process ends.
class LockedFile {
public:
    /// \returns nothing if another process has locked it
    static std::optional<LockedFile> open(const fs::path& path, int how) {
        const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (descriptor < 0) return std::nullopt;
        LockedFile file{descriptor};
        while (::flock(descriptor, how) != 0)
            if (errno != EINTR) return std::nullopt;
        return file;
    }
    LockedFile(LockedFile&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
    LockedFile& operator=(LockedFile&&) = delete;
    ~LockedFile() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }

private:
    explicit LockedFile(int descriptor) : descriptor_{descriptor} {}
    int descriptor_;
};

/// Set by the event `lose`.
std::atomic<bool> wants_to_lose{false};

/// One wait for the lowest ticket, and the activity after it.
class Election {
public:
    Election(const fs::path& directory, servicekit::Contender& contender)
        : directory_{directory}, contender_{contender} {
        fs::create_directories(directory_);
        const auto counter = LockedFile::open(directory_ / "counter", LOCK_EX);
        std::uint64_t last = 0;
        std::ifstream{directory_ / "counter"} >> last;
        ticket_ = last + 1;
        if (auto held = LockedFile::open(path_of(ticket_), LOCK_EX)) held_.emplace(*std::move(held));
        std::ofstream{directory_ / "counter"} << ticket_;
        thread_ = std::jthread{[this](const std::stop_token& stop) { watch(stop); }};
    }
    ~Election() { finish(); }
    Election(const Election&) = delete;
    Election& operator=(const Election&) = delete;

    /// Gives the ticket back. The contender is called no more.
    void finish() {
        thread_.request_stop();
        if (thread_.joinable()) thread_.join();
        is_active_ = false;
        std::error_code gone;
        fs::remove(path_of(ticket_), gone);
    }
    [[nodiscard]] bool is_active() const noexcept { return is_active_; }
    [[nodiscard]] std::uint64_t ticket() const noexcept { return ticket_; }
    [[nodiscard]] bool has_successor() const {
        return other([this](std::uint64_t ticket) { return ticket > ticket_; });
    }

private:
    [[nodiscard]] fs::path path_of(std::uint64_t ticket) const { return directory_ / std::to_string(ticket); }
    /// Returns true if a living instance has such a ticket.
    template <class IsMeant>
    [[nodiscard]] bool other(const IsMeant& is_meant) const {
        // No other instance is about to lock its new ticket.
        const auto counter = LockedFile::open(directory_ / "counter", LOCK_EX);
        std::error_code gone;
        for (const auto& entry : fs::directory_iterator{directory_, gone}) {
            const std::uint64_t ticket = std::strtoull(entry.path().filename().c_str(), nullptr, 10);
            if (ticket == 0 || !is_meant(ticket)) continue;
            if (!LockedFile::open(entry.path(), LOCK_SH | LOCK_NB)) return true;
            fs::remove(entry.path(), gone);
        }
        return false;
    }
    void watch(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            if (!is_active_ && !has_lost_ && !other([this](std::uint64_t ticket) { return ticket < ticket_; })) {
                is_active_ = true;
                contender_.won();
            }
            if (is_active_ && wants_to_lose.exchange(false)) {
                is_active_ = false;
                has_lost_ = true;
                contender_.lost(Error{ExitCode::os, "keep the ticket", std::to_string(ticket_), "it was taken away"},
                                5s);
            }
            std::this_thread::sleep_for(5ms);
        }
    }

    const fs::path directory_;
    servicekit::Contender& contender_;
    std::uint64_t ticket_ = 0;
    std::optional<LockedFile> held_;
    std::atomic<bool> is_active_{false};
    bool has_lost_ = false;  // for the thread
    std::jthread thread_;
};

class TicketLock final : public servicekit::LockPolicy {
public:
    void configure(const servicekit::Deployment& deployment) override {
        local_.configure(deployment);
        directory_ = deployment.cluster_plan.prefix;
    }
    Result<servicekit::Acquisition> acquire(servicekit::LockWait wait, const std::stop_token& stop) override {
        return local_.acquire(wait, stop);
    }
    Result<std::optional<servicekit::Owner>> owner() override { return local_.owner(); }
    [[nodiscard]] Object status_fields() const override { return local_.status_fields(); }
    void release() noexcept override { local_.release(); }

    [[nodiscard]] bool has_standby() const override { return true; }
    Result<void> contend(servicekit::Contender& contender, const std::stop_token& /*stop*/) override {
        if (directory_.empty())
            return Error{ExitCode::configuration, "stand by", "", "the setting cluster-prefix names no directory"};
        auto joined = std::make_shared<Election>(directory_, contender);
        const std::lock_guard guard{*mutex_};
        election_ = std::move(joined);
        return {};
    }
    Result<bool> has_successor() override {
        const auto now = election();
        return now && now->has_successor();
    }
    void stand_down() noexcept override {
        std::shared_ptr<Election> left;
        {
            const std::lock_guard guard{*mutex_};
            left = std::exchange(election_, nullptr);
        }
        if (left) left->finish();
    }
    [[nodiscard]] bool is_active() const noexcept override {
        const auto now = election();
        return now && now->is_active();
    }
    [[nodiscard]] std::optional<std::uint64_t> token() const override {
        const auto now = election();
        return now ? std::optional{now->ticket()} : std::nullopt;
    }

private:
    [[nodiscard]] std::shared_ptr<Election> election() const {
        const std::lock_guard guard{*mutex_};
        return election_;
    }

    servicekit::PidFileLock local_;
    std::string directory_;
    std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
    std::shared_ptr<Election> election_;
};

using Base =
    servicekit::BasicService<servicekit::ForkingDaemon, TicketLock, servicekit::FileLog, servicekit::UnixSocketControl>;

class StandbyTrial final : public Base {
public:
    explicit StandbyTrial(servicekit::ServiceOptions options) : Base{std::move(options)} {
        events().add({.name = "token", .handler = [this](const Arguments&, Context&) {
                          return Reply{{"token", lock_token().value_or(0)}, {"activities", activities_}};
                      }});
        events().add({.name = "lose", .handler = [](const Arguments&, Context&) {
                          wants_to_lose = true;
                          return Reply{};
                      }});
    }

private:
    void on_start() override { ++activities_; }
    void on_stop() override { log().info("on_stop of activity " + std::to_string(activities_)); }

    std::int64_t activities_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    return servicekit::service_main<StandbyTrial>(argc, argv, {.name = "standby-trial"});
}
