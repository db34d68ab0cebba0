#pragma once

#include <servicekit/configured.hpp>
#include <servicekit/os/host.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

struct ThumbnailerConfig {
    std::filesystem::path images;
    std::filesystem::path thumbnails;
    std::chrono::milliseconds interval = std::chrono::seconds{10};
    unsigned workers = 2;
    unsigned width = 64;
    std::string password;
};

void describe(servicekit::Schema<ThumbnailerConfig>& config);

/// Keeps a thumbnail of each image in a directory.
class Thumbnailer : public servicekit::Configured<ThumbnailerConfig> {
public:
    /// \param host the operating system; a test passes a fake one
    explicit Thumbnailer(servicekit::ServiceOptions options = {}, servicekit::EventHooks hooks = {},
                         const servicekit::os::Host& host = servicekit::os::posix_host());

protected:
    void on_load(servicekit::Settings& settings) override;

private:
    using Path = std::filesystem::path;

    /// Makes the thumbnails that are missing or out of date, with several workers.
    servicekit::Reply rescan(servicekit::Context& context);
    /// Sends a line for each thumbnail.
    servicekit::Reply list(servicekit::Context& context) const;
    servicekit::Reply purge(const servicekit::Arguments& arguments);
    /// Copies the thumbnails on a thread of its own, which sends the reply.
    servicekit::Reply copy(const Path& to, servicekit::Context& context);
    void copy_all(const Path& from, const Path& to, const servicekit::PendingReply& reply);

    std::mutex one_scan_;
    servicekit::Counter made_ = metrics().counter("made", "thumbnails that were made");
    servicekit::Counter failed_ = metrics().counter("failed", "images that could not be made smaller");
    servicekit::Text last_failure_ = metrics().text("last-failure", "why the last of them could not");
    servicekit::TimerHandle scan_ = every(std::chrono::seconds{10}, "scan", [this] { post("rescan"); });
    std::atomic<bool> is_copying_{false};
    std::jthread copier_;
};
