#include "core/passed_descriptors.hpp"

#include <string_view>
#include <utility>

#include "core/stream_redirection.hpp"

namespace servicekit {
namespace {

/// What a socket unit calls the control socket (FileDescriptorName=); all others are the program's.
constexpr std::string_view control_socket_name = "control";

}  // namespace

std::optional<Error> PassedDescriptors::take_over_sockets() {
    auto passed = host_.service_manager->take_listen_sockets();
    if (!passed) return passed.error();
    for (os::ListenSocket& socket : *passed) {
        sockets_.push_back(socket.descriptor);
        if (socket.name != control_socket_name) {
            instance_.listen_sockets.push_back(std::move(socket));
        } else if (!control_socket_) {
            control_socket_ = socket.descriptor;
        } else {
            return Error{ExitCode::configuration, "take over the socket", socket.name,
                         "the service manager passes more than one of that name"};
        }
    }
    return std::nullopt;
}

std::optional<Error> PassedDescriptors::claim_ready(const Settings& settings) {
    const int descriptor = settings.get(setting::ready_fd);
    if (descriptor == 0 || ready_) return std::nullopt;
    if (auto error = claim(descriptor, "report readiness on")) return error;
    ready_ = descriptor;
    instance_.deployment.keep_descriptors.push_back(descriptor);
    return std::nullopt;
}

std::optional<Error> PassedDescriptors::claim_named(const Settings& settings) {
    for (const auto& descriptor : {os::named_descriptor(instance_.deployment.log_file),
                                   StreamRedirection::descriptor_of(os::Stream::out, settings),
                                   StreamRedirection::descriptor_of(os::Stream::error, settings)}) {
        if (!descriptor) continue;
        instance_.deployment.keep_descriptors.push_back(*descriptor);
        constexpr int last_stream = 2;
        if (*descriptor <= last_stream) continue;
        // Later the number may be that of a file of the service's own.
        if (auto error = claim(*descriptor, "write to")) return error;
    }
    return std::nullopt;
}

std::optional<Error> PassedDescriptors::claim(int descriptor, const char* action) {
    const auto claimed = host_.inherited->claim_for_writing(descriptor);
    if (claimed) return std::nullopt;
    Error error = claimed.error();
    error.exit_code = ExitCode::configuration;
    error.action = action;
    return error;
}

void PassedDescriptors::report_ready() {
    const auto descriptor = std::exchange(ready_, std::nullopt);
    if (!descriptor) return;
    // The reader may have gone, which is no reason to end.
    if (const auto told = host_.inherited->write_and_close(*descriptor, "\n"); !told)
        log_.warning(told.error().message());
}

void PassedDescriptors::close_ready() noexcept {
    if (const auto descriptor = std::exchange(ready_, std::nullopt)) host_.inherited->close(*descriptor);
}

}  // namespace servicekit
