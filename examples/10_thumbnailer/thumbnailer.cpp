#include "thumbnailer.hpp"

#include <servicekit/policies.hpp>  // for the constructor that takes a host

#include <atomic>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "replace_file.hpp"
#include "thumbnail.hpp"

namespace fs = std::filesystem;
using servicekit::Arguments, servicekit::Context, servicekit::ParameterType, servicekit::Reply;

void describe(servicekit::Schema<ThumbnailerConfig>& config) {
    using Config = ThumbnailerConfig;
    config.add("images", &Config::images, "the directory to watch", {.required = true});
    config.add("thumbnails", &Config::thumbnails, "where thumbnails go", {.required = true});
    config.add("interval", &Config::interval, "how often to look for new images", {.minimum = 0.01});
    config.add("workers", &Config::workers, "how many images are made smaller at a time",
               {.minimum = 1, .maximum = 64});
    config.add("width", &Config::width, "of a thumbnail, in pixels", {.minimum = 1});
    config.add("password", &Config::password, "what 'purge' asks for", {.secret = true});
}

Thumbnailer::Thumbnailer(servicekit::ServiceOptions options, servicekit::EventHooks hooks,
                         const servicekit::os::Host& host)
    : Configured{std::move(options), std::move(hooks), host} {
    events().add({.name = "rescan",
                  .description = "makes the thumbnails that are missing",
                  .handler = [this](const Arguments&, Context& context) { return rescan(context); },
                  .hangs_after = std::chrono::minutes{5},
                  .concurrent = true});
    events().add({.name = "list",
                  .description = "lists the thumbnails, one after the other",
                  .handler = [this](const Arguments&, Context& context) { return list(context); },
                  .read_only = true,
                  .concurrent = true});
    events().add({.name = "purge",
                  .description = "removes thumbnails",
                  .parameters = {{.name = "older-than",
                                  .type = ParameterType::integer,
                                  .description = "seconds",
                                  .default_value = 0,
                                  .minimum = 0},
                                 {.name = "password", .description = "as configured", .secret = true}},
                  .handler = [this](const Arguments& arguments, Context&) { return purge(arguments); }});
    events().add({.name = "copy",
                  .description = "copies the thumbnails",
                  .parameters = {{.name = "to", .type = ParameterType::path, .description = "the directory"}},
                  .handler = [this](const Arguments& arguments, Context& context) {
                      return copy(arguments.get<std::string>("to"), context);
                  }});
}

void Thumbnailer::on_load(servicekit::Settings& /*settings*/) { scan_.change(config().interval); }

Reply Thumbnailer::rescan(Context& context) {
    const std::unique_lock only{one_scan_, std::try_to_lock};
    if (!only) return {{"result", "another scan runs"}};
    const ThumbnailerConfig& now = config();
    fs::create_directories(now.thumbnails);
    std::vector<Path> stale;
    for (const auto& entry : fs::directory_iterator{now.images}) {
        const Path thumbnail = now.thumbnails / entry.path().filename();
        if (entry.path().extension() != ".ppm") continue;
        if (!fs::exists(thumbnail) || fs::last_write_time(thumbnail) < entry.last_write_time())
            stale.push_back(entry.path());
    }
    std::atomic<std::size_t> next{0};
    std::atomic<std::uint64_t> done{0};
    const auto work = [&] {
        for (std::size_t i = next++; i < stale.size() && !context.stop_token().stop_requested(); i = next++) {
            try {
                make_thumbnail(stale[i], now.thumbnails / stale[i].filename(), now.width);
                made_.add();
            } catch (const std::exception& error) {
                failed_.add();
                last_failure_.set(error.what());
                log().warning("{}", error.what());
            }
            context.progress(++done, stale.size(), stale[i].filename().string());
        }
    };
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < now.workers && i < stale.size(); ++i) threads.emplace_back(work);
    }
    return {{"images", done.load()}};
}

Reply Thumbnailer::list(Context& context) const {
    for (const auto& entry : fs::directory_iterator{config().thumbnails})
        if (!context.send({{"name", entry.path().filename().string()}, {"bytes", entry.file_size()}})) break;
    return {};
}

Reply Thumbnailer::copy(const Path& to, Context& context) {
    if (is_copying_.exchange(true)) throw servicekit::ErrorReply{"another copy runs"};
    try {
        copier_ = std::jthread{
            [this, from = config().thumbnails, to, reply = context.reply_later()] { copy_all(from, to, reply); }};
    } catch (...) {
        is_copying_ = false;
        throw;
    }
    return {};
}

void Thumbnailer::copy_all(const Path& from, const Path& to, const servicekit::PendingReply& reply) {
    try {
        fs::create_directories(to);
        std::uint64_t copied = 0;
        for (const auto& entry : fs::directory_iterator{from}) {
            if (reply.stop_token().stop_requested()) break;
            if (!fs::is_regular_file(entry.symlink_status())) continue;
            std::ifstream in{entry.path(), std::ios::binary};
            const std::string content{std::istreambuf_iterator<char>{in}, {}};
            if (!in) throw std::runtime_error{"cannot read " + entry.path().string()};
            replace_file(to / entry.path().filename(), content);
            reply.progress(++copied, 0, entry.path().filename().string());
        }
        is_copying_ = false;
        reply.succeed({{"copied", copied}});
    } catch (...) {
        is_copying_ = false;
        reply.fail(std::current_exception());
    }
}

Reply Thumbnailer::purge(const Arguments& arguments) {
    if (config().password.empty() || arguments.get<std::string>("password") != config().password)
        throw servicekit::ErrorReply{"wrong password", {}, "not-allowed"};
    const auto newest =
        fs::file_time_type::clock::now() - std::chrono::seconds{arguments.get<std::int64_t>("older-than")};
    std::uint64_t removed = 0;
    for (const auto& entry : fs::directory_iterator{config().thumbnails})
        if (entry.last_write_time() <= newest && fs::remove(entry.path())) ++removed;
    return {{"removed", removed}};
}
