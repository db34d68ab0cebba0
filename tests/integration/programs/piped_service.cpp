// A service whose log goes to a program: to splice-keeper, which writes to the file that $KEPT_FILE names.
#include <cstdlib>
#include <string>
#include <utility>

#include <servicekit/basic_service.hpp>
#include <servicekit/main.hpp>
#include <servicekit/policies/control/unix_socket_control.hpp>
#include <servicekit/policies/daemon/forking_daemon.hpp>
#include <servicekit/policies/lock/pid_file_lock.hpp>
#include <servicekit/policies/log/pipe_log.hpp>

using servicekit::Arguments, servicekit::Context, servicekit::ParameterType, servicekit::PipeLog, servicekit::Reply;

namespace {

using Base = servicekit::BasicService<servicekit::ForkingDaemon, servicekit::PidFileLock, PipeLog,
                                      servicekit::UnixSocketControl>;

PipeLog::Options keeper() {
    const char* const file = std::getenv("KEPT_FILE");
    return {.command = {"splice-keeper", file != nullptr ? file : "/dev/null"}};
}

}  // namespace

class PipedService final : public Base {
public:
    explicit PipedService(servicekit::ServiceOptions options)
        : Base{std::move(options), {}, Policies{.log = PipeLog{keeper()}}} {
        events().add({.name = "write",
                      .parameters = {{.name = "lines", .type = ParameterType::integer}},
                      .handler = [this](const Arguments& arguments, Context&) {
                          const auto lines = arguments.get<std::int64_t>("lines");
                          for (std::int64_t number = 0; number < lines; ++number)
                              log().info("line " + std::to_string(number));
                          return Reply{};
                      }});
    }
};

int main(int argc, char** argv) {
    return servicekit::service_main<PipedService>(argc, argv, {.name = "piped-service", .version = "1.0"});
}
