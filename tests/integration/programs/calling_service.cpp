// A service whose handler calls another service, or itself.
#include <servicekit/client.hpp>
#include <servicekit/servicekit.hpp>

#include <string>

using servicekit::Arguments, servicekit::Context, servicekit::Object, servicekit::ParameterType, servicekit::Reply;

class CallingService final : public servicekit::Service {
public:
    CallingService() {
        events().add({.name = "relay",
                      .description = "calls an event of a service, and replies with its reply",
                      .parameters = {{.name = "to", .type = ParameterType::path},
                                     {.name = "event"},
                                     {.name = "arguments", .type = ParameterType::object, .default_value = Object{}}},
                      .handler = [](const Arguments& arguments, Context&) { return relay(arguments); }});
    }

private:
    static Reply relay(const Arguments& arguments) {
        const auto reply = servicekit::call(arguments.get<std::string>("to"), arguments.get<std::string>("event"),
                                            arguments.get<Object>("arguments"));
        if (!reply) throw servicekit::ErrorReply{reply.error().what(), {{"cause", reply.error().code()}}};
        return {{"relayed", *reply}};
    }
};

int main(int argc, char** argv) {
    return servicekit::service_main<CallingService>(argc, argv, {.name = "calling-service", .version = "1.0"});
}
