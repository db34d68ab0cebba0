// The service of example 01 without a class of its own: a plain Service, and functions.
#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

#include "../01_just_another_server/line_server.hpp"

namespace fs = std::filesystem;
using servicekit::Arguments, servicekit::Context, servicekit::ParameterType, servicekit::Reply, servicekit::Settings;

int main(int argc, char** argv) {
    LineServer server;
    std::uint16_t port = 0;
    fs::path data;

    servicekit::EventHooks hooks;
    hooks.on_load = [&](Settings& settings) {
        if (settings.is_client()) return;
        const auto app = settings.app();
        const auto wanted_port = app.get<std::uint16_t>("port", 0);
        const fs::path folder = app.get<std::string>("data-directory");
        server.greeting = std::make_shared<std::string>(app.get<std::string>("greeting", "hello"));
        if (server.port != 0) return;  // it runs: port and folder stay until the next start
        port = wanted_port;
        data = fs::absolute(folder);
    };
    hooks.on_start = [&] { server.start(port, data); };
    hooks.on_stop = [&] { server.stop(); };
    hooks.on_status = [&](Reply& reply) {
        reply.set("port", server.port.load()).set("connections", server.connections.load());
        reply.set("lines", server.lines.load());
    };

    servicekit::Service service{{.name = "own-events", .version = "1.0", .description = "keeps a journal of lines"},
                                std::move(hooks)};
    service.events().add({.name = "backup",
                          .description = "copies the journal",
                          .parameters = {{.name = "directory", .type = ParameterType::path, .description = "where to"}},
                          .handler = [&](const Arguments& arguments, Context& context) -> Reply {
                              const fs::path target = fs::path{arguments.get<std::string>("directory")} / "journal.log";
                              fs::create_directories(target.parent_path());
                              fs::copy_file(data / "journal.log", target.string() + ".new",
                                            fs::copy_options::overwrite_existing);
                              fs::rename(target.string() + ".new", target);
                              context.progress(1, 1, "journal.log");
                              return {{"files", 1}, {"bytes", fs::file_size(target)}};
                          }});
    return servicekit::service_main(argc, argv, service);
}
