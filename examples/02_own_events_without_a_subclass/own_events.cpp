// The service of example 01 without a class of its own: a plain Service, and functions.
#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

#include "../01_just_another_server/line_server.hpp"
#include "../back_up.hpp"

int main(int argc, char** argv) {
    LineServer server;
    std::uint16_t port = 0;
    std::filesystem::path data;

    servicekit::EventHooks hooks;
    hooks.on_load = [&](servicekit::Settings& settings) {
        if (settings.is_client()) return;
        const auto app = settings.app();
        app.allow_only({"port", "data-directory", "greeting"});
        const auto wanted_port = app.get<std::uint16_t>("port", 0);
        const std::filesystem::path directory = app.get<std::string>("data-directory");
        server.greeting = std::make_shared<std::string>(app.get<std::string>("greeting", "hello"));
        app.needs_restart({"port", "data-directory"});
        if (server.port != 0) return;  // it runs
        port = wanted_port;
        data = std::filesystem::absolute(directory);
    };
    hooks.on_start = [&] { server.start(port, data); };
    hooks.on_stop = [&] { server.stop(); };
    hooks.on_status = [&](servicekit::Reply& reply) {
        reply.set("port", server.port.load()).set("connections", server.connections.load());
        reply.set("lines", server.lines.load());
    };

    servicekit::Service service{{.name = "own-events", .version = "1.0", .description = "keeps a journal of lines"},
                                std::move(hooks)};
    service.events().add({.name = "backup",
                          .description = "copies the data directory",
                          .parameters = {{.name = "directory", .type = servicekit::ParameterType::path}},
                          .handler = [&](const auto& given, auto& context) { return back_up(data, given, context); }});
    return servicekit::service_main(argc, argv, service);
}
