// Measured by bench/control, bench/fairness, bench/scale, bench/start and bench/web: a plain service with one event that
// changes nothing, one that takes a list, one that logs, and one that hangs. BENCH_EVENTS is the number of further events, BENCH_CONNECTIONS
// the number of connections that it takes.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>

#include <servicekit/main.hpp>
#include <servicekit/policies.hpp>
#include <servicekit/service.hpp>

int main(int argc, char** argv) {
    servicekit::UnixSocketControl::Options control;
    if (const char* const most = std::getenv("BENCH_CONNECTIONS")) {
        control.max_connections = std::stoul(most);
        control.idle_timeout = std::chrono::hours{1};
    }
    servicekit::Service service{{.name = "bench-service", .version = "1.0"},
                                {},
                                servicekit::Service::Policies{.control = servicekit::UnixSocketControl{control}}};
    service.events().add({.name = "ping",
                          .description = "answers as status does, but by a handler on the event thread",
                          .handler =
                              [](const servicekit::Arguments&, servicekit::Context&) {
                                  return servicekit::Reply{{"text", std::string(150, 'x')}};
                              },
                          .read_only = true,
                          .needs = servicekit::ControlRole::read});
    service.events().add({.name = "hang",
                          .description = "does nothing until the service stops",
                          .handler = [](const servicekit::Arguments&, servicekit::Context& context) {
                              while (!context.stop_token().stop_requested())
                                  std::this_thread::sleep_for(std::chrono::milliseconds{10});
                              return servicekit::Reply{};
                          }});
    service.events().add(
        {.name = "take",
         .description = "counts the elements of a list, also while another event runs",
         .parameters = {{.name = "list", .type = servicekit::ParameterType::list}},
         .handler =
             [](const servicekit::Arguments& arguments, servicekit::Context&) {
                 return servicekit::Reply{{"elements", arguments.values().find("list")->as_list().size()}};
             },
         .concurrent = true});
    service.events().add({.name = "talk",
                          .description = "logs lines of 100 bytes as fast as it can",
                          .parameters = {{.name = "seconds", .type = servicekit::ParameterType::number, .minimum = 0}},
                          .handler = [&service](const servicekit::Arguments& arguments, servicekit::Context& context) {
                              const std::string text(100, 'x');
                              const std::chrono::duration<double> time{arguments.get<double>("seconds")};
                              const auto begun = std::chrono::steady_clock::now();
                              std::int64_t lines = 0;
                              while (std::chrono::steady_clock::now() - begun < time &&
                                     !context.stop_token().stop_requested()) {
                                  service.log().info(text);
                                  ++lines;
                              }
                              return servicekit::Reply{{"lines", lines}};
                          }});
    const char* const more = std::getenv("BENCH_EVENTS");
    for (int number = more != nullptr ? std::atoi(more) : 0; number > 0; --number)
        service.events().add(
            {.name = "event-" + std::to_string(number),
             .description = "one of many",
             .parameters = {{.name = "path", .description = "where", .default_value = "/tmp"}},
             .handler = [](const servicekit::Arguments&, servicekit::Context&) { return servicekit::Reply{}; }});
    return servicekit::service_main(argc, argv, service);
}
