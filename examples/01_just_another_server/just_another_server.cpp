// An application (line_server.hpp) that servicekit turns into a unix service.
#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

#include "line_server.hpp"

namespace fs = std::filesystem;
using servicekit::Arguments, servicekit::Context, servicekit::ParameterType, servicekit::Reply, servicekit::Settings;

template <class Server = LineServer>
class JustAnotherServer final : public servicekit::Service {
public:
    explicit JustAnotherServer(auto... arguments) : servicekit::Service(std::move(arguments)...) {
        events().add({.name = "backup",
                      .description = "copies the data folder",
                      .parameters = {{.name = "directory", .type = ParameterType::path, .description = "where to"}},
                      .handler = std::bind_front(&JustAnotherServer::back_up, this)});
    }

private:
    // Reads all of it before it keeps any of it: a configuration that is no good changes nothing.
    void on_load(Settings& settings) override {
        if (settings.is_client()) return;
        const auto app = settings.app();
        app.allow_only({"port", "data-directory", "greeting"});
        const auto port = app.get<std::uint16_t>("port", 0);
        const fs::path data = app.get<std::string>("data-directory");
        server_.greeting = std::make_shared<std::string>(app.get<std::string>("greeting", "hello"));
        if (state() != servicekit::ServiceState::loading) return;  // port and folder stay until the next start
        port_ = port;
        data_ = fs::absolute(data);
    }

    void on_start() override { server_.start(port_, data_); }
    void on_stop() override { server_.stop(); }
    void on_status(Reply& reply) override {
        reply.set("port", server_.port.load()).set("connections", server_.connections.load());
        reply.set("lines", server_.lines.load());
    }

    // Each file is whole at its place or absent: what an earlier backup left is lost only to a newer one.
    Reply back_up(const Arguments& arguments, Context& context) {
        const fs::path directory = arguments.get<std::string>("directory");
        std::vector<fs::path> files;
        for (const auto& entry : fs::recursive_directory_iterator(data_))
            if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), data_));
        std::uintmax_t bytes = 0;
        for (std::size_t done = 0; done < files.size();) {
            if (context.stop_token().stop_requested()) throw std::runtime_error("interrupted: the service stops");
            const fs::path target = directory / files[done];
            fs::create_directories(target.parent_path());
            fs::copy_file(data_ / files[done], target.string() + ".new", fs::copy_options::overwrite_existing);
            fs::rename(target.string() + ".new", target);
            bytes += fs::file_size(target);
            context.progress(++done, files.size(), target.filename().string());
        }
        return {{"files", files.size()}, {"bytes", bytes}};
    }

    Server server_;
    std::uint16_t port_ = 0;
    fs::path data_;
};

int main(int argc, char** argv) {
    return servicekit::service_main<JustAnotherServer<>>(argc, argv, {.name = "just-another-server", .version = "1.0"});
}
