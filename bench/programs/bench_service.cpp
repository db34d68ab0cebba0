// What bench/control and bench/start measure: a plain service, with one event that changes nothing.
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
                          .read_only = true});
    return servicekit::service_main(argc, argv, service);
}
