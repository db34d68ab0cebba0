// Measured by bench/control, bench/fairness and bench/start: a plain service with one event that changes nothing.
// BENCH_EVENTS is the number of further events.
#include <cstdlib>
#include <string>

#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

int main(int argc, char** argv) {
    servicekit::Service service{{.name = "bench-service", .version = "1.0"}};
    service.events().add({.name = "ping",
                          .description = "answers as status does, but by a handler on the event thread",
                          .handler =
                              [](const servicekit::Arguments&, servicekit::Context&) {
                                  return servicekit::Reply{{"text", std::string(150, 'x')}};
                              },
                          .read_only = true,
                          .needs = servicekit::ControlRole::read});
    const char* const more = std::getenv("BENCH_EVENTS");
    for (int number = more != nullptr ? std::atoi(more) : 0; number > 0; --number)
        service.events().add(
            {.name = "event-" + std::to_string(number),
             .description = "one of many",
             .parameters = {{.name = "path", .description = "where", .default_value = "/tmp"}},
             .handler = [](const servicekit::Arguments&, servicekit::Context&) { return servicekit::Reply{}; }});
    return servicekit::service_main(argc, argv, service);
}
